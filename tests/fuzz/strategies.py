"""What the fuzz tests are fed: right inputs, nearly right ones, and anything at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st

from paper_nas.space import Architecture, num_skip_bits

T = TypeVar("T")

FUZZ = settings(deadline=None, max_examples=60)
"""Without a limit in time: the machine may be busy."""

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([0, 1, 2, 5, 6, -1, "0", "1", 10**400, "٣", "1_0", "+1", "0x1"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=25,
)
"""Any value that JSON can hold, and some that it cannot."""


@st.composite
def architectures(draw: st.DrawFn, max_layers: int = 12) -> Architecture:
    """Architectures of 1 to so many layers."""
    layers = draw(st.integers(1, max_layers))
    bits = num_skip_bits(layers)
    operations = draw(st.lists(st.integers(0, 5), min_size=layers, max_size=layers))
    skips = draw(st.lists(st.integers(0, 1), min_size=bits, max_size=bits))
    return Architecture(tuple(operations), tuple(skips))


@st.composite
def nearly_rows(draw: st.DrawFn) -> Any:
    """The nested form of an architecture with one value or layer replaced, added or left out."""
    row: list[Any] = draw(architectures()).to_row()
    number = draw(st.integers(0, len(row) - 1))
    layer: list[Any] = list(row[number])
    place = draw(st.integers(0, len(layer) - 1))
    match draw(st.sampled_from(["value", "layer", "short", "long", "cut"])):
        case "value":
            layer[place] = draw(SCALARS)
            row[number] = layer
        case "layer":
            row[number] = draw(JSON)
        case "short":
            row[number] = layer[:place]
        case "long":
            row[number] = [*layer, draw(SCALARS)]
        case _:
            row = row[:number]
    return row


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Content that was cut, or in which a few bytes were changed, left out or put in."""
    if draw(st.booleans()):
        return content[: draw(st.integers(0, len(content) - 1))]
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(changed) - 1))
        match draw(st.sampled_from(["flip", "set", "insert", "drop"])):
            case "flip":
                changed[place] ^= 1 << draw(st.integers(0, 7))
            case "set":
                changed[place] = draw(st.integers(0, 255))
            case "insert":
                changed[place:place] = draw(st.binary(min_size=1, max_size=4))
            case _:
                del changed[place]
    return bytes(changed)


def attempt(
    action: Callable[[], T], *errors: type[Exception]
) -> tuple[T, None] | tuple[None, Exception]:
    """What an action gives, or the error of a documented kind; others are raised."""
    try:
        return action(), None
    except errors as reason:
        return None, reason
