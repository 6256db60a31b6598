"""The committed trials come out again, and hold what a search found, not rows of the data."""

from __future__ import annotations

import numpy as np
import pytest

from paper_nas.artifacts import ResultStore
from paper_nas.models.weights import weights_sha256
from paper_nas.oracles import SkipPatternOracle
from paper_nas.search import SETTINGS, read_trial, start_set, stored_trials, summarise
from paper_nas.training import load_trained
from tests.conftest import DataOf

STORE = ResultStore()
TRIALS = stored_trials(STORE)
ON_PATTERNS = [t for t in TRIALS if SETTINGS[t.setting].dataset == "enas-cifar10"]
OF_EACH = {(t.setting, t.label): t for t in ON_PATTERNS}


def test_there_are_trials() -> None:
    assert {"random", "evolution", "local"} <= {t.label for t in TRIALS if t.setting == "hard"}


@pytest.mark.parametrize("stored", OF_EACH.values(), ids=lambda t: t.name)
def test_scores_and_summary_come_out_again(stored, data_of: DataOf) -> None:
    dataset, trial = data_of(stored.name), read_trial(STORE, stored.name)
    oracle = SkipPatternOracle(dataset)
    start = start_set(SETTINGS[stored.setting], dataset, oracle, stored.seed)
    assert start.to_json_dict() == trial.start
    scored = [e for e in trial.evaluations if e.architecture is not None]
    again = oracle.score([e.architecture for e in scored])
    np.testing.assert_allclose(again.values, [e.score for e in scored], rtol=1e-6)
    assert summarise(trial) == stored.summary
    # A search that draws architectures meets a row of the file by accident at most.
    rows = set(dataset.architectures)
    assert sum(e.architecture in rows for e in scored) < 5


@pytest.mark.parametrize("stored", TRIALS, ids=lambda t: t.name)
def test_trials_are_of_the_committed_weights(stored) -> None:
    """Fails when weights were trained again and the search was not."""
    settings = read_trial(STORE, stored.name).settings
    if "model_sha256" in settings:
        training = STORE.manifest(stored.name).configuration["training"]
        model = load_trained(STORE, f"training/{training}")
        assert settings["model_sha256"] == weights_sha256(model)
