"""The scorecard: a line for every entry, a rule for every verdict, something behind each."""

from __future__ import annotations

import json
import pydoc
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from paper_nas import __main__ as cli
from paper_nas import figures, scorecard
from paper_nas.artifacts import Manifest, ResultDamaged, ResultStore
from paper_nas.config import PRESETS
from paper_nas.datasets import load_dataset
from paper_nas.paper_numbers import QUOTED, Claim, PaperNumber, PaperNumbers, load_paper_numbers
from paper_nas.scorecard import DECIDED, SECTIONS, TOLERANCES, VERDICTS, Evidence, Line
from paper_nas.scorecard.searches import better_search, compared
from paper_nas.scorecard.verdicts import (
    FEWEST_TRIALS,
    MISSING,
    MOST_PARTS,
    NOT,
    PARTLY,
    REPRODUCED,
    UNTESTABLE,
    Part,
    gain_part,
    judge_number,
    judge_parts,
    judged,
    used,
)
from paper_nas.search import Evaluation, Proposal, SearchBudget, Trial, write_trial
from paper_nas.space import Architecture, EnasSpace
from tests.conftest import ROOT
from tests.samples import tiny_dataset

DATA = {"name": "enas-cifar10"}
HARD = "search/hard"


@pytest.fixture(scope="module")
def paper() -> PaperNumbers:
    return load_paper_numbers()


@pytest.fixture(scope="module")
def committed(paper: PaperNumbers) -> list[Line]:
    """The scorecard of the committed results, without the data."""
    return scorecard.scorecard(ResultStore(), paper)


def line_of(store: ResultStore, paper: PaperNumbers, key: str) -> Line:
    return {line.key: line for line in scorecard.scorecard(store, paper)}[key]


# ---- nothing is missing, and nothing hangs in the air -------------------------------------------


def test_every_entry_of_the_file_has_one_line(committed: list[Line], paper: PaperNumbers) -> None:
    keys = [line.key for line in committed]
    assert sorted(keys) == sorted([*paper.numbers, *paper.claims])
    for line in committed:
        assert line.quote
        assert line.label
        assert (line.kind == "claim") <= (line.key in paper.claims)
        assert (ROOT / "notebooks" / f"{line.chapter}.md").is_file(), line.key


@pytest.mark.parametrize("part", ["numbers", "claims"])
def test_an_entry_without_a_line_is_refused(tmp_path: Path, paper: PaperNumbers, part: str) -> None:
    new = {"numbers": PaperNumber(1.0, "", "here", "1"), "claims": Claim("here", "so")}[part]
    more = replace(paper, **{part: {**getattr(paper, part), "new.entry": new}})
    with pytest.raises(ValueError, match=r"new\.entry.*SECTIONS"):
        scorecard.scorecard(ResultStore(tmp_path), more)
    fewer = replace(paper, claims={k: c for k, c in paper.claims.items() if k != "search.better"})
    with pytest.raises(ValueError, match=r"search\.better"):
        scorecard.scorecard(ResultStore(tmp_path), fewer)


def stands(lines: list[Line], store: ResultStore) -> list[str]:
    """Lines whose verdict has nothing behind it."""
    wrong = []
    for line in lines:
        found = line.finding
        assert found.verdict in VERDICTS
        if found.verdict == UNTESTABLE:
            complete = len(found.note) > 20
        elif found.verdict == MISSING:
            complete = bool(found.command)
        elif found.results:
            complete = set(found.results) <= set(store.names())
        else:
            complete = bool(found.live) and pydoc.locate(found.live) is not None
        if not complete or (found.verdict in DECIDED and not (found.ours and found.command)):
            wrong.append(line.key)
    return wrong


def test_every_verdict_has_something_behind_it(committed: list[Line]) -> None:
    store = ResultStore()
    assert stands(committed, store) == []
    claimed = replace(
        committed[0].finding, verdict=REPRODUCED, results=(), live="paper_nas.no.such.thing"
    )
    bad = replace(committed[0], finding=claimed)
    assert stands([bad], store) == [committed[0].key]
    used_results = {name for line in committed if line.finding.verdict in DECIDED
                    for name in line.finding.results}  # fmt: skip
    assert len(used_results) > 20
    for name in used_results:
        for file in store.manifest(name).files:
            assert store.path(name, file).is_file()  # and has the checksum of the manifest


