"""The choice of a set, and the fallback with its note."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from paper_nas.datasets import (
    DATASET_NAMES,
    ENAS_FILE,
    ENAS_URL,
    SPLITS,
    DatasetUnavailable,
    load_dataset,
    show_note,
)
from paper_nas.datasets.notes import note_html


@pytest.fixture
def no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder without the CIFAR-10 file."""
    folder = tmp_path / "nothing-here"
    folder.mkdir()
    monkeypatch.setenv("PAPER_NAS_DATA", str(folder))
    return folder


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a notebook would show, as the forms of each output."""
    shown: list[dict[str, Any]] = []
    ipython = SimpleNamespace(
        get_ipython=lambda: object(),
        display=SimpleNamespace(display=lambda forms, raw: shown.append(forms)),
    )
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return shown


def test_unknown_names_are_refused() -> None:
    assert DATASET_NAMES == ("enas-cifar10", "enas-digits")
    for arguments in ({"name": "imagenet"}, {"fallback": "imagenet"}):
        with pytest.raises(ValueError, match="no data set named 'imagenet'"):
            load_dataset(**arguments)
    with pytest.raises(ValueError, match="split of enas-cifar10 must be"):
        load_dataset(split="random")
    with pytest.raises(ValueError, match="split of enas-digits must be"):
        load_dataset("enas-digits", split="released")


@pytest.mark.usefixtures("made_up_digits")
def test_the_fallback_says_what_is_missing_and_how_to_get_it(
    no_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = load_dataset("enas-cifar10", fallback="enas-digits")
    assert dataset.name == "enas-digits"
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith("Note: enas-cifar10 is missing: what follows runs on enas-digits")
    for words in (ENAS_FILE, str(no_file), "PAPER_NAS_DATA", ENAS_URL, "therefore differ", "300"):
        assert words in said.out


@pytest.mark.usefixtures("made_up_digits", "no_file")
def test_in_a_notebook_the_fallback_is_on_the_page(
    page: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    load_dataset("enas-cifar10", fallback="enas-digits")
    (forms,) = page
    assert forms["text/plain"].startswith("Note: enas-cifar10 is missing")
    assert f'<a href="{ENAS_URL}">{ENAS_URL}</a>' in forms["text/html"]
    assert 'role="note"' in forms["text/html"]
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("made_up_digits", "no_file")
@pytest.mark.parametrize(
    ("wanted", "taken"),
    [(None, "skip-pattern"), ("skip-pattern", "skip-pattern"), ("released", "random")],
)
def test_the_fallback_takes_the_split_that_is_closest(wanted: str | None, taken: str) -> None:
    assert load_dataset("enas-cifar10", wanted, fallback="enas-digits").split == taken


@pytest.mark.usefixtures("made_up_digits", "no_file")
def test_without_a_fallback_the_missing_file_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(DatasetUnavailable):
        load_dataset("enas-cifar10")
    load_dataset("enas-digits", fallback="enas-cifar10")
    assert capsys.readouterr().out == ""  # nothing was missing


@pytest.mark.usefixtures("no_file")
def test_a_fallback_that_is_missing_too_is_not_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("paper_nas.datasets.enas_digits.EMBEDDED", tmp_path / "empty")
    with pytest.raises(DatasetUnavailable, match="enas-digits comes with the package"):
        load_dataset("enas-cifar10", fallback="enas-digits")
    assert capsys.readouterr().out == ""


def test_every_split_has_a_counterpart_in_the_other_set() -> None:
    """Or a fallback would stop at it."""
    plain = {"released", "random"}
    assert {frozenset(set(splits) - plain) for splits in SPLITS.values()} == {
        frozenset({"skip-pattern"})
    }


def test_a_note_is_printed_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_note("no data", ["First.", "Second."])
    assert capsys.readouterr().out == "Note: no data.\n  First.\n  Second.\n"


def test_a_note_escapes_what_it_is_given() -> None:
    html = note_html("a < b", ["<script> see https://a.b/c?d=1&e=2."])
    assert "<strong>a &lt; b</strong>" in html
    assert "&lt;script&gt;" in html
    assert 'see <a href="https://a.b/c?d=1&amp;e=2">https://a.b/c?d=1&amp;e=2</a>.' in html
