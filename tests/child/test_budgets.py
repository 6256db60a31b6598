"""Configurations of child trainings and their learning rates."""

from __future__ import annotations

import itertools
import json

import pytest
import torch

from paper_nas.child import (
    BUDGETS,
    CIFAR10_FINAL,
    CIFAR10_SHARED,
    DIGITS,
    SHARED_CONFIGS,
    Budget,
    SharedConfig,
)
from paper_nas.child.budgets import Recipe, learning_rate


@pytest.mark.parametrize(
    ("recipe", "epoch", "lowest"), [(CIFAR10_FINAL, 500, 0.001), (CIFAR10_SHARED, 352, 0.0005)]
)
def test_the_published_schedule(recipe: Recipe, epoch: int, lowest: float) -> None:
    """310 epochs are cycles of 10, 20, 40, 80 and 160; the rate changes by epoch."""
    assert recipe.steps == 310 * epoch
    rates = [learning_rate(recipe, step) for step in range(0, recipe.steps, epoch)]
    assert [e for e, rate in enumerate(rates) if rate == 0.05] == [0, 10, 30, 70, 150]
    assert learning_rate(recipe, epoch - 1) == 0.05
    rises = [e for e, (a, b) in enumerate(itertools.pairwise(rates), 1) if b > a]
    assert rises == [10, 30, 70, 150]
    assert rates[5] == pytest.approx((0.05 + lowest) / 2)
    assert lowest < rates[-1] < lowest + 1e-5


@pytest.mark.parametrize(("recipe", "factor"), [(CIFAR10_FINAL, 2e-4), (CIFAR10_SHARED, 2.5e-4)])
def test_the_published_weight_decay(recipe: Recipe, factor: float) -> None:
    """The released loss holds ``factor`` times a sum of squares; PyTorch wants its gradient's."""
    weight = torch.tensor(3.0, requires_grad=True)
    (factor * weight.square()).backward()
    assert weight.grad is not None
    assert recipe.weight_decay * 3.0 == pytest.approx(float(weight.grad))


def test_digits_have_one_cycle_by_step() -> None:
    rates = [learning_rate(DIGITS, step) for step in range(DIGITS.steps)]
    assert rates[0] == DIGITS.learning_rate
    assert all(a > b for a, b in itertools.pairwise(rates))
    assert rates[-1] == pytest.approx(DIGITS.final_learning_rate, rel=0.02)


@pytest.mark.parametrize("config", [*BUDGETS.values(), *SHARED_CONFIGS.values()])
def test_json_gives_the_configuration_again(config: Recipe) -> None:
    text = json.dumps(config.to_json_dict())
    assert type(config).from_json_dict(json.loads(text)) == config
    with pytest.raises(ValueError, match="unknown fields"):
        type(config).from_json_dict({"step": 3})
    assert config.changed(steps=7).steps == 7


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0),
        ("channels", 3),
        ("batch_size", 0),
        ("record_every", 0),
        ("cycle_steps", 0),
        ("learning_rate", 1e-9),
        ("learning_rate", float("inf")),
        ("momentum", 1.0),
        ("keep_probability", 0.0),
        ("weight_decay", -1e-4),
        ("noise", float("nan")),
        ("clip", 0.0),
    ],
)
def test_values_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        Budget(**{field: value})
    with pytest.raises(ValueError, match="skip_probability"):
        SharedConfig(skip_probability=1.5)
