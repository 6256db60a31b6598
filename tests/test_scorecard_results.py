"""Lines of the scorecard fill themselves as results arrive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from paper_nas import scorecard
from paper_nas.artifacts import Manifest, ResultDamaged, ResultStore
from paper_nas.paper_numbers import PaperNumbers, load_paper_numbers
from paper_nas.scorecard import Evidence
from paper_nas.scorecard.trials import SEARCHES, better_search, compared, next_search
from paper_nas.scorecard.verdicts import (
    FEWEST_TRIALS,
    MISSING,
    NOT,
    PARTLY,
    REPRODUCED,
)
from paper_nas.search import write_trial
from tests.scorecard_samples import (
    DATA,
    HARD,
    evaluate,
    line_of,
    predict,
    search,
    store_trials,
    trial_of,
)


@pytest.fixture(scope="module")
def paper() -> PaperNumbers:
    return load_paper_numbers()


def test_a_number_fills_itself_and_says_on_how_many_trainings(
    tmp_path: Path, paper: PaperNumbers
) -> None:
    store, key = ResultStore(tmp_path), "table1.dvae.accuracy"
    empty = line_of(store, paper, key).finding
    assert empty.verdict == MISSING
    assert "train dvae" in empty.command
    evaluate(store, "dvae", 0, 0.999)
    first = line_of(store, paper, key).finding
    assert (first.in_words, first.difference) == (f"{REPRODUCED}, one seed", "-0.06")
    assert set(first.results) == {f"{k}/dvae_fast-128_seed-0" for k in ("training", "evaluation")}
    evaluate(store, "dvae", 1, 0.997)
    second = line_of(store, paper, key).finding
    assert (second.in_words, second.seeds) == (REPRODUCED, 2)
    assert second.ours == "99.80 ± 0.14"
    evaluate(store, "dvae", 0, 0.5, preset="fast")  # one training at another preset changes nothing
    assert line_of(store, paper, key).finding.ours == second.ours


def test_an_unfinished_training_is_not_held_against_a_number(
    tmp_path: Path, paper: PaperNumbers
) -> None:
    store = ResultStore(tmp_path)
    for model, loss in (("gcn", 0.5), ("gcn-emb", 0.01)):
        evaluate(store, model, 0, 0.6, loss)
    lines = {line.key: line.finding for line in scorecard.scorecard(store, paper)}
    waiting = lines["table1.gcn.accuracy"]
    assert waiting.verdict == MISSING
    assert (waiting.ours, waiting.difference) == ("60.00", "-38.70")  # shown all the same
    assert "not finished" in waiting.note
    assert "--preset fast --seed 0" in waiting.command
    assert lines["table1.gcn.validity"].difference == "+0.47"  # near, and as little a finding
    assert lines["table1.gcn.validity"].verdict == MISSING
    assert lines["table1.gcn_emb.accuracy"].verdict == NOT
    assert lines["table1.gcn_emb.validity"].verdict == REPRODUCED
    prior = {part.words.split(":")[0]: part.holds for part in lines["table1.prior"].parts}
    assert prior == {"GCN": None, "GCN-EMB": False}
    evaluate(store, "gcn", 1, 0.6, 0.5)
    evaluate(store, "gcn-emb", 1, 0.6)
    opened = line_of(store, paper, "table1.reason").finding
    assert {p.holds for p in opened.parts if p.stored} == {None}
    evaluate(store, "gcn", 0, 0.99, preset="fast")  # a longer training takes the line over
    assert line_of(store, paper, "table1.gcn.accuracy").finding.verdict == REPRODUCED


def test_trainings_with_the_paper_s_iterations_stand_beside(
    tmp_path: Path, paper: PaperNumbers
) -> None:
    store, key = ResultStore(tmp_path), "table1.dvae_emb.accuracy"
    evaluate(store, "dvae-emb", 0, 0.999)
    assert "T = 4, as in the paper, not stored" in line_of(store, paper, key).finding.note
    evaluate(store, "dvae-emb", 0, 0.115, 2.7, iterations=4)
    found = line_of(store, paper, key).finding
    assert "with T = 4, as in the paper: 11.5 (1 training, ends at 2.7 nats)" in found.note
    assert found.ours == "99.90"
    used_here = line_of(store, paper, "model.iterations.dvae_emb").finding
    assert (used_here.verdict, used_here.ours) == (PARTLY, "1, 4")


def test_a_claim_about_models_fills_itself(tmp_path: Path, paper: PaperNumbers) -> None:
    store, key = ResultStore(tmp_path), "table1.reason"
    for model, base in (("dvae", 0.90), ("dvae-emb", 0.95)):
        for seed in (0, 1):
            evaluate(store, model, seed, base + 0.001 * seed)
    assert line_of(store, paper, key).finding.verdict == MISSING  # the GCN models are missing
    for model, base in (("gcn", 0.80), ("gcn-emb", 0.70)):
        for seed in (0, 1):
            evaluate(store, model, seed, base + 0.001 * seed)
    found = line_of(store, paper, key).finding
    assert found.verdict == PARTLY
    assert [part.holds for part in found.parts] == [True, False, True, False]
    assert found.seeds == 2


def test_table_2_is_compared_by_the_paper_s_estimator(tmp_path: Path, paper: PaperNumbers) -> None:
    store, key = ResultStore(tmp_path), "table2.dvae.rmse"
    predict(store, "dvae", "collapsed", 0.384)
    waiting = line_of(store, paper, key).finding
    assert waiting.verdict == MISSING
    assert "0.384" in waiting.note
    predict(store, "dvae", "released", 0.400)
    found = line_of(store, paper, key).finding
    assert (found.in_words, found.difference) == (f"{REPRODUCED}, one seed", "+0.016")
    assert line_of(store, paper, "table2.inducing_points").finding.verdict == REPRODUCED
    repeats = line_of(store, paper, "table2.repeats").finding
    assert (repeats.verdict, repeats.ours) == (NOT, "2")


SCORES = [0.740, 0.741, 0.742, 0.743, 0.744]
MORE = [score + 0.005 for score in SCORES]


def test_a_claim_about_searches_needs_trials_and_a_difference(
    tmp_path: Path, paper: PaperNumbers
) -> None:
    store = ResultStore(tmp_path)
    search(store, "random", SCORES)
    search(store, "local", MORE)
    search(store, "evolution", SCORES)
    search(store, "latent-random", SCORES[:2])
    evidence = Evidence(store, paper)

    def holds(old: str, new: str) -> bool | None:
        return better_search(evidence, "hard", old, new).holds

    assert holds("random", "local") is True
    assert holds("local", "random") is False
    assert holds("random", "evolution") is False
    assert holds("random", "latent-random") is None
    assert better_search(evidence, "hard", "random", SEARCHES[0]).stored is False
    few = compared("x", {"": [0.0] * (FEWEST_TRIALS - 1)}, {"": [1.0] * 9}, ["a"])
    assert few.holds is None


def test_two_models_are_not_compared_by_searches_with_one_training_of_each(
    tmp_path: Path, paper: PaperNumbers
) -> None:
    store, old, new = ResultStore(tmp_path), *SEARCHES
    search(store, "random", SCORES)
    search(store, old, SCORES, "dvae_fast-128_seed-0")
    search(store, new, MORE, "dvae-emb_fast-128_seed-0")
    evidence = Evidence(store, paper)
    alone = better_search(evidence, "hard", "random", new)
    assert (alone.holds, alone.seeds) == (True, 1)  # a rival without a model; one seed is admitted
    pair = better_search(evidence, "hard", old, new)
    assert (pair.holds, pair.seeds) == (None, 1)
    assert pair.words.endswith("one training of each: not judged")
    assert "--model dvae --training dvae_fast-128_seed-1 --setting hard" in next_search(
        evidence, settings=("hard",)
    )
    search(store, f"{old}_fast-128-1", SCORES, "dvae_fast-128_seed-1")
    search(store, f"{new}_as-released", SCORES, "dvae-emb_fast-128_seed-0")  # another method
    evidence = Evidence(store, paper)
    assert len(evidence.trials["hard", old]) == 10
    assert len(evidence.trials["hard", new]) == 5
    pair = better_search(evidence, "hard", old, new)
    assert (pair.holds, pair.seeds) == (None, 1)
    assert "2 and 1 trainings: not judged" in pair.words
    assert "--training dvae-emb_fast-128_seed-1" in next_search(evidence, settings=("hard",))
    search(store, f"{new}_fast-128-1", [x + 1e-5 for x in MORE], "dvae-emb_fast-128_seed-1")
    pair = better_search(Evidence(store, paper), "hard", old, new)
    assert (pair.holds, pair.seeds) == (True, 2)


def test_trials_do_not_stand_in_for_trainings() -> None:
    """A hundred trials differ for sure, while the trainings they rest on do not."""
    old = {"a": [0.0] * 50, "b": [1.0] * 50}
    new = {"c": [0.5] * 50, "d": [1.5] * 50}
    found = compared("x", old, new, ["r"])
    assert "p < 0.01" in found.words
    assert (found.holds, found.seeds) == (False, 2)


def test_what_the_best_share_is_read_off_the_trials(tmp_path: Path, paper: PaperNumbers) -> None:
    store = ResultStore(tmp_path)
    store_trials(store)
    lines = {line.key: line.finding for line in scorecard.scorecard(store, paper)}
    assert [part.holds for part in lines["search.patterns"].parts] == [False, True]
    assert lines["search.patterns"].verdict == PARTLY
    for key, holds in (("search.operations", True), ("search.diversity", True),
                       ("search.smoother", True), ("search.better", False)):  # fmt: skip
        assert [part.holds for part in lines[key].parts] == [holds, None], key  # no digits yet
        assert lines[key].verdict == MISSING
    abstract = lines["abstract.patterns"].parts
    assert [part.holds for part in abstract] == [True, True, None, None]
    assert "needs the data" in abstract[-1].words
    assert lines["search.rounds"].verdict == lines["search.batch"].verdict == NOT


def test_steps_of_the_search_are_read_off_the_trials(tmp_path: Path, paper: PaperNumbers) -> None:
    for refit, verdict in (("warm", PARTLY), ("fresh", REPRODUCED)):
        store = ResultStore(tmp_path / refit)
        store_trials(store, refit, trainings=1)
        lines = {line.key: line.finding for line in scorecard.scorecard(store, paper)}
        assert lines["search.retrained"].verdict == verdict
        assert lines["search.acquisition"].verdict == REPRODUCED
        assert lines["search.scores"].verdict == REPRODUCED  # all of these are exact
    assert "0 of 8 trials" not in lines["search.retrained"].ours
    trial = replace(trial_of(0, False, (0, 1), "fresh"), strategy="random", oracle="surrogate")
    settings = {"rounds": 1, "batch": 130, "training": "dvae_fast-128_seed-0"}
    manifest = Manifest("python -m paper_nas search", settings, 9, DATA, 1.0, 1.0)
    write_trial(store, f"{HARD}/{SEARCHES[0]}_seed-9", trial, manifest)
    lines = {line.key: line.finding for line in scorecard.scorecard(store, paper)}
    for key in ("search.acquisition", "search.scores", "search.retrained"):
        fully = key == "search.retrained"  # the odd one is refitted as well
        assert lines[key].verdict == (REPRODUCED if fully else PARTLY), key
    elsewhere = replace(manifest, dataset={"name": "enas-digits"})
    only = ResultStore(tmp_path / "digits")
    write_trial(only, f"search/digits/{SEARCHES[0]}_seed-0", trial, elsewhere)
    assert line_of(only, paper, "search.scores").finding.verdict == MISSING


def test_a_damaged_result_is_not_reported_on(tmp_path: Path, paper: PaperNumbers) -> None:
    store = ResultStore(tmp_path)
    evaluate(store, "dvae", 0, 0.999)
    file = tmp_path / "evaluation" / "dvae_fast-128_seed-0" / "evaluation.json"
    file.write_text(file.read_text().replace("0.999", "0.777"))
    with pytest.raises(ResultDamaged, match="SHA-256"):
        scorecard.scorecard(store, paper)