def test_with_the_data_more_can_be_said(
    committed: list[Line], paper: PaperNumbers, enas_cifar10_data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PAPER_NAS_DATA", str(enas_cifar10_data))
    store = ResultStore()
    lines = scorecard.scorecard(store, paper, load_dataset("enas-cifar10"))
    assert stands(lines, store) == []
    verdicts = {line.key: line.finding.verdict for line in lines}
    before = {line.key: line.finding.verdict for line in committed}
    changed = {key for key in verdicts if verdicts[key] != before[key]}
    assert changed >= {"data.architectures", "figure7.pearson", "figure8.pearson"}
    assert {before[key] for key in changed} == {MISSING}
    assert verdicts["figure7.pearson"] == verdicts["figure8.pearson"] == REPRODUCED
    assert verdicts["data.architectures"] == verdicts["properties.groups"] == REPRODUCED
    # Released_code_spec section 11: the path length falls back in the top group.
    assert verdicts["properties.monotone"] == PARTLY
    assert verdicts["table2.unit"] == NOT


def test_other_data_than_the_paper_s_are_refused(paper: PaperNumbers) -> None:
    with pytest.raises(ValueError, match="tiny"):
        scorecard.scorecard(ResultStore(), paper, tiny_dataset())


def test_full_trainings_are_not_claimed(committed: list[Line]) -> None:
    there = {line.key: line for line in committed if line.finding.verdict == UNTESTABLE}
    accuracies = {key for key in there if key.startswith(("figure5.", "figure6."))}
    assert len(accuracies) == 10
    for key in accuracies:
        assert "GPU" in there[key].finding.note
        assert "search-top" in there[key].finding.command


def test_commands_are_commands(committed: list[Line]) -> None:
    """What a reader is told to run can be run: the command line understands it."""
    parser = cli._parser()
    wanted = {line.finding.command for line in committed} - {""}
    assert len(wanted) > 20
    for text in wanted:
        for command in text.split(" && "):
            words = [w for w in shlex.split(command) if not w.startswith("PAPER_NAS_DATA=")]
            assert words[:3] == ["python", "-m", "paper_nas"], text
            parser.parse_args(words[3:])


# ---- the rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.42], REPRODUCED),  # within the tolerance of .05
        ([0.43], PARTLY),
        ([0.52], PARTLY),  # within three tolerances
        ([0.53], NOT),
        ([0.40, 0.48], REPRODUCED),  # off by .07, twice the spread is .11
        ([0.20, 0.90], PARTLY),  # off by .18: so wide a spread confirms nothing
        ([0.60, 0.61, 0.62], NOT),
    ],
)
def test_a_number_is_judged_by_tolerance_and_spread(values: list[float], verdict: str) -> None:
    assert judge_number(0.37, values, "rmse") == verdict
    assert judge_number(0.37, [0.74 - value for value in values], "rmse") == verdict


@pytest.mark.parametrize(
    ("holds", "whole", "verdict"),
    [
        ([True, True], True, REPRODUCED),
        ([True, True], False, PARTLY),
        ([True, False], True, PARTLY),
        ([False], True, NOT),
        ([False, False], False, NOT),
        ([True, None], True, MISSING),
        ([False, None], True, MISSING),
        ([True, False, None], True, PARTLY),  # whatever comes, it stays so
        ([], True, MISSING),
    ],
)
def test_a_claim_is_judged_when_nothing_can_change_it(
    holds: list[bool | None], whole: bool, verdict: str
) -> None:
    assert judge_parts(holds, whole) == verdict
    found = judged(*(Part("so", part, ("training/x",), 2) for part in holds), whole=whole)
    assert found.verdict == verdict


def test_one_training_is_admitted_and_judges_no_difference() -> None:
    alone = gain_part("new over old", [1.0], [3.0, 3.1])
    assert (alone.holds, alone.seeds) == (None, 1)
    several = gain_part("new over old", [1.0, 1.2], [3.0, 3.2], results=["training/x"])
    assert (several.holds, several.seeds, several.results) == (True, 2, ("training/x",))
    assert gain_part("new over old", [1.0, 1.2], [3.0, 3.2], less_is_better=True).holds is False
    assert gain_part("new over old", [], [1.0]).stored is False
    single = judged(Part("so", True, (), 1), Part("so", True, (), 3))
    assert single.in_words == f"{REPRODUCED}, one seed"
    assert judged(Part("so", True, (), 3)).in_words == REPRODUCED
    assert judged(Part("so", None, (), 1)).in_words == MISSING  # nothing is claimed yet


