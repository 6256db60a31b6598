"""The plan of the arms: what it holds, and what each arm means for a training."""

from __future__ import annotations

import math

import pytest
import torch

from paper_nas.arms import (
    CODE_ARMS,
    DATA_ARMS,
    MAP_TILTS,
    MAP_WEIGHTS,
    PAIR,
    PAIRED_SEEDS,
    SCALES,
    Arm,
    DataArm,
    arm_config,
    planned_arms,
    shuffled_operations,
)
from paper_nas.config import TrainingConfig
from paper_nas.training import fresh_model

PLAN = list(planned_arms())
TABLE = [[float(10 * row + column) for column in range(3)] for row in range(8)]
UNIFORM = DATA_ARMS["uniform"]


def config_of(arm: Arm) -> TrainingConfig:
    return arm_config(arm, TABLE if arm.source else None)


def test_no_training_is_planned_twice_and_names_differ() -> None:
    assert len(set(PLAN)) == len(PLAN) == len({arm.name for arm in PLAN})


@pytest.mark.parametrize("data", DATA_ARMS.values(), ids=DATA_ARMS)
def test_every_code_is_planned_for_every_kind_of_data(data: DataArm) -> None:
    there = {(arm.code, arm.scale, arm.seed) for arm in PLAN if arm.data == data}
    assert {(c, "matched", s) for c in PAIR for s in range(PAIRED_SEEDS)} <= there
    for code in set(CODE_ARMS) - {"four-iterations"}:
        assert {(code, scale, 0) for scale in SCALES} <= there
    assert ("four-iterations", "matched", 1) in there


def test_the_map_has_all_its_cells() -> None:
    cells = {(arm.data.tilt, arm.data.label_weight) for arm in PLAN if arm.code == "embedding"}
    assert {(tilt, weight) for tilt in MAP_TILTS for weight in MAP_WEIGHTS} <= cells


def test_a_table_is_learned_before_it_is_taken() -> None:
    for place, arm in enumerate(PLAN):
        assert arm.source is None or PLAN.index(arm.source) < place
    with pytest.raises(ValueError, match="needs a table"):
        arm_config(Arm(UNIFORM, "shuffled-table", "matched", 0))
    with pytest.raises(ValueError, match="takes no table"):
        arm_config(Arm(UNIFORM, "embedding", "matched", 0), TABLE)


@pytest.mark.parametrize("code", CODE_ARMS)
def test_published_codes_have_no_factor_and_matched_ones_one_norm(code: str) -> None:
    assert config_of(Arm(UNIFORM, code, "published", 0)).operation_scale == 1.0
    norms = []
    for seed in range(40):
        arm = Arm(UNIFORM, code, "matched", seed)
        table = fresh_model(CODE_ARMS[code].model, config_of(arm)).operations.table()
        norms.append(float(table.detach().square().sum(1).mean()))
    if not CODE_ARMS[code].table:  # which keeps the factor that it was learned with
        assert math.sqrt(sum(norms) / len(norms)) == pytest.approx(20.0, rel=0.12)


def test_codes_change_nothing_but_the_table() -> None:
    first, second = (config_of(Arm(UNIFORM, c, "matched", 3)) for c in ("embedding", "frozen"))
    assert second == first.changed(learn_table=False)
    told = config_of(Arm(DATA_ARMS["labelled"], "embedding", "matched", 3))
    assert told == first.changed(label_weight=4.0)
    shuffled = config_of(Arm(UNIFORM, "shuffled-table", "matched", 3))
    model = fresh_model("dvae-emb", shuffled)
    assert torch.allclose(model.operations.table(), shuffled.operation_scale * torch.tensor(TABLE))


def test_shuffling_leaves_no_operation_its_row_and_the_ends_theirs() -> None:
    for seed in range(30):
        rows = shuffled_operations(TABLE, seed)
        assert rows[:2] == tuple(map(tuple, TABLE[:2]))
        assert sorted(rows) == sorted(map(tuple, TABLE))
        assert all(new != tuple(old) for new, old in zip(rows[2:], TABLE[2:], strict=True))
    assert len({shuffled_operations(TABLE, seed) for seed in range(30)}) > 10
