"""The published winners as networks, and trainings of their wiring."""

from __future__ import annotations

from pathlib import Path

import pytest

from paper_nas.child import canonical
from paper_nas.oracles import read_winners
from paper_nas.search import (
    Evaluation,
    Proposal,
    autopsy_groups,
    fold_winners,
    judge_autopsy,
    run_autopsy,
)
from paper_nas.search.autopsy import poolings, size_of
from paper_nas.search.top import train_top
from paper_nas.space import Architecture
from tests.child.samples import tiny_images
from tests.oracles.samples import BUDGET

WIRING = tuple(map(int, "001100101000010"))


def test_winners_fold_to_few_networks() -> None:
    folded = fold_winners()
    assert sum(n.listings for n in folded) == len(read_winners()) == 14
    assert len({n.architecture for n in folded}) == len(folded) == 8
    assert all(canonical(n.architecture) == n.architecture for n in folded)
    # measured_facts 1c: five accuracies of one network, two of another
    spread = sorted((len(n.accuracies), n.accuracies) for n in folded)[-2:]
    assert spread[0] == (2, (0.9524, 0.9546))
    assert sorted(spread[1][1]) == [0.9501, 0.9502, 0.9509, 0.9517, 0.9521]
    by_model = {m: [n.poolings for n in folded if m in n.models] for m in ("D-VAE", "DVAE-EMB")}
    assert min(by_model["D-VAE"]) >= 2 > max(by_model["DVAE-EMB"])


def test_groups_share_a_wiring_and_differ_in_operations() -> None:
    groups = autopsy_groups()
    everything = [a for members in groups.values() for a in members]
    assert {a.skips for a in everything} == {WIRING}
    assert len(set(everything)) == len(everything)
    assert len(groups["D-VAE"]) == 3
    assert len(groups["DVAE-EMB"]) == 4
    sizes = sorted(size_of(a) for a in groups["DVAE-EMB"])
    alike = groups["random, as large as DVAE-EMB"]
    middle = (sizes[1] + sizes[2]) / 2
    assert len(alike) == 6
    assert all(poolings(a) and abs(size_of(a) / middle - 1) < 0.05 for a in alike)
    assert not any(poolings(a) for a in groups["random convolutions"])
    assert groups == autopsy_groups()
    assert groups["random"] != autopsy_groups(seed=1)["random"]


def test_trainings_of_groups_are_resumed(tmp_path: Path) -> None:
    first = Architecture((0, 5, 2), (1, 0, 1))
    groups = {"DVAE-EMB": [first, Architecture((2, 2, 2), (1, 0, 1))], "random": [first]}
    images, path = tiny_images(), tmp_path / "labels.jsonl"
    rows = run_autopsy(groups, path, seeds=2, budget=BUDGET, images=images)
    assert [row["group"] for row in rows] == ["DVAE-EMB", "DVAE-EMB", "random"]
    assert rows[0]["score"] == rows[2]["score"]
    assert len(set(rows[0]["score"])) == 2
    written = path.read_text()
    assert run_autopsy(groups, path, seeds=2, budget=BUDGET, images=images) == rows
    assert path.read_text() == written
    assert rows[0]["poolings"] == 1


def test_the_judgement() -> None:
    def row(group: str, name: str, pools: int, size: int, score: float) -> dict[str, object]:
        return {
            "group": group, "architecture": name, "poolings": pools, "parameters": size,
            "score": [score - 0.1, score + 0.1],
        }  # fmt: skip

    rows = [row("DVAE-EMB", f"e{i}", 0, 90 + i, 3.0 + i / 10) for i in range(4)]
    rows += [row("D-VAE", f"d{i}", 3, 50 + i, 1.0 + i / 10) for i in range(4)]
    verdict = judge_autopsy(rows)
    assert verdict["groups"] == pytest.approx({"DVAE-EMB": 3.15, "D-VAE": 1.15})
    assert verdict["comparisons"]["D-VAE"]["p"] == pytest.approx(2 / 70)
    assert verdict["poolings"] < -0.8
    assert verdict["parameters"] > 0.9


def test_the_best_of_each_method_are_trained_once(tmp_path: Path) -> None:
    shared, other = Architecture((0, 5, 2), (1, 0, 1)), Architecture((2, 2, 2), (1, 0, 1))
    found = [
        Evaluation(1, Proposal(a), s, "fitted", True) for a, s in ((shared, 0.7), (other, 0.6))
    ]
    top = {"local": found, "random": found[:1]}
    rows = train_top(top, tiny_images(), BUDGET, 2, tmp_path)
    assert [(r["method"], r["rank"], r["found"]) for r in rows] == [
        ("local", 1, 0.7), ("local", 2, 0.6), ("random", 1, 0.7),
    ]  # fmt: skip
    assert rows[0]["test_accuracy"] == rows[2]["test_accuracy"]
    assert len(rows[0]["score"]) == 2
    assert len(list(tmp_path.iterdir())) == 4
    assert train_top(top, tiny_images(), BUDGET, 2, tmp_path) == rows
