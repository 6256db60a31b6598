"""How numbers and graphs are packed into the files that the browser reads.

The counterparts in JavaScript are ``src/engine_arrays.mjs`` and ``src/engine_space.mjs``.

Glossary of shapes: ``R`` rows, ``B`` graphs, ``N`` vertices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paper_nas.graphs import GraphBatch
from paper_nas.space import NUM_OPERATIONS, Architecture, num_skip_bits

LAYERS = 6
SKIP_BITS = num_skip_bits(LAYERS)
MAX_VERTICES = LAYERS + 2
TEST_BIT = 31
ALIGNMENT = 8
"""Every array begins at a multiple of so many bytes, as typed arrays want it."""


@dataclass(frozen=True)
class Quantised:
    """Numbers stored as unsigned integers: a value is ``minimum + step * code``.

    Attributes:
        codes: Any shape, uint8 or uint16.
        minimum: One number, or one per entry of the last dimension.
        step: Likewise.
        missing: The code of NaN, if any value is NaN.
    """

    codes: np.ndarray
    minimum: float | list[float]
    step: float | list[float]
    missing: int | None = None

    def values(self) -> np.ndarray:
        """What the codes stand for, float64."""
        result = np.asarray(self.minimum) + np.asarray(self.step) * self.codes
        return (
            result if self.missing is None else np.where(self.codes == self.missing, np.nan, result)
        )


def quantise(
    values: np.ndarray,
    dtype: type[np.unsignedinteger[Any]],
    by_column: bool = False,
    minimum: float | None = None,
    step: float | None = None,
) -> Quantised:
    """Store numbers as evenly spaced codes over their range.

    Args:
        values: Any shape; NaN is kept as missing.
        dtype: ``np.uint8`` or ``np.uint16``.
        by_column: A range for each entry of the last dimension.
        minimum: Of the range, in place of the values' own.
        step: Likewise; values that lie on the steps are stored exactly.

    Raises:
        ValueError: A value outside the range of ``minimum`` and ``step``.
    """
    largest = int(np.iinfo(dtype).max)
    missing = largest if np.isnan(values).any() else None
    top = largest - (missing is not None)
    axes = tuple(range(values.ndim - 1)) if by_column else None
    low = np.nanmin(values, axis=axes) if minimum is None else np.asarray(minimum)
    width = (np.nanmax(values, axis=axes) - low) / top if step is None else np.asarray(step)
    width = np.where(width > 0, width, 1.0)
    codes = np.rint((values - low) / width)
    if np.nanmin(codes) < 0 or np.nanmax(codes) > top:
        raise ValueError(f"values outside {low} .. {low + top * width}")
    if missing is not None:
        codes = np.where(np.isnan(codes), missing, codes)
    return Quantised(codes.astype(dtype), low.tolist(), width.tolist(), missing)


def pack_architectures(architectures: Sequence[Architecture], test: np.ndarray) -> np.ndarray:
    """Six-layer architectures as one word each.

    Args:
        architectures: ``R`` of them.
        test: ``[R]`` bool, whether the row is in the test part.

    Returns:
        ``[R]`` uint32: the skips in bits 0 to 14, the operations in base 6 from bit 15 (first
        layer lowest), the test part in bit 31.

    Raises:
        ValueError: An architecture has another number of layers.
    """
    if wrong := {a.num_layers for a in architectures} - {LAYERS}:
        raise ValueError(f"the explorer shows architectures of {LAYERS} layers, not {wrong}")
    skips = np.array([a.skips for a in architectures], dtype=np.uint32).reshape(-1, SKIP_BITS)
    operations = np.array([a.operations for a in architectures], dtype=np.uint32).reshape(
        -1, LAYERS
    )
    words = (skips << np.arange(SKIP_BITS, dtype=np.uint32)).sum(1, dtype=np.uint32)
    powers = NUM_OPERATIONS ** np.arange(LAYERS, dtype=np.uint32)
    words |= (operations * powers).sum(1, dtype=np.uint32) << SKIP_BITS
    return words | (np.asarray(test).astype(np.uint32) << TEST_BIT)


def pack_graphs(batch: GraphBatch) -> tuple[np.ndarray, np.ndarray]:
    """Any labelled DAGs of at most eight vertices as two words each.

    Args:
        batch: ``B`` graphs, ``N`` = 8.

    Returns:
        ``[B]`` uint32 each. Types: the number of vertices in bits 0 to 3, then three bits for each
        vertex from the second. Edges: one bit per pair ``u < v``, ordered by ``v``, then ``u``.
    """
    types = batch.types.numpy(force=True).astype(np.uint32)
    counts = batch.num_vertices.numpy(force=True).astype(np.uint32)
    places = 1 + 3 * np.arange(1, MAX_VERTICES, dtype=np.uint32)
    pairs = [(u, v) for v in range(1, MAX_VERTICES) for u in range(v)]
    sources, targets = np.array(pairs).T
    edges = batch.adjacency.numpy(force=True)[:, sources, targets].astype(np.uint32)
    bits = np.arange(len(pairs), dtype=np.uint32)
    return (
        counts | (types[:, 1:] << places).sum(1, dtype=np.uint32),
        (edges << bits).sum(1, dtype=np.uint32),
    )


def pack_file(
    name: str, arrays: Mapping[str, np.ndarray | Quantised]
) -> tuple[bytes, dict[str, Any]]:
    """Arrays one after another, little-endian, and what ``index.json`` says about them.

    Args:
        name: Of the file.
        arrays: By name, each of a type that typed arrays have, or float16.

    Returns:
        The bytes; ``{"file", "bytes", "sha256", "arrays"}``.
    """
    content, described = bytearray(), {}
    for key, value in arrays.items():
        content.extend(bytes(-len(content) % ALIGNMENT))
        array = value.codes if isinstance(value, Quantised) else value
        entry = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": len(content)}
        if isinstance(value, Quantised):
            entry |= {"minimum": value.minimum, "step": value.step}
            entry |= {} if value.missing is None else {"missing": value.missing}
        content.extend(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
        described[key] = entry
    return bytes(content), {
        "file": name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "arrays": described,
    }
