"""The stored arms put together, on records whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paper_nas import arms, figures
from paper_nas.arms import DATA_ARMS, PAIRED_SEEDS, Arm, DataArm
from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.paper_numbers import load_paper_numbers
from tests.conftest import ROOT

UNIFORM = DATA_ARMS["uniform"]


def record(rmse: float, table: Any = None, losses: tuple[float, ...] = (9.0, 2.5)) -> dict:
    return {"prediction": {"rmse": rmse, "pearson": 0.5},
            "training": {"reconstruction": list(losses), "table": table}}  # fmt: skip


def records_with(gaps: dict[str, list[float]]) -> dict[Arm, dict]:
    return {
        Arm(DATA_ARMS[data], code, "matched", seed): record(0.5 + 0.1 * seed + add * gap)
        for data, values in gaps.items()
        for seed, gap in enumerate(values)
        for code, add in (("one-hot", 0), ("embedding", 1))
    }


def test_the_primary_outcome_pairs_seeds_and_waits_for_all() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.003, PAIRED_SEEDS)
    gaps = {"uniform": list(noise), "tilted": list(noise + 0.05), "labelled": list(noise - 0.05)}
    records = records_with(gaps)
    rows = arms.primary_outcome(records)
    assert [row.verdict for row in rows] == ["equivalent", "worse", "better"]
    assert rows[1].gaps == pytest.approx(gaps["tilted"])
    assert rows[1].found.mean == pytest.approx(np.mean(gaps["tilted"]))
    raw = arms.paired_difference(np.zeros(PAIRED_SEEDS), gaps["tilted"])
    assert rows[1].p_difference is not None
    assert rows[1].p_difference > raw.p_difference
    del records[Arm(UNIFORM, "embedding", "matched", 4)]
    rows = arms.primary_outcome(records)
    assert {(row.p_difference, row.p_equivalence, row.verdict) for row in rows} == {(None,) * 3}
    assert rows[0].found.pairs == PAIRED_SEEDS - 1
    assert arms.primary_outcome({}) == []


def test_gaps_leave_out_what_was_never_reached() -> None:
    records = records_with({"uniform": [0.1, 0.1]})
    slow = Arm(UNIFORM, "embedding", "matched", 1)
    records[slow] = record(0.7, losses=(9.0, 8.0))
    assert arms.paired_gaps(records, UNIFORM, "epochs to 3 nats") == {0: 0}
    assert set(arms.paired_gaps(records, UNIFORM)) == {0, 1}


def test_the_map_is_of_its_cells() -> None:
    cell = DataArm(arms.MAP_TILTS[1], arms.MAP_WEIGHTS[2])
    records = {Arm(cell, "one-hot", "matched", 0): record(0.5),
               Arm(cell, "embedding", "matched", 0): record(0.4)}  # fmt: skip
    cells = arms.gap_map(records)
    assert cells[1, 2] == pytest.approx(-0.1)
    assert np.isnan(cells).sum() == cells.size - 1
    figure = figures.gap_map("map", cells, ["a", "b", "c"], ["x", "y", "z"], "gaps")
    assert figure.data[0].text[1][2] == "-0.100"
    assert "b, z: -0.100" in figure.layout.meta["alt"]
    assert "a, x: not stored" in figure.layout.meta["alt"]


def test_a_table_that_follows_the_effects_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(2).normal(size=(8, 3))
    effects = np.linalg.norm(points[2:, None] - points[None, 2:], axis=2)
    monkeypatch.setattr("paper_nas.arms.outcomes.operation_distances", lambda: effects)
    records = {Arm(UNIFORM, "embedding", "matched", 3): record(0.5, points.tolist())}
    matches = arms.table_matches(records, UNIFORM)
    assert matches.keys() == {3}
    assert matches[3].spearman == pytest.approx(1.0)


def test_differences_are_drawn_with_their_margin() -> None:
    figure = figures.paired_differences(
        "gaps", {"uniform": [0.01, -0.02]}, {"uniform": (-0.005, -0.03, 0.02)}, 0.013, "RMSE"
    )
    assert "mean -0.0050, 95 % interval -0.0300 to +0.0200, 2 seeds" in figure.layout.meta["alt"]
    assert [figure.layout.shapes[0].x0, figure.layout.shapes[0].x1] == [-0.013, 0.013]
    assert figure.data[-1].error_x.array == (0.025,)


def test_stored_arms_are_those_of_the_plan_with_todays_settings(tmp_path: Path) -> None:
    store, arm = ResultStore(tmp_path), Arm(UNIFORM, "embedding", "matched", 0)
    old = Arm(UNIFORM, "one-hot", "matched", 0)
    settings = arms.arm_settings(arm, arms.arm_config(arm))
    manifest = Manifest("python -m paper_nas arms", settings, 0, {"name": "x"}, 1.0, 1.0)
    for name in (arm.name, "arms/stray"):
        content = record(0.5, [[0.0, 1.0, 2.0]] * 8)
        store.write(name, manifest, json_files={arms.RECORD: content})
    changed = replace(manifest, configuration=arms.arm_settings(old, arms.arm_config(arm)))
    store.write(old.name, changed, json_files={arms.RECORD: record(0.5)})
    assert set(arms.stored_arms(store)) == {arm}


def test_restarts_wait_for_all_four() -> None:
    records = {Arm(UNIFORM, "embedding", "matched", seed): record(0.4 + 0.1 * seed)
               for seed in range(4)}  # fmt: skip
    records[Arm(UNIFORM, "four-iterations", "matched", 1)] = record(0.9)
    assert arms.restarts_against_iterations(records, UNIFORM) == {1: (0.9, pytest.approx(0.55))}
    del records[Arm(UNIFORM, "embedding", "matched", 3)]
    assert arms.restarts_against_iterations(records, UNIFORM) == {}


def test_the_margin_is_the_papers_gap_and_the_plan_says_so() -> None:
    paper = load_paper_numbers()
    gap = paper["table2.dvae.rmse"].value - paper["table2.dvae_emb.rmse"].value
    assert pytest.approx(gap) == arms.MARGIN
    assert f"± {arms.MARGIN}" in (ROOT / "book" / "preregistration.md").read_text(encoding="utf-8")
