"""Stored trials, figures of a trial, and tables over trials."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.search import (
    UNDECODABLE,
    Evaluation,
    Proposal,
    SearchBudget,
    Trial,
    best_of_trials,
    read_trial,
    run_search,
    search_rows,
    stored_trials,
    summarise,
    trial_name,
    write_trial,
)
from paper_nas.search.store import search_rows_as_text
from paper_nas.space import Architecture
from tests.search.samples import DistanceOracle, settings_of, start_set

MANIFEST = Manifest("a command", {}, 0, {"name": "made-up", "sha256": "0"}, 1.0, 1.0)


def evaluated(
    number: int, skips: tuple[int, ...], score: float, source: str = "exact", new: bool = True
) -> Evaluation:
    return Evaluation(number, Proposal(Architecture((0, 1, 2), skips)), score, source, new)


def made_up(*evaluations: Evaluation, seed: int = 0, best: float = 0.5) -> Trial:
    start = {"best": best, "worst": 0.0}
    rounds = [{"round": 1, "cpu_seconds": 2.0}, {"round": 2, "cpu_seconds": 3.0}]
    return Trial(
        "random", {}, "distance", SearchBudget(2, 4), seed, start, list(evaluations), rounds
    )


def test_a_trial_in_figures() -> None:
    trial = made_up(
        evaluated(1, (0, 0, 0), 0.5),  # as good as the best of the start
        evaluated(1, (0, 0, 1), 0.6, "fitted"),
        evaluated(1, (0, 1, 0), 0.9, new=False),  # a pattern of the start set
        Evaluation(1, Proposal(None), math.nan, UNDECODABLE, False),
        evaluated(2, (0, 0, 0), 0.5),
        evaluated(2, (1, 1, 1), 0.49),
        evaluated(2, (1, 0, 1), math.nan),
        evaluated(2, (1, 1, 0), 0.95, "fitted"),
    )
    summary = summarise(trial)
    assert summary["evaluations"] == 8
    assert summary["undecodable"] == summary["failed"] == 1
    assert summary["architectures"] == summary["patterns"] == 6
    assert (summary["best"], summary["best_exact"]) == (0.95, 0.9)
    assert summary["new_patterns"] == {"exact": 1, "fitted": 2}
    assert summary["mean_last_round"] == pytest.approx((0.5 + 0.49 + 0.95) / 3)
    assert summary["cpu_seconds"] == 5.0
    assert trial.best_so_far().tolist() == [0.5, 0.6, 0.9, 0.9, 0.9, 0.9, 0.9, 0.95]
    assert trial.best_so_far(exact=True).tolist() == [0.5, 0.5, *[0.9] * 6]
    top = [(e.architecture.skips, e.round) for e in trial.top(4) if e.architecture]
    assert top == [((1, 1, 0), 2), ((0, 1, 0), 1), ((0, 0, 1), 1), ((0, 0, 0), 1)]


def test_a_trial_without_any_score() -> None:
    trial = made_up(Evaluation(1, Proposal(None), math.nan, UNDECODABLE, False))
    summary = summarise(trial)
    assert summary["best"] is None
    assert summary["mean_last_round"] is None
    assert trial.top(3) == []
    assert np.isneginf(trial.best_so_far()).all()


def test_a_trial_survives_storing(tmp_path: Path) -> None:
    trial = run_search(
        "latent-bo", DistanceOracle(), SearchBudget(2, 6), 1, start_set(), progress=False,
        **settings_of("latent-bo"),
    )  # fmt: skip
    store, name = ResultStore(tmp_path), trial_name("hard", "latent-bo_dvae", 1)
    write_trial(store, name, trial, MANIFEST, reference=0.0)
    back = read_trial(store, name)
    assert back.identity() == json.loads(json.dumps(trial.identity()))
    assert back.rounds == json.loads(json.dumps(trial.rounds))
    for ours, theirs in zip(trial.evaluations, back.evaluations, strict=True):
        assert (ours.round, ours.architecture, ours.score) == (
            theirs.round, theirs.architecture, theirs.score,
        )  # fmt: skip
        assert (ours.source, ours.new_pattern) == (theirs.source, theirs.new_pattern)
        assert theirs.proposal.latent == pytest.approx(ours.proposal.latent, abs=2e-3)
        assert theirs.proposal.mean == pytest.approx(ours.proposal.mean, rel=1e-5, nan_ok=True)
    assert list(back.table()["score"]) == trial.scores().tolist()
    write_trial(store, name, trial, MANIFEST, latents=False)
    assert read_trial(store, name).evaluations[0].proposal.latent is None


def test_no_row_of_the_start_set_is_stored(tmp_path: Path) -> None:
    start = start_set()
    trial = run_search("random", DistanceOracle(), SearchBudget(2, 6), 1, start, progress=False)
    store, name = ResultStore(tmp_path), trial_name("hard", "random", 1)
    write_trial(store, name, trial, MANIFEST)
    found = {e.architecture for e in read_trial(store, name).evaluations}
    assert not found & set(start.architectures)
    text = (tmp_path / name / "trial.json").read_text()
    assert not any(str(architecture) in text for architecture in start.architectures)


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    store = ResultStore(tmp_path)
    for seed, scores in enumerate([(0.1, 0.4, 0.3, 0.6), (0.2, 0.2, 0.8, 0.7)]):
        rows = [evaluated(1, (0, seed, i % 2), s) for i, s in enumerate(scores)]
        rows[3] = replace(rows[3], source="fitted")
        trial = made_up(*rows, seed=seed)
        write_trial(store, trial_name("hard", "random", seed), trial, MANIFEST, reference=1.0)
    write_trial(
        store, trial_name("paper", "local", 0), made_up(evaluated(1, (0,) * 3, 0.3)), MANIFEST
    )
    return store


def test_rows_over_trials(store: ResultStore) -> None:
    assert [(t.setting, t.label, t.seed, t.reference) for t in stored_trials(store)] == [
        ("hard", "random", 0, 1.0), ("hard", "random", 1, 1.0), ("paper", "local", 0, None),
    ]  # fmt: skip
    rows = search_rows(store, "hard", points=(2, 3, 9))
    assert [row["evaluations"] for row in rows] == [2, 3, 4]
    last = rows[-1]
    assert (last["best"], last["mean_best"], last["median_best"]) == pytest.approx((0.8, 0.7, 0.7))
    assert (last["best_exact"], last["mean_best_exact"]) == pytest.approx((0.8, 0.6))
    assert rows[0]["mean_best"] == pytest.approx(0.3)
    assert last["sd_best"] == pytest.approx(np.std([0.6, 0.8], ddof=1))
    assert set(last["results"]) == {"search/hard/random_seed-0", "search/hard/random_seed-1"}
    assert last["results"]["search/hard/random_seed-0"]["command"] == "a command"
    assert json.dumps(search_rows(store), allow_nan=False)
    assert "random" in search_rows_as_text(rows)


def test_what_has_no_exact_score_yet_is_left_open(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    trial = made_up(evaluated(1, (0, 0, 0), 0.4, "fitted"), evaluated(1, (0, 0, 1), 0.3))
    write_trial(store, trial_name("hard", "random", 0), trial, MANIFEST)
    first, second = search_rows(store, points=(1,))
    assert first["mean_best_exact"] is None
    assert (second["mean_best"], second["mean_best_exact"]) == (0.4, 0.3)
    assert " - " in search_rows_as_text([first]).replace("\n", " ")


def test_the_best_of_all_trials(store: ResultStore) -> None:
    best = best_of_trials(store, "hard", "random", 3)
    assert [e.score for e in best] == [0.8, 0.7, 0.6]
    assert best_of_trials(store, "hard", "local") == []
