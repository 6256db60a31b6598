"""The committed projections belong to the committed weights, and their figures come out again."""

from __future__ import annotations

import pytest

from paper_nas.artifacts import ResultStore
from paper_nas.config import TrainingConfig
from paper_nas.models.weights import weights_sha256
from paper_nas.projection import latent_smoothness, neighbours_alike, pattern_families
from paper_nas.training import fresh_model, load_trained
from tests.conftest import DataOf

STORE = ResultStore()
ONE_HOT = "projections/one-hot_enas-cifar10"


@pytest.mark.parametrize("model", ["dvae", "dvae-emb"])
def test_projections_are_of_the_committed_weights(model: str) -> None:
    """Fails when weights were trained again and `project all` was not run again."""
    training = f"{model}_fast-128_seed-0"
    settings = dict(STORE.manifest(f"training/{training}").configuration)
    settings.pop("model")
    config = TrainingConfig.from_json_dict(settings)
    trained = load_trained(STORE, f"training/{training}")
    for epoch, weights in ((config.epochs, trained), (0, fresh_model(model, config))):
        stored = STORE.manifest(f"projections/{training}_epoch-{epoch}").configuration
        assert stored["weights_sha256"] == weights_sha256(weights)


def test_smoothness_of_the_skips_comes_out_again(data_of: DataOf) -> None:
    dataset = data_of(ONE_HOT)
    stored = STORE.load_json(ONE_HOT, "smoothness.json")["spaces"]["skips"]
    skips = dataset.skip_patterns()
    alike = neighbours_alike(skips, dataset)
    assert stored["alike"]["skips"] == pytest.approx(alike.skips, abs=1e-6)
    families = pattern_families(dataset)
    again = latent_smoothness(skips, dataset.accuracy, families=families, permutations=0)
    for before, found in zip(stored["other_patterns"], again, strict=True):
        assert before["neighbours"] == found.neighbours
        assert before["moran"] == pytest.approx(found.moran, abs=1e-6)