def test_a_setting_is_used_by_all_by_some_or_by_none() -> None:
    number = PaperNumber(300.0, "epochs", "section 4", "for 300 epochs")
    assert used(number, [300.0, 300.0]).verdict == REPRODUCED
    assert used(number, [300.0, 40.0]).verdict == PARTLY
    found = used(number, [40.0, 40.0])
    assert (found.verdict, found.ours, found.difference) == (NOT, "40", "-260")


def test_many_statements_are_counted_and_few_are_written_out() -> None:
    few = judged(Part("a", True), Part("b", False))
    assert few.ours == "yes: a; no: b"
    many = judged(*[Part("a", True)] * 3, *[Part("b", False)] * 3)
    assert MOST_PARTS < 6
    assert many.ours == "3 of 6 statements hold"
    some = judged(Part("a", True), Part("b", None, stored=False))
    assert some.ours == "yes: a; 1 of 2 not stored yet"


def test_the_arguments_for_the_tolerances_quote_the_paper_rightly(paper: PaperNumbers) -> None:
    def gap(first: str, second: str, digits: int) -> str:
        value = abs(paper[first].value - paper[second].value)
        return f"{value:.{digits}f}".lstrip("0")

    accuracy = gap("table1.dvae.accuracy", "table1.gcn.accuracy", 2)
    assert accuracy in TOLERANCES["share"].why
    uniqueness = gap("table1.dvae_emb.uniqueness", "table1.dvae.uniqueness", 2)
    assert uniqueness in TOLERANCES["uniqueness"].why
    for kind in ("rmse", "pearson"):
        between = gap(f"table2.dvae.{kind}", f"table2.svae.{kind}", 3)
        assert between in TOLERANCES[kind].why
        assert TOLERANCES[kind].reach == pytest.approx(float(between) / 2, abs=0.005)


# ---- results arrive ------------------------------------------------------------------------------


def evaluate(
    store: ResultStore, model: str, seed: int, accuracy: float, loss: float = 0.01,
    preset: str = "fast-128",
) -> None:  # fmt: skip
    """Store a training and its evaluation."""
    config = PRESETS[preset].changed(seed=seed).to_json_dict()
    name = f"{model}_{preset}_seed-{seed}"
    train = Manifest("python -m paper_nas train", {"model": model, **config}, seed, DATA, 1.0, 1.0)
    table = [[float(seed + kind), float(kind % 3), 1.0] for kind in range(8)]
    last = {"reconstruction": loss, "kl": 1.0, "operation_table": table}
    store.write(f"training/{name}", train, json_files={"history.json": [last]})
    settings = {"model": model, **config, "preset": preset, "evaluated_iteration": 1,
                "evaluated_epoch": config["epochs"]}  # fmt: skip
    shares = {"validity": 1.0, "uniqueness": 0.37, "novelty": 1.0}
    content = {
        "reconstruction": {"sampled": accuracy, "expected": accuracy, "greedy": 1.0,
                           "operations": accuracy, "skips": 1.0},
        "generation": shares, "generation_standard_normal": {**shares, "validity": 0.9},
        "collisions": {"identical": 0.0, "distinct_decodes": 1.0},
    }  # fmt: skip
    manifest = Manifest("python -m paper_nas evaluate", settings, seed, DATA, 1.0, 1.0)
    store.write(f"evaluation/{name}", manifest, json_files={"evaluation.json": content})


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
    waiting = line_of(store, paper, "table1.gcn.accuracy").finding
    assert waiting.verdict == MISSING
    assert (waiting.ours, waiting.difference) == ("60.00", "-38.70")  # shown all the same
    assert "not finished" in waiting.note
    assert line_of(store, paper, "table1.gcn_emb.accuracy").finding.verdict == NOT


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


