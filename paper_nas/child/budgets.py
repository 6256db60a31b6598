"""How child networks are trained: frozen configurations, and presets.

Sources: the CIFAR-10 presets are enas_child_network_spec, "Search training" and "Final training";
the digits presets are measured_facts section 2.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self


@dataclass(frozen=True)
class Recipe:
    """Optimisation by stochastic gradient descent with Nesterov momentum.

    Attributes:
        channels: Channels of the stem, even.
        steps: Gradient steps.
        batch_size: Images per step; a rest at the end of an epoch is left out.
        learning_rate: Rate at the start of each cosine cycle.
        final_learning_rate: Rate that each cycle falls to.
        cycle_steps: Steps of the first cycle (``None``: one cycle over all steps).
        cycle_factor: How many times as long as a cycle the next one is.
        rate_interval: Steps for which a rate is held; the steps of an epoch make it change by
            epoch.
        momentum: In [0, 1).
        weight_decay: In PyTorch's terms (twice the factor of a sum of squares in the loss), on all
            parameters.
        clip: Largest norm of the gradient (``None``: no clipping).
        noise: Standard deviation of the Gaussian noise: fresh on each training batch, fixed on
            validation and test images.
        augment: Pad, crop and mirror the training images.
        keep_probability: Of the dropout before the classifier.
        record_every: Steps between two records of the history.

    Raises:
        ValueError: A value out of range.
    """

    channels: int = 16
    steps: int = 150
    batch_size: int = 64
    learning_rate: float = 0.05
    final_learning_rate: float = 0.0005
    cycle_steps: int | None = None
    cycle_factor: int = 2
    rate_interval: int = 1
    momentum: float = 0.9
    weight_decay: float = 2e-4
    clip: float | None = 5.0
    noise: float = 0.2
    augment: bool = False
    keep_probability: float = 0.9
    record_every: int = 50

    def __post_init__(self) -> None:
        """Check the values."""
        counts = ("channels", "steps", "batch_size", "cycle_factor", "rate_interval")
        for name in (*counts, "record_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.cycle_steps is not None and self.cycle_steps < 1:
            raise ValueError(f"cycle_steps must be at least 1, not {self.cycle_steps}")
        if self.channels % 2:
            raise ValueError(f"channels must be even, not {self.channels}")
        if not 0.0 <= self.final_learning_rate <= self.learning_rate < math.inf:
            raise ValueError(
                f"the rate falls from learning_rate to final_learning_rate, not from "
                f"{self.learning_rate} to {self.final_learning_rate}"
            )
        if not 0.0 <= self.momentum < 1.0:
            raise ValueError(f"momentum must be in [0, 1), not {self.momentum}")
        if not 0.0 < self.keep_probability <= 1.0:
            raise ValueError(f"keep_probability must be in (0, 1], not {self.keep_probability}")
        for name in ("weight_decay", "noise"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must not be negative: {getattr(self, name)}")
        if self.clip is not None and not self.clip > 0.0:
            raise ValueError(f"clip must be positive or None, not {self.clip}")

    def to_json_dict(self) -> dict[str, Any]:
        """All values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_json_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_json_dict`.

        Raises:
            ValueError: A name that is no field.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown fields of {cls.__name__}: {sorted(unknown)}")
        return cls(**values)

    def changed(self, **values: Any) -> Self:
        """A copy with some values changed."""
        return replace(self, **values)


@dataclass(frozen=True)
class Budget(Recipe):
    """How one architecture is trained alone.

    Attributes:
        released_quirk: Build separable convolutions as plain ones, as the released code does.
        watch: Evaluate the validation part at each record (the test part if there is none).
    """

    released_quirk: bool = False
    watch: bool = False


@dataclass(frozen=True)
class SharedConfig(Recipe):
    """How the shared network is trained: one architecture per step, uniformly drawn.

    Attributes:
        num_layers: Layers of every architecture.
        skip_probability: Probability of each skip; operations are uniform.
    """

    num_layers: int = 6
    skip_probability: float = 0.5

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        if not 0.0 <= self.skip_probability <= 1.0:
            raise ValueError(f"skip_probability must be in [0, 1], not {self.skip_probability}")


def learning_rate(recipe: Recipe, step: int) -> float:
    """Rate of one step (from 0): a cosine with warm restarts.

    >>> recipe = Recipe(steps=30, cycle_steps=10, learning_rate=1.0, final_learning_rate=0.0)
    >>> [round(learning_rate(recipe, step), 3) for step in (0, 5, 9, 10, 20, 29)]
    [1.0, 0.5, 0.024, 1.0, 0.5, 0.006]
    """
    position = step // recipe.rate_interval * recipe.rate_interval
    length = recipe.steps if recipe.cycle_steps is None else recipe.cycle_steps
    while position >= length:
        position -= length
        length *= recipe.cycle_factor
    share = 0.5 * (1.0 + math.cos(math.pi * position / length))
    return recipe.final_learning_rate + share * (recipe.learning_rate - recipe.final_learning_rate)


DIGITS = Budget()
"""One architecture on digits: seconds on one core."""

DIGITS_SHARED = SharedConfig(steps=1_000)
"""The shared network on digits: under a minute on one core."""

_EPOCHS = 10 + 20 + 40 + 80 + 160
_SEARCH_EPOCH = math.ceil(45_000 / 128)
_FINAL_EPOCH = 50_000 // 100

CIFAR10_SHARED = SharedConfig(
    channels=36,
    steps=_EPOCHS * _SEARCH_EPOCH,
    batch_size=128,
    cycle_steps=10 * _SEARCH_EPOCH,
    rate_interval=_SEARCH_EPOCH,
    weight_decay=2 * 2.5e-4,
    clip=None,
    noise=0.0,
    augment=True,
    record_every=_SEARCH_EPOCH,
)
"""ENAS's search training on CIFAR-10, with uniformly drawn architectures for its controller's."""

CIFAR10_FINAL = Budget(
    channels=96,
    steps=_EPOCHS * _FINAL_EPOCH,
    batch_size=100,
    final_learning_rate=0.001,
    cycle_steps=10 * _FINAL_EPOCH,
    rate_interval=_FINAL_EPOCH,
    weight_decay=2 * 2e-4,
    clip=None,
    noise=0.0,
    augment=True,
    keep_probability=0.5,
    record_every=_FINAL_EPOCH,
    watch=True,
)
"""ENAS's final training on CIFAR-10, for ``load_images("cifar10", split="final")``.

Its clipping is a no-op, so there is none here. For the released networks set ``released_quirk``.
"""

BUDGETS: dict[str, Budget] = {"digits": DIGITS, "cifar10-final": CIFAR10_FINAL}
"""Named budgets of single architectures."""

SHARED_CONFIGS: dict[str, SharedConfig] = {"digits": DIGITS_SHARED, "cifar10": CIFAR10_SHARED}
"""Named configurations of the shared network."""
