"""The scorecard: a line for every entry, something behind each, and what a reader sees."""

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
from paper_nas.artifacts import ResultStore
from paper_nas.datasets import load_dataset
from paper_nas.paper_numbers import QUOTED, Claim, PaperNumber, PaperNumbers, load_paper_numbers
from paper_nas.scorecard import DECIDED, SECTIONS, VERDICTS, Line
from paper_nas.scorecard.verdicts import (
    MISSING,
    NOT,
    PARTLY,
    REPRODUCED,
    UNTESTABLE,
)
from tests.conftest import ROOT
from tests.samples import tiny_dataset
from tests.scorecard_samples import evaluate


@pytest.fixture(scope="module")
def paper() -> PaperNumbers:
    return load_paper_numbers()


@pytest.fixture(scope="module")
def committed(paper: PaperNumbers) -> list[Line]:
    """The scorecard of the committed results, without the data."""
    return scorecard.scorecard(ResultStore(), paper)


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
            complete = len(found.reason) > 20
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
        assert "GPU" in there[key].finding.reason
        assert "search-top" in there[key].finding.command


def test_a_verdict_on_results_names_the_command_that_made_them(committed: list[Line]) -> None:
    store = ResultStore()
    judged_lines = [x for x in committed if x.finding.verdict in DECIDED and x.finding.results]
    assert len(judged_lines) > 30
    for line in judged_lines:
        made = {store.manifest(name).command for name in line.finding.results}
        assert line.finding.command in made, line.key


def test_a_collapse_is_judged_by_what_the_paper_speaks_of(committed: list[Line]) -> None:
    [line] = [x for x in committed if x.key == "latent.collapse"]
    assert {part.words.split(" % ")[1] for part in line.finding.parts} == {"share a latent vector"}
    assert "decode of their own" in line.finding.note


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
        assert f"  {key} " in text
    [long] = [row for row in text.splitlines() if row.startswith("  figure3.faster ")]
    quote = paper.claim("figure3.faster").quote
    assert quote not in long
    assert f"{quote[:68]}…  " in long  # what is cut says so
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