def predict(store: ResultStore, model: str, estimator: str, rmse: float, seed: int = 0) -> None:
    """Store a row of Table 2."""
    preset = "fast-128"
    settings = {
        "model": model, "training": f"{model}_{preset}_seed-{seed}", "preset": preset,
        "split": "paper", "estimator": estimator, "evaluated_epoch": 40, "epochs": 40,
        "gp": {"inducing_points": 500}, "gp_seeds": [0, 1],
    }  # fmt: skip
    repeat = dict.fromkeys(("rmse", "pearson", "spearman", "nlpd", "coverage"), rmse)
    content = {**{name: [value, 0.0] for name, value in repeat.items()}, "repeats": [repeat] * 2}
    manifest = Manifest("python -m paper_nas predict", settings, seed, DATA, 1.0, 1.0)
    ending = "_released-estimator" if estimator == "released" else ""
    store.write(f"prediction/{model}_{preset}_seed-{seed}{ending}", manifest,
                json_files={"prediction.json": content})  # fmt: skip


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


def search(store: ResultStore, label: str, scores: list[float]) -> None:
    """Store trials with a best score each."""
    for seed, score in enumerate(scores):
        manifest = Manifest("python -m paper_nas search", {"rounds": 10, "batch": 50}, seed, DATA,
                            1.0, 1.0)  # fmt: skip
        content = {"summary": {"best": score, "best_exact": score}, "reference": 0.75}
        store.write(f"{HARD}/{label}_seed-{seed}", manifest, json_files={"trial.json": content})


def test_a_claim_about_searches_needs_trials_and_a_difference(
    tmp_path: Path, paper: PaperNumbers
) -> None:
    store = ResultStore(tmp_path)
    scores = [0.740, 0.741, 0.742, 0.743, 0.744]
    search(store, "random", scores)
    search(store, "local", [score + 0.005 for score in scores])
    search(store, "evolution", scores)
    search(store, "latent-random", scores[:2])
    evidence = Evidence(store, paper)

    def holds(old: str, new: str) -> bool | None:
        return better_search(evidence, "hard", old, new).holds

    assert holds("random", "local") is True
    assert holds("local", "random") is False
    assert holds("random", "evolution") is False
    assert holds("random", "latent-random") is None
    assert better_search(evidence, "hard", "random", "latent-bo_dvae").stored is False
    few = compared("x", [0.0] * (FEWEST_TRIALS - 1), [1.0] * 9, ["a"])
    assert few.holds is None


def trial_of(seed: int, alike: bool, operations: tuple[int, ...]) -> Trial:
    """A trial of 130 evaluations, the best 60 with one wiring or with any."""
    found = []
    for row, drawn in enumerate(EnasSpace().sample(130, seed=seed)):
        good = row < 60
        skips = (0, 1) * 7 + (0,) if good and alike else drawn.skips
        kinds = tuple(operations[kind % len(operations)] for kind in drawn.operations)
        architecture = Architecture(kinds if good else drawn.operations, skips)
        score = 0.75 - 1e-4 * row
        found.append(Evaluation(1, Proposal(architecture), score, "exact", True))
    start = {"best": 0.7}
    rounds = [{"round": 1, "evaluations": 130, "cpu_seconds": 1.0}]
    return Trial("x", {}, "o", SearchBudget(1, 130), seed, start, found, rounds)


def test_what_the_best_share_is_read_off_the_trials(tmp_path: Path, paper: PaperNumbers) -> None:
    store = ResultStore(tmp_path)
    manifest = Manifest(
        "python -m paper_nas search", {"rounds": 1, "batch": 130}, 0, DATA, 1.0, 1.0
    )
    every, few = (0, 1, 2, 3, 4, 5), (2, 3, 5)
    methods = {
        "random": (False, every), "latent-bo_dvae": (False, every),
        "latent-bo_dvae-emb": (True, few),
    }  # fmt: skip
    for label, (alike, operations) in methods.items():
        for seed in range(FEWEST_TRIALS):
            trial = trial_of(seed, alike, operations)
            write_trial(store, f"{HARD}/{label}_seed-{seed}", trial, manifest)
    lines = {line.key: line.finding for line in scorecard.scorecard(store, paper)}
    assert [part.holds for part in lines["search.patterns"].parts] == [False, True]
    assert lines["search.patterns"].verdict == PARTLY
    for key, holds in (("search.operations", True), ("search.diversity", True),
                       ("search.smoother", True), ("search.better", False)):  # fmt: skip
        assert [part.holds for part in lines[key].parts] == [holds, None], key  # no digits yet
        assert lines[key].verdict == MISSING
    assert lines["search.rounds"].verdict == lines["search.batch"].verdict == NOT
    assert lines["search.scores"].verdict == PARTLY


