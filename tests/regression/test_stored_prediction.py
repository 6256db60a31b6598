"""The stored figures of Table 2: they belong to the committed weights, and come out again."""

from __future__ import annotations

import numpy as np
import pytest

from paper_nas.artifacts import ResultStore
from paper_nas.commands.predict import ESTIMATORS, SPLITS
from paper_nas.evaluation import encode_graphs
from paper_nas.models.weights import weights_sha256
from paper_nas.regression import SparseGP, baseline_performance, judge_predictions, latents_of
from paper_nas.regression.probes import linear_readout
from paper_nas.training import load_trained
from tests.conftest import DataOf

STORE = ResultStore()
NAMES = [name for name in STORE.names() if name.startswith("prediction/")]
MODELS = [name for name in NAMES if "model" in STORE.manifest(name).configuration]
LAST = [name for name in MODELS if "_t-" not in name]
PROCESSES = [name for name in NAMES if "gp.safetensors" in STORE.manifest(name).files]
WITH_PREDICTIONS = [name for name in NAMES if "predictions.npz" in STORE.manifest(name).files]
CHEAP = ("lookup", "parities")


@pytest.mark.parametrize("name", NAMES)
def test_a_result_is_whole(name: str) -> None:
    settings, stored = STORE.manifest(name).configuration, STORE.load_json(name, "prediction.json")
    assert stored["seeds"] == settings.get("gp_seeds", settings.get("seeds"))
    assert len(stored["repeats"]) == len(stored["seeds"])
    for figure in ("rmse", "pearson"):
        values = [repeat[figure] for repeat in stored["repeats"]]
        if None not in values:
            assert stored[figure] == pytest.approx([np.mean(values), np.std(values)])
    assert STORE.manifest(name).dataset["split"] == SPLITS[settings["split"]]
    if name in WITH_PREDICTIONS:
        assert set(STORE.load_arrays(name, "predictions.npz")) <= {"row", "mean", "sd"}


def test_there_are_results() -> None:
    assert {f"prediction/{m}_fast-128_seed-0" for m in ("dvae", "dvae-emb")} <= set(NAMES)
    assert "prediction/baseline-lookup" not in WITH_PREDICTIONS


@pytest.mark.parametrize("name", WITH_PREDICTIONS)
def test_figures_follow_from_the_stored_predictions(name: str, data_of: DataOf) -> None:
    full = data_of(name)
    dataset, arrays = full.scored_by(), STORE.load_arrays(name, "predictions.npz")
    assert arrays["row"].tolist() == full.labelled[dataset.test_index].tolist()
    stored = STORE.load_json(name, "prediction.json")
    scale = float(dataset.accuracy[dataset.train_index].std())
    assert scale == pytest.approx(stored["target_sd"])
    truth = full.accuracy[arrays["row"]]
    # Labels of the data are not committed: what is stored are predictions.
    assert np.mean(arrays["mean"] == truth.astype(np.float32)) < 0.05
    again = judge_predictions(arrays["mean"], truth, scale, arrays.get("sd"))
    first = stored["repeats"][0]
    assert again.rmse == pytest.approx(first["rmse"], rel=1e-4)
    if first["pearson"] is not None:
        assert again.pearson == pytest.approx(first["pearson"], abs=1e-5)
    if first["coverage"] is not None:
        assert again.nlpd == pytest.approx(first["nlpd"], abs=1e-3)
        assert again.coverage == pytest.approx(first["coverage"], abs=2e-3)


@pytest.mark.parametrize("name", LAST)
def test_predictions_are_of_the_committed_weights(name: str) -> None:
    """Where this fails, a training was made anew: run ``python -m paper_nas predict all``."""
    settings = STORE.manifest(name).configuration
    model = load_trained(STORE, f"training/{settings['training']}")
    assert weights_sha256(model) == settings["weights_sha256"]
    assert settings["gp"]["method"] == ESTIMATORS[settings["estimator"]]


@pytest.mark.parametrize("name", PROCESSES)
def test_weights_and_process_give_predictions_again(name: str, data_of: DataOf) -> None:
    dataset = data_of(name)
    model = load_trained(STORE, f"training/{STORE.manifest(name).configuration['training']}")
    latents, _ = encode_graphs(model, dataset.graphs(dataset.test_index[:400]))
    mean, sd = SparseGP.load(STORE.path(name, "gp.safetensors")).predict(
        latents.double().numpy(), return_std=True
    )
    arrays = STORE.load_arrays(name, "predictions.npz")
    unit = STORE.load_json(name, "prediction.json")["target_sd"]
    np.testing.assert_allclose(mean / unit, arrays["mean"][:400] / unit, atol=2e-2)
    np.testing.assert_allclose(sd, arrays["sd"][:400], rtol=1e-2)


@pytest.mark.parametrize("name", [n for n in PROCESSES if n in LAST])
def test_weights_give_a_probe_again(name: str, data_of: DataOf) -> None:
    dataset = data_of(name)
    model = load_trained(STORE, f"training/{STORE.manifest(name).configuration['training']}")
    parts = [[dataset.architectures[i] for i in rows]
             for rows in (dataset.train_index, dataset.test_index)]  # fmt: skip
    train, test = (latents_of(model, part) for part in parts)
    found = linear_readout(train, parts[0], test, parts[1])
    stored = STORE.load_json(name, "probes.json")["readout"]
    assert found.skips == pytest.approx(stored["skips"], abs=1e-3)
    assert found.accuracy == pytest.approx(stored["accuracy"], abs=3e-3)


@pytest.mark.parametrize("name", [n for n in MODELS if "_t-" not in n])
def test_parts_of_the_squared_error_add_up(name: str) -> None:
    split = STORE.load_json(name, "probes.json")["wiring"]
    if split is not None:
        assert split["of_mean"] + split["by_operations"] == pytest.approx(split["total"])
        rmse = STORE.load_json(name, "prediction.json")["repeats"][0]["rmse"]
        assert split["total"] == pytest.approx(rmse**2, rel=0.35)  # other rows, by chance


@pytest.mark.parametrize(
    "name", [n for n in NAMES if STORE.manifest(n).configuration.get("baseline") in CHEAP]
)
def test_cheap_baselines_come_out_again(name: str, data_of: DataOf) -> None:
    settings = STORE.manifest(name).configuration
    again = baseline_performance(settings["baseline"], data_of(name).scored_by(), progress=False)
    stored = STORE.load_json(name, "prediction.json")
    assert again.rmse is not None
    assert again.rmse.mean == pytest.approx(stored["rmse"][0], rel=1e-6)
