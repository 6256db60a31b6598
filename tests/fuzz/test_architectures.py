"""Reading architectures: an error that is named, or the architecture that was meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from paper_nas.space import Architecture
from tests.fuzz.strategies import FUZZ, JSON, SCALARS, architectures, attempt, nearly_rows

CHARACTERS = "0123456789 \t\n-+_.,[]eE\x00٣²"


def read(make: Callable[[Any], Architecture], value: Any) -> Architecture | None:
    """What is read, or ``None`` after an error of the kinds that are documented."""
    found, reason = attempt(lambda: make(value), TypeError, ValueError)
    if found is None:
        assert 0 < len(str(reason)) < 2_000  # not the whole input
        return None
    assert Architecture(found.operations, found.skips) == found
    return found


@FUZZ
@given(st.text() | st.text(CHARACTERS) | architectures().map(str))
@example("0_0")
@example("٣")
@example("9" * 5_000)
@example("0 " * 5_000)
def test_strings(text: str) -> None:
    found = read(Architecture.from_string, text)
    if found is not None:
        assert str(found).split() == text.split()


@FUZZ
@given(st.data())
def test_strings_that_are_nearly_right(data: st.DataObject) -> None:
    words = str(data.draw(architectures())).split(" ")
    words[data.draw(st.integers(0, len(words) - 1))] = data.draw(SCALARS.map(str) | st.text())
    found = read(Architecture.from_string, " ".join(words))
    if found is not None:
        assert list(map(int, str(found).split())) == list(map(int, " ".join(words).split()))


@FUZZ
@given(JSON | nearly_rows())
@example({})
@example("")
@example([[10**5_000]])
def test_rows(row: Any) -> None:
    found = read(Architecture.from_row, row)
    if found is not None:
        assert found.to_row() == row
        assert json.dumps(found.to_row()) == json.dumps(row)  # true is no 1


@FUZZ
@given(JSON, JSON)
def test_parts(operations: Any, skips: Any) -> None:
    found = read(lambda parts: Architecture(*parts), (operations, skips))
    if found is not None:
        assert (found.operations, found.skips) == (tuple(operations), tuple(skips))