def test_a_damaged_result_is_not_reported_on(tmp_path: Path, paper: PaperNumbers) -> None:
    store = ResultStore(tmp_path)
    evaluate(store, "dvae", 0, 0.999)
    file = tmp_path / "evaluation" / "dvae_fast-128_seed-0" / "evaluation.json"
    file.write_text(file.read_text().replace("0.999", "0.777"))
    with pytest.raises(ResultDamaged, match="SHA-256"):
        scorecard.scorecard(store, paper)


# ---- what a reader sees --------------------------------------------------------------------------


def test_numbers_keep_the_digits_of_the_paper(paper: PaperNumbers) -> None:
    words = {key: scorecard.number_in_words(number) for key, number in paper.numbers.items()}
    assert words["table1.dvae.validity"] == "100.00 %"
    assert words["table2.dvae.pearson"] == "0.920 ± 0.001"
    assert words["data.architectures"] == "19,020 architectures"
    assert words["model.prior.mean"] == "0"
    assert words["figure8.pearson"] == "-0.39"


def test_the_command_prints_every_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    paper: PaperNumbers,
) -> None:  # fmt: skip
    monkeypatch.setenv("PAPER_NAS_DATA", str(tmp_path))
    store = ResultStore(tmp_path / "results")
    evaluate(store, "dvae", 0, 0.999)
    arguments = ["report", "scorecard", "--results", str(store.root)]
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    for key in (*paper.numbers, *paper.claims):
        assert f"  {key}" in text
    assert cli.main([*arguments, "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    [line] = [one for one in lines if one["key"] == "table1.dvae.accuracy"]
    assert (line["verdict"], line["one_seed"], line["paper"]) == (REPRODUCED, True, "99.96 %")
    assert line["origin"] == QUOTED
    assert set(line["results"]["evaluation/dvae_fast-128_seed-0"]["files"]) == {"evaluation.json"}


def test_the_summary_counts_every_line(committed: list[Line]) -> None:
    counts = scorecard.summary(committed)
    assert sum(sum(by_verdict.values()) for by_verdict in counts.values()) == len(committed)
    figure = figures.scorecard_overview(counts)
    assert [list(bars.x) for bars in figure.data] == [list(v.values()) for v in counts.values()]
    assert f"{len([x for x in committed if x.kind == 'claim'])} claims" in figure.layout.meta["alt"]


def test_the_table_shows_each_line_once_with_its_chapter(
    committed: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    section = "4.1, Table 1: reconstruction and validity"
    chosen = [line for line in committed if line.section == section]
    assert len(chosen) == len(SECTIONS[section]) > 18
    monkeypatch.setenv("PAPER_NAS_STATIC_SITE", "1")
    table = BeautifulSoup(figures.scorecard_lines(chosen).html, "html.parser")
    assert [code.text for code in table.select("summary code")] == [line.key for line in chosen]
    rows = table.select("tbody")
    assert len(rows) == len(chosen)
    for row, line in zip(rows, chosen, strict=True):
        cells = row.select("tr:first-child td")
        assert line.paper in cells[0].text
        assert (QUOTED in cells[0].text) == (line.origin == QUOTED)
        assert line.finding.in_words in cells[2].text
        assert row.select_one("a")["href"] == f"{line.chapter}.html"
        assert line.finding.difference in cells[1].text
    monkeypatch.delenv("PAPER_NAS_STATIC_SITE")
    assert ".md" in figures.scorecard_lines(chosen[:1]).html


def test_the_table_escapes_what_it_shows(committed: list[Line]) -> None:
    evil = replace(committed[0], finding=replace(committed[0].finding, ours="<b>a</b> & b"))
    html = figures.scorecard_lines([evil]).html
    assert "<b>a</b>" not in html
    assert "&lt;b&gt;a&lt;/b&gt; &amp; b" in html
