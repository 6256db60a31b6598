"""What every oracle must satisfy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from paper_nas.oracles import PROVENANCES, FittedOracle, InvalidArchitecture, Oracle
from paper_nas.space import Architecture, EnasSpace
from tests.oracles.conftest import NAMES

ASKED = EnasSpace().sample(5, seed=11)


@pytest.fixture(params=NAMES)
def oracle(request: pytest.FixtureRequest, fresh: Callable[[str], Oracle]) -> Oracle:
    return fresh(request.param)


def test_shapes_types_and_provenance(oracle: Oracle) -> None:
    scores = oracle.score(ASKED)
    assert scores.values.shape == scores.error.shape == (5,)
    assert scores.values.dtype == scores.error.dtype == np.float64
    assert np.isfinite(scores.values).all()
    assert len(scores.provenance) == 5
    assert set(scores.provenance) <= set(PROVENANCES)
    fitted = np.array(scores.provenance) == "fitted"
    assert np.array_equal(np.isfinite(scores.error), fitted)
    assert (scores.error[fitted] > 0).all()
    if isinstance(oracle, FittedOracle):
        assert (scores.error[fitted] == oracle.error).all()


def test_it_names_itself(oracle: Oracle) -> None:
    assert oracle.name in NAMES
    assert oracle.units
    assert oracle.higher_is_better
    assert oracle.num_layers == 6


def test_counting(oracle: Oracle) -> None:
    assert (oracle.calls, oracle.distinct) == (0, 0)
    oracle.score(ASKED[:2])
    assert (oracle.calls, oracle.distinct) == (2, 2)
    oracle.score([ASKED[1], ASKED[2], ASKED[2]])
    assert (oracle.calls, oracle.distinct) == (5, 3)


def test_an_empty_list_gives_empty_arrays(oracle: Oracle) -> None:
    scores = oracle.score([])
    assert scores.values.shape == scores.error.shape == (0,)
    assert scores.values.dtype == scores.error.dtype == np.float64
    assert scores.provenance == ()
    assert (oracle.calls, oracle.distinct) == (0, 0)


def test_order_repetition_and_company_change_nothing(oracle: Oracle) -> None:
    scores = oracle.score(ASKED)
    order = [3, 0, 3, 4]
    mixed = oracle.score([ASKED[i] for i in order])
    assert np.array_equal(mixed.values, scores.values[order])
    assert np.array_equal(mixed.error, scores.error[order], equal_nan=True)
    assert mixed.provenance == tuple(scores.provenance[i] for i in order)
    assert len(set(scores.values.tolist())) > 1


def test_another_oracle_of_the_same_kind_agrees(
    oracle: Oracle, fresh: Callable[[str], Oracle]
) -> None:
    first, second = oracle.score(ASKED), fresh(oracle.name).score(ASKED)
    assert np.array_equal(first.values, second.values)
    assert first.provenance == second.provenance


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (Architecture((0, 1, 2), (0, 0, 0)), "number 1 has 3 layers; .* with 6"),
        ("0 1 0 2 0 0", "no Architecture"),
        (None, "no Architecture"),
    ],
)
def test_the_invalid_is_refused_before_anything_is_computed(
    oracle: Oracle, wrong: object, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracle, "_score", lambda architectures: pytest.fail("it computed"))
    with pytest.raises(InvalidArchitecture, match=reason) as caught:
        oracle.score([ASKED[0], wrong])  # type: ignore[list-item]
    assert isinstance(caught.value, ValueError)
    assert (oracle.calls, oracle.distinct) == (0, 0)


def test_a_call_that_fails_counts_nothing(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(architectures: list[Architecture]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(oracle, "_score", interrupt)
    with pytest.raises(KeyboardInterrupt):
        oracle.score(ASKED)
    assert (oracle.calls, oracle.distinct) == (0, 0)
