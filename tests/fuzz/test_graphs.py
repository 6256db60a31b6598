"""Batches of graphs: refused with a reason, or what they were made of."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from paper_nas.graphs import GraphBatch
from paper_nas.space import MAX_LAYERS, Architecture, is_valid_graph
from tests.fuzz.strategies import FUZZ, architectures, attempt

KINDS = (
    arrays.integer_dtypes(endianness="=")
    | arrays.unsigned_integer_dtypes(endianness="=")
    | arrays.floating_dtypes(endianness="=", sizes=(32, 64))
    | st.just(np.dtype(bool))
    | st.just(np.dtype(np.complex64))
)
SIDES = st.integers(0, 5)


@FUZZ
@given(st.lists(architectures(), max_size=8), st.integers(-2, 16))
def test_architectures_come_back(rows: list[Architecture], size: int) -> None:
    needed = max((a.num_layers + 2 for a in rows), default=2)
    if size < needed:
        with pytest.raises(ValueError, match="max_vertices"):
            GraphBatch.from_architectures(rows, size)
        return
    batch = GraphBatch.from_architectures(rows, size)
    assert batch.to_architectures() == rows
    assert batch.is_valid().tolist() == [True] * len(rows)
    assert all(is_valid_graph(graph) for graph in batch.to_networkx())


@FUZZ
@given(st.data())
def test_any_tensors(data: st.DataObject) -> None:
    """Values that are taken are kept as they were, in the parts that are not padding."""
    size = data.draw(st.integers(2, 4))
    count = data.draw(st.integers(0, 3))
    given_shapes: list[tuple[int, ...]] = [(count, size), (count, size, size), (count,)]
    if data.draw(st.booleans()):
        given_shapes[data.draw(st.integers(0, 2))] = data.draw(
            arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
        )
    types, adjacency, counts = (
        data.draw(arrays.arrays(kind := data.draw(KINDS), shape, elements=small(kind)))
        for shape in given_shapes
    )
    tensors = [torch.from_numpy(a) for a in (types, adjacency, counts)]
    batch, reason = attempt(lambda: GraphBatch(*tensors), ValueError)
    if batch is None:
        assert str(reason)
        return
    assert np.array_equal(batch.adjacency.numpy(), adjacency)
    assert np.array_equal(batch.num_vertices.numpy(), counts)
    present = batch.present.numpy()
    assert np.array_equal(batch.types.numpy()[present], types[present])
    assert not batch.types.numpy()[~present].any()
    verdicts = [is_valid_graph(graph) for graph in batch.to_networkx()]
    assert batch.is_valid().tolist() == verdicts


def small(kind: np.dtype[Any]) -> st.SearchStrategy[Any]:
    """Mostly values that a batch may hold, sometimes any."""
    usual = st.sampled_from([0, 1, 2, 3] if kind.kind != "b" else [False, True]).map(kind.type)
    return usual | usual | usual | arrays.from_dtype(kind)


@FUZZ
@given(st.data())
def test_any_graphs_are_judged_as_networkx_judges_them(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 5))
    types = data.draw(arrays.arrays(np.int64, (3, size), elements=st.integers(0, 7)))
    counts = data.draw(arrays.arrays(np.int64, 3, elements=st.integers(2, size)))
    edges = np.triu(data.draw(arrays.arrays(bool, (3, size, size))), 1)
    edges &= (np.arange(size) < counts[:, None])[:, None, :]
    batch = GraphBatch(*(torch.from_numpy(a) for a in (types, edges, counts)))
    valid = [is_valid_graph(graph) for graph in batch.to_networkx()]
    assert batch.is_valid().tolist() == valid
    for row, architecture in enumerate(batch.to_architectures()):
        assert (architecture is not None) == (valid[row] and counts[row] >= 3)
        if architecture is not None:
            again = GraphBatch.from_architectures([architecture], size)
            assert again.equals(batch[row]).tolist() == [True]


BATCH = [Architecture((i % 6, 1), (i // 6 % 2,)) for i in range(7)]
INDICES = (
    st.integers(-9, 9)
    | st.booleans()
    | st.slices(7)
    | st.lists(st.integers(-9, 9), max_size=4)
    | st.lists(st.floats(-9, 9), max_size=2)
    | st.lists(st.booleans(), max_size=9)
    | arrays.arrays(arrays.integer_dtypes() | arrays.unsigned_integer_dtypes(), SIDES)
    | arrays.arrays(
        st.sampled_from([np.uint8, np.int16, bool]), st.sampled_from([(), (7,), (2, 2)])
    )
    | arrays.arrays(np.int8, SIDES, elements=st.integers(-8, 8))
    | arrays.arrays(np.uint8, SIDES, elements=st.integers(0, 7))
)


@FUZZ
@given(INDICES, st.booleans())
def test_an_index_gives_what_a_list_gives(index: Any, as_tensor: bool) -> None:
    """NumPy says which rows an index means; the batch says the same, or refuses it."""
    batch = GraphBatch.from_architectures(BATCH, 5)
    if as_tensor and isinstance(index, np.ndarray):
        with contextlib.suppress(TypeError, ValueError):  # torch knows no such type
            index = torch.from_numpy(np.array(index))
    found, reason = attempt(lambda: batch[index].to_architectures(), IndexError, ValueError)
    if found is None:
        assert str(reason)
        return
    plain = index.numpy() if isinstance(index, torch.Tensor) else index
    if not isinstance(plain, slice) and np.size(plain) == 0:
        plain = np.zeros(0, dtype=np.int64)
    rows = np.atleast_1d(np.arange(7)[plain])
    assert found == [BATCH[row] for row in rows]


@FUZZ
@given(st.lists(architectures(2), max_size=3), st.lists(architectures(2), max_size=3))
def test_equality_is_that_of_the_architectures(
    first: list[Architecture], second: list[Architecture]
) -> None:
    batches = [GraphBatch.from_architectures(rows, 4) for rows in (first, second)]
    if len(second) not in (1, len(first)):
        with pytest.raises(ValueError, match="graphs"):
            batches[0].equals(batches[1])
        return
    others = second * len(first) if len(second) == 1 else second
    assert batches[0].equals(batches[1]).tolist() == [
        a == b for a, b in zip(first, others, strict=True)
    ]


@pytest.mark.parametrize("vertices", [MAX_LAYERS + 2, MAX_LAYERS + 3])
def test_a_chain_that_is_too_long_is_no_architecture(vertices: int) -> None:
    types = torch.full((1, vertices), 2)
    types[0, 0], types[0, -1] = 0, 1
    edges = torch.ones(1, vertices, vertices).triu(1) * torch.ones(vertices, vertices).tril(1)
    batch = GraphBatch(types, edges, torch.tensor([vertices]))
    (found,) = batch.to_architectures()
    assert (found is None) == (vertices > MAX_LAYERS + 2)
