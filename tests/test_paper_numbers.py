"""Tests of paper_nas.paper_numbers and of the file it reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paper_nas.paper_numbers import OWN, QUOTED, PaperNumbersError, load_paper_numbers
from tests.conftest import ROOT

WORDS = {"six": 6, "one": 1}


@pytest.fixture(scope="module")
def paper():
    return load_paper_numbers()


def test_the_projects_file_is_found(paper):
    assert paper.path == ROOT / "book" / "paper_numbers.yml"
    assert paper["figure7.pearson"].value == 0.32
    assert paper["table2.dvae_emb.rmse"].spread == 0.003
    assert "faster than D-VAE" in paper.claim("figure3.faster").quote


def test_each_number_stands_in_its_quote(paper):
    for key, number in paper.numbers.items():
        text = number.quote.replace(",", "").replace("±", " ")
        found = [float(word) for word in re.findall(r"-?\d+(?:\.\d+)?", text)]
        found += [value for word, value in WORDS.items() if word in text]
        assert number.value in found, key
        assert number.spread is None or number.spread in found, key
        assert number.where, key


def test_all_rows_of_both_tables_are_there(paper):
    models = ("dvae", "gcn", "svae", "graphrnn", "dvae_emb", "gcn_emb")
    for model in models:
        for column in ("accuracy", "validity", "uniqueness"):
            assert 0 < paper[f"table1.{model}.{column}"].value <= 100
        for column in ("rmse", "pearson"):
            assert 0 < paper[f"table2.{model}.{column}"].value < 1
    assert len([key for key in paper.numbers if key.startswith("figure5.")]) == 5
    assert len([key for key in paper.numbers if key.startswith("figure6.")]) == 5


def test_every_number_says_whose_it_is(paper):
    """In words in the file, not by a default; the rows of the baselines are those of D-VAE."""
    text = paper.path.read_text()
    lines = dict(re.findall(r"^  ([a-z0-9_.]+): (\{.*\})$", text, flags=re.MULTILINE))
    assert lines.keys() == paper.numbers.keys() | paper.claims.keys()
    assert len(re.findall(r"^  [a-z0-9_.]+: \{", text, flags=re.MULTILINE)) == len(
        lines
    )  # no twice
    for key, number in paper.numbers.items():
        assert f"origin: {number.origin}, " in lines[key], key
    for table in ("table1", "table2"):
        for model in ("dvae", "gcn", "svae", "graphrnn", "dvae_emb", "gcn_emb"):
            found = {
                n.origin for k, n in paper.numbers.items() if k.startswith(f"{table}.{model}.")
            }
            assert found == {OWN if "emb" in model else QUOTED}
    assert {claim.origin for claim in paper.claims.values()} == {OWN}


def test_an_unknown_id_names_its_neighbours(paper):
    with pytest.raises(PaperNumbersError, match=r"table1\.dvae\.accuracy"):
        paper["table1.dvae.acuracy"]
    with pytest.raises(PaperNumbersError, match=r"figure3\.faster"):
        paper.claim("figure3.fast")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not YAML"),
        ("numbers: {}", "'claims'"),
        ("numbers: {a: {value: x, unit: '', where: w, quote: q}}\nclaims: {}", "a: value"),
        ("numbers: {a: {value: 1, where: w, quote: q}}\nclaims: {}", "unit"),
        ("numbers: {a: {value: 1, unit: 3, where: w, quote: q}}\nclaims: {}", "a: unit"),
        ("numbers: {a: {value: 1, unit: '', where: w, quote: q, x: y}}\nclaims: {}", "x"),
        ("numbers: {}\nclaims: {c: {where: w}}", "quote"),
        ("numbers: {}\nclaims: {c: {where: w, quote: q, origin: me}}", "c: origin"),
        ("numbers: {a: 3}\nclaims: {}", "."),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, text, message):
    path = tmp_path / "numbers.yml"
    path.write_text(text)
    with pytest.raises(PaperNumbersError, match=message):
        load_paper_numbers(path)


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch):
    with pytest.raises(PaperNumbersError, match="nowhere"):
        load_paper_numbers(tmp_path / "nowhere.yml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "paper_nas.paper_numbers.__file__", str(tmp_path / "p" / "paper_numbers.py")
    )
    with pytest.raises(PaperNumbersError, match="clone"):
        load_paper_numbers()
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "paper_numbers.yml").write_text("numbers: {}\nclaims: {}")
    assert load_paper_numbers().numbers == {}
