"""The loop, and every strategy through what all must satisfy."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paper_nas.artifacts import ResultDamaged
from paper_nas.oracles import Oracle
from paper_nas.search import (
    STRATEGIES,
    UNDECODABLE,
    SearchBudget,
    StartSet,
    Trial,
    decode,
    encode,
    make_strategy,
    run_search,
    summarise,
)
from paper_nas.space import Architecture
from paper_nas.training import CheckpointMismatch
from tests.search.samples import (
    SPACE,
    TARGET,
    DistanceOracle,
    ExactCode,
    FailingOracle,
    NanOracle,
    score,
    settings_of,
    start_set,
)

BUDGET = SearchBudget(4, 12)


def search(
    name: str,
    oracle: Oracle | None = None,
    budget: SearchBudget = BUDGET,
    directory: Path | None = None,
    seed: int = 3,
    **settings: Any,
) -> Trial:
    return run_search(
        name, oracle or DistanceOracle(), budget, seed, start_set(), directory,
        progress=False, **{**settings_of(name), **settings},
    )  # fmt: skip


def rows(trial: Trial) -> list[tuple[Any, ...]]:
    """Everything about the evaluations, comparable bit by bit."""
    return [
        (
            e.round, e.architecture,
            None if e.proposal.latent is None else e.proposal.latent.tobytes(),
            repr(e.proposal.mean), repr(e.proposal.sd), repr(e.score), e.source, e.new_pattern,
        )
        for e in trial.evaluations
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(STRATEGIES))
class TestEveryStrategy:
    def test_fills_its_budget_with_new_architectures(self, name: str) -> None:
        trial = search(name)
        found = [e.architecture for e in trial.evaluations]
        assert len(found) == len(set(found)) == BUDGET.rounds * BUDGET.batch
        assert not set(found) & set(start_set().architectures)
        assert [r["evaluations"] for r in trial.rounds] == [BUDGET.batch] * BUDGET.rounds
        assert [e.score for e in trial.evaluations] == [score(a) for a in found if a]

    def test_resumes_to_the_same_numbers(self, name: str, tmp_path: Path) -> None:
        whole = search(name)
        with pytest.raises(RuntimeError, match="no more"):
            search(name, FailingOracle(2), directory=tmp_path)
        oracle = DistanceOracle()
        assert rows(search(name, oracle, directory=tmp_path)) == rows(whole)
        assert oracle.calls == 2 * BUDGET.batch  # the first two rounds were not asked again

    def test_the_seed_decides(self, name: str) -> None:
        assert rows(search(name)) == rows(search(name))
        assert rows(search(name)) != rows(search(name, seed=4))

    def test_survives_nan(self, name: str) -> None:
        trial = search(name, NanOracle())
        assert len(trial.evaluations) == BUDGET.rounds * BUDGET.batch
        summary = summarise(trial)
        assert summary["failed"] == len(trial.evaluations) // 2
        assert math.isfinite(summary["best"])


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - {"random", "latent-random"}))
def test_beats_random_search(name: str) -> None:
    """Over five seeds, on a target that is far from the start set."""
    means = {
        which: np.mean([search(which, seed=s).scores()[-12:].mean() for s in range(5)])
        for which in (name, "random")
    }
    assert means[name] > means["random"] + 1.0


def test_bayesian_optimisation_finds_the_target() -> None:
    for name in ("latent-bo-mutations", "boosting-bo", "local"):
        trial = search(name, budget=SearchBudget(10, 12))
        assert trial.top(1)[0].architecture == TARGET


def test_a_failing_oracle_says_where(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        search("random", FailingOracle(1), directory=tmp_path)
    assert caught.value.__notes__ == ["in round 2 of random; the rounds before it are kept"]
    assert [path.name for path in tmp_path.iterdir()] == ["round-001"]


def test_a_round_that_was_cut_off_is_not_seen(tmp_path: Path) -> None:
    search("random", budget=SearchBudget(2, 12), directory=tmp_path)
    cut = tmp_path / ".round-003.77.tmp"
    cut.mkdir()
    (cut / "state.json").write_text("{")
    assert rows(search("random", directory=tmp_path)) == rows(search("random"))


def test_more_rounds_go_on_from_a_finished_search(tmp_path: Path) -> None:
    search("evolution", budget=SearchBudget(2, 12), directory=tmp_path)
    longer = search("evolution", budget=SearchBudget(5, 12), directory=tmp_path)
    assert rows(longer) == rows(search("evolution", budget=SearchBudget(5, 12)))


def test_another_search_is_not_continued(tmp_path: Path) -> None:
    search("random", budget=SearchBudget(1, 12), directory=tmp_path)
    with pytest.raises(CheckpointMismatch, match="another seed"):
        search("random", directory=tmp_path, seed=9)
    with pytest.raises(CheckpointMismatch, match="another strategy"):
        search("local", directory=tmp_path)


def test_other_weights_are_another_search(tmp_path: Path) -> None:
    search("latent-random", budget=SearchBudget(1, 12), directory=tmp_path)
    model = ExactCode()
    model.weight.data += 1
    with pytest.raises(CheckpointMismatch, match="another settings"):
        search("latent-random", directory=tmp_path, model=model)


def test_a_damaged_checkpoint_names_the_folder(tmp_path: Path) -> None:
    search("random", budget=SearchBudget(1, 12), directory=tmp_path)
    (tmp_path / "round-001" / "state.json").write_text("{")
    with pytest.raises(ResultDamaged, match="remove"):
        search("random", directory=tmp_path)


@pytest.mark.parametrize("name", ["latent-bo", "latent-random"])
def test_a_decoder_that_gives_no_valid_graph(name: str) -> None:
    trial = search(name, model=ExactCode("invalid"))
    assert {e.source for e in trial.evaluations} == {UNDECODABLE}
    summary = summarise(trial)
    assert summary["undecodable"] == summary["evaluations"] == BUDGET.rounds * BUDGET.batch
    assert summary["best"] is None
    assert summary["architectures"] == 0


def test_undecodable_latents_are_told_the_worst_score() -> None:
    strategy = make_strategy(
        "latent-bo", **{**settings_of("latent-bo"), "model": ExactCode("invalid")}
    )
    start = start_set()
    run_search(strategy, DistanceOracle(), SearchBudget(1, 12), 0, start, progress=False)
    assert strategy.values[-12:].tolist() == [start.scores.min()] * 12
    assert len(strategy.known) == len(start)


@pytest.mark.parametrize("name", ["latent-bo", "latent-random"])
def test_latents_that_decode_to_one_architecture(name: str) -> None:
    once = search(name, model=ExactCode("constant"))
    assert [e.architecture for e in once.evaluations] == [TARGET]
    assert once.exhausted
    again = search(name, model=ExactCode("constant"), repeats=True)
    assert [e.architecture for e in again.evaluations] == [TARGET] * 48
    assert summarise(again)["architectures"] == 1


def test_a_latent_with_a_known_architecture_becomes_a_free_point() -> None:
    strategy = make_strategy("latent-random", model=ExactCode())
    start = StartSet(
        "half", SPACE.sample(1200, seed=0), np.array([score(a) for a in SPACE.sample(1200, seed=0)])
    )
    trial = run_search(strategy, DistanceOracle(), SearchBudget(1, 20), 0, start, progress=False)
    free = trial.rounds[0]["remarks"]["already known"]
    assert free > 5
    assert len(strategy.points) == len(start) + 20 + free
    found = decode(strategy.model, strategy.points, 3)
    assert strategy.values.tolist() == [score(a) for a in found if a]


def test_the_most_frequent_decode_and_the_first() -> None:
    code = encode(ExactCode(), [TARGET])
    noisy = ExactCode(jitter=0.3)
    frequent = [decode(noisy, code, 3, "most-frequent", seed)[0] for seed in range(40)]
    first = [decode(noisy, code, 3, "first-valid", seed)[0] for seed in range(40)]
    assert frequent.count(TARGET) >= 39
    assert 15 < first.count(TARGET) < 38
    assert decode(ExactCode("invalid"), code, 3, "first-valid") == [None]
    assert decode(ExactCode(), code, 4) == [None]
    with pytest.raises(ValueError, match="most-frequent"):
        decode(noisy, code, 3, "mode")


def test_a_fresh_refit_differs_from_a_warm_one() -> None:
    warm, fresh = (search("latent-bo", refit=refit) for refit in ("warm", "fresh"))
    assert rows(warm)[:12] == rows(fresh)[:12]
    assert rows(warm) != rows(fresh)


def test_what_was_predicted_is_kept_in_the_units_of_the_score() -> None:
    trial = search("latent-bo-mutations", budget=SearchBudget(5, 12))
    late = [e for e in trial.evaluations if e.round > 2]
    gap = np.array([e.proposal.mean - e.score for e in late])
    assert np.abs(gap).mean() < 2.0
    assert all(e.proposal.sd > 0 for e in late)


def test_an_exhausted_space_ends_the_search(tmp_path: Path) -> None:
    everything = [Architecture((o,), ()) for o in range(6)]
    start = StartSet("all but one", everything[:5], np.arange(5.0))

    class Names(DistanceOracle):
        def __init__(self) -> None:
            super().__init__()
            self.num_layers = 1

        def _score(self, architectures: list[Architecture]) -> Any:
            return super()._score(
                [Architecture(a.operations * 3, (0, 0, 0)) for a in architectures]
            )

    for name in ("random", "evolution", "local", "boosting-bo"):
        trial = run_search(
            name, Names(), SearchBudget(3, 4), 0, start, progress=False, **settings_of(name)
        )
        assert [e.architecture for e in trial.evaluations] == everything[5:]
        assert trial.exhausted


def test_evolution_lets_the_oldest_die() -> None:
    strategy = make_strategy("evolution", population=20, sample=5)
    run_search(strategy, DistanceOracle(), SearchBudget(2, 12), 0, start_set(), progress=False)
    assert len(strategy.population) == 20
    assert not set(list(strategy.population)[-24:]) & set(start_set().architectures)


def test_unfit_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="no strategy"):
        make_strategy("grid")
    with pytest.raises(ValueError, match="takes a model"):
        make_strategy("latent-bo")
    with pytest.raises(ValueError, match="takes no model"):
        make_strategy("random", model=ExactCode())
    with pytest.raises(ValueError, match="size"):
        make_strategy("evolution", size=3)
    with pytest.raises(ValueError, match="sample"):
        make_strategy("evolution", population=3, sample=4)
    for setting in ("refit", "incumbent", "batch_variance", "decode"):
        with pytest.raises(ValueError, match="never"):
            make_strategy("latent-bo", model=ExactCode(), **{setting: "never"})
    with pytest.raises(ValueError, match="nothing"):
        SearchBudget(0, 5)
    with pytest.raises(ValueError, match="not finite"):
        StartSet("bad", [TARGET], np.array([math.nan]))
    with pytest.raises(ValueError, match="equally many"):
        StartSet("bad", [TARGET, Architecture((0,), ())], np.zeros(2))
    with pytest.raises(ValueError, match="scores"):
        StartSet("bad", [], np.zeros(0))
