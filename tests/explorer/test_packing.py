"""Packing of numbers, architectures and graphs, read back by code of its own."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from paper_nas.explorer.packing import pack_architectures, pack_file, pack_graphs, quantise
from paper_nas.space import Architecture, EnasSpace
from tests.samples import random_dags


def test_a_value_is_at_most_half_a_step_off() -> None:
    values = np.random.default_rng(0).normal(size=(500, 3)) * [1.0, 10.0, 0.1]
    for dtype, steps in ((np.uint8, 255), (np.uint16, 65535)):
        stored = quantise(values, dtype, by_column=True)
        assert stored.codes.dtype == dtype
        allowed = np.ptp(values, axis=0) / steps / 2
        assert (np.abs(stored.values() - values).max(0) <= allowed * (1 + 1e-9)).all()
        assert stored.codes.min() == 0
        assert stored.codes.max() == steps


def test_published_accuracies_are_stored_exactly() -> None:
    accuracy = np.array([0.0, 0.7502, 0.6998, 0.1234])
    stored = quantise(accuracy, np.uint16, minimum=0.0, step=1e-4)
    assert stored.codes.tolist() == [0, 7502, 6998, 1234]
    assert stored.values() == pytest.approx(accuracy, abs=1e-15)


def test_missing_values_stay_missing() -> None:
    values = np.array([1.0, np.nan, 2.0])
    stored = quantise(values, np.uint8)
    assert stored.missing == 255
    assert stored.codes.tolist() == [0, 255, 254]
    assert np.isnan(stored.values()).tolist() == [False, True, False]


def test_equal_values_and_values_outside_the_range() -> None:
    assert quantise(np.full(4, 3.5), np.uint8).values().tolist() == [3.5] * 4
    with pytest.raises(ValueError, match="outside"):
        quantise(np.array([0.5, -0.1]), np.uint16, minimum=0.0, step=1e-4)
    with pytest.raises(ValueError, match="outside"):
        quantise(np.array([0.5, 7.0]), np.uint16, minimum=0.0, step=1e-4)


def test_architectures_as_words() -> None:
    architectures = EnasSpace().sample(50, seed=1)
    test = np.arange(50) % 3 == 0
    words = pack_architectures(architectures, test)
    assert words.dtype == np.uint32
    for word, architecture, in_test in zip(words.tolist(), architectures, test, strict=True):
        assert word >> 31 == in_test
        assert tuple(word >> bit & 1 for bit in range(15)) == architecture.skips
        number = word >> 15 & 0xFFFF
        assert tuple(number // 6**layer % 6 for layer in range(6)) == architecture.operations


def test_other_numbers_of_layers_are_refused() -> None:
    with pytest.raises(ValueError, match="6 layers"):
        pack_architectures([Architecture((0, 1), (1,))], np.array([False]))


def test_graphs_as_words() -> None:
    batch = random_dags(40, 8, seed=4)
    types, edges = pack_graphs(batch)
    for row, (word, bits) in enumerate(zip(types.tolist(), edges.tolist(), strict=True)):
        count = word & 15
        assert count == batch.num_vertices[row]
        found = [word >> (1 + 3 * vertex) & 7 for vertex in range(1, count)]
        assert found == batch.types[row, 1:count].tolist()
        for v in range(8):
            for u in range(v):
                assert bits >> (v * (v - 1) // 2 + u) & 1 == batch.adjacency[row, u, v]


def test_a_file_says_where_its_arrays_are() -> None:
    arrays = {
        "bytes": np.arange(5, dtype=np.uint8),
        "halves": np.array([[0.5, -2.0]], dtype=np.float16),
        "doubles": np.array([1e-300, 3.0]),
        "codes": quantise(np.linspace(0, 1, 7), np.uint16),
    }
    content, entry = pack_file("some.bin", arrays)
    assert entry["bytes"] == len(content)
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    for name, value in arrays.items():
        described = entry["arrays"][name]
        wanted = value if isinstance(value, np.ndarray) else value.codes
        assert described["offset"] % 8 == 0
        found = np.frombuffer(content, described["dtype"], wanted.size, described["offset"])
        assert (found.reshape(described["shape"]) == wanted).all()
    codes = entry["arrays"]["codes"]
    assert (codes["minimum"], codes["step"]) == (0.0, pytest.approx(1 / 65535))
    assert "missing" not in codes
