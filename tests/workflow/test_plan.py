"""What is out of date, and why: by versions and checksums, not by times of files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from paper_nas.artifacts import ResultStore, read_tensors
from paper_nas.models import build_model
from paper_nas.models.weights import model_weights, tensors_sha256, weights_sha256
from paper_nas.steps import STEP_VERSIONS
from tests.workflow.samples import (
    BASELINE,
    EVALUATED,
    EXPLORED,
    OTHER,
    OTHER_EVALUATED,
    PREDICTED,
    PROJECTED,
    TRAINED,
    UNTRAINED,
    full_store,
    listed,
    store_result,
)
from workflow.catalogue import Result
from workflow.plan import MISSING, Plan, plan_as_json, plan_as_text

CHAIN = [EVALUATED, PREDICTED, PROJECTED, EXPLORED]
LATER = "2026-02-01T00:00:00+00:00"


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Result]:
    return listed(tmp_path)


@pytest.fixture
def store(tmp_path: Path, results: dict[str, Result]) -> ResultStore:
    return full_store(tmp_path, results)


def raised(step: str) -> dict[str, int]:
    return {**STEP_VERSIONS, step: STEP_VERSIONS[step] + 1}


def test_a_full_store_has_nothing_to_do(results: dict[str, Result], store: ResultStore) -> None:
    for path in store.root.glob("training/**/*"):
        os.utime(path)  # newer than all that was made from them
    plan = Plan(results, store)
    assert plan.reasons == {}
    assert "nothing to do" in plan_as_text(plan)
    assert plan.unlisted() == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("train", [TRAINED, *CHAIN, OTHER, OTHER_EVALUATED]),
        ("evaluate", [EVALUATED, OTHER_EVALUATED]),
        ("predict", [PREDICTED, EXPLORED]),
        ("project", [UNTRAINED, PROJECTED]),
        ("prepare-explorer", [EXPLORED]),
        ("baseline", [BASELINE]),
        ("search", []),
    ],
)
def test_a_higher_version_makes_its_results_and_what_follows(
    results: dict[str, Result], store: ResultStore, step: str, expected: list[str]
) -> None:
    plan = Plan(results, store, raised(step))
    assert set(plan.reasons) == set(expected)
    for name in expected:
        direct = results[name].step == step
        assert f"{step} is at version" in plan.reasons[name] if direct else "is to be made"


def test_a_new_result_of_the_higher_version_is_up_to_date(
    results: dict[str, Result], store: ResultStore
) -> None:
    version = STEP_VERSIONS["evaluate"] + 1
    store_result(store, results[EVALUATED], version=version)
    assert list(Plan(results, store, raised("evaluate")).reasons) == [OTHER_EVALUATED]
    assert EVALUATED in Plan(results, store).reasons, "nor is it up to date for the lower one"


def test_what_is_missing_is_made_and_what_follows(
    results: dict[str, Result], store: ResultStore
) -> None:
    (store.root / PREDICTED / "manifest.json").unlink()
    plan = Plan(results, store)
    assert plan.reasons == {PREDICTED: MISSING, EXPLORED: f"{PREDICTED} is to be made"}
    lines = plan_as_text(plan).splitlines()
    assert lines[1] == results[PREDICTED].command


@pytest.mark.parametrize("damage", ["changed", "gone", "manifest"])
def test_what_is_damaged_is_made_again(
    results: dict[str, Result], store: ResultStore, damage: str
) -> None:
    path = store.root / EXPLORED / "record.json"
    if damage == "gone":
        path.unlink()
    elif damage == "changed":
        path.write_text("[2]")
    else:
        path.with_name("manifest.json").write_text("{")
    assert list(Plan(results, store).reasons) == [EXPLORED]


def test_another_training_of_the_same_name_is_noticed(
    results: dict[str, Result], store: ResultStore
) -> None:
    store_result(store, results[TRAINED], weight=2.0)
    plan = Plan(results, store)
    assert list(plan.reasons) == CHAIN
    assert plan.reasons[EVALUATED] == f"{TRAINED}/weights.safetensors is another file now"


def test_the_same_training_again_changes_nothing(
    results: dict[str, Result], store: ResultStore
) -> None:
    store_result(store, results[TRAINED], created=LATER)
    assert Plan(results, store).reasons == {}


def test_other_settings_and_other_data_are_noticed(
    results: dict[str, Result], store: ResultStore
) -> None:
    store_result(store, results[OTHER], epochs=5)
    assert "epochs is 5, the list asks for 3" in Plan(results, store).reasons[OTHER]
    store_result(store, results[OTHER])
    manifest = store.manifest(BASELINE)
    other = replace(manifest, dataset={**manifest.dataset, "sha256": "0" * 64})
    store.write(BASELINE, other, json_files={"record.json": [1.0]})
    assert Plan(results, store).reasons == {BASELINE: "enas-cifar10 is another file now"}


def test_what_is_stored_but_not_listed_is_said(tmp_path: Path, store: ResultStore) -> None:
    few = listed(tmp_path, "predict: [{model: baselines, baseline: lookup}]")
    plan = Plan(few, store)
    assert TRAINED in plan.unlisted()
    assert plan_as_json(plan)["unlisted"] == plan.unlisted()


# ---- manifests that are older than versions and inputs -------------------------------------------


def test_without_inputs_the_later_of_two_commands_decides(
    tmp_path: Path, results: dict[str, Result]
) -> None:
    store = full_store(tmp_path, results, inputs=False)
    assert Plan(results, store).reasons == {}
    store_result(store, results[OTHER], inputs=False, created=LATER)
    assert Plan(results, store).reasons == {OTHER_EVALUATED: f"{OTHER} was made after it"}


def test_without_inputs_checksums_in_the_configuration_decide(
    tmp_path: Path, results: dict[str, Result]
) -> None:
    store = full_store(tmp_path, results, inputs=False)
    weights = store.root / TRAINED / "weights.safetensors"
    right = tensors_sha256(read_tensors(weights)[0])
    for name in (PREDICTED, PROJECTED):
        store_result(store, results[name], inputs=False, weights_sha256=right)
    assert Plan(results, store).reasons == {}
    store_result(store, results[PROJECTED], inputs=False, weights_sha256="0" * 64)
    assert Plan(results, store).reasons == {PROJECTED: f"{TRAINED} has other weights now"}
    store_result(store, results[PROJECTED], inputs=False, weights_sha256=right)
    settings = {"training": TRAINED.removeprefix("training/"), "weights_sha256": "0" * 64}
    store_result(store, results[EXPLORED], inputs=False, **settings)
    reasons = Plan(results, store).reasons
    assert reasons == {EXPLORED: f"{TRAINED}/weights.safetensors is another file now"}


def test_the_checksum_of_stored_weights_is_that_of_the_model() -> None:
    model = build_model("svae", hidden_size=8, latent_size=4)
    halves = {name: value.half() for name, value in model_weights(model).items()}
    for name, value in model_weights(model).items():
        value.data.copy_(halves[name])
    assert tensors_sha256(halves) == weights_sha256(model)
