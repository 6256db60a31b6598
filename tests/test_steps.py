"""Steps and their versions: in manifests, in what is current, and in where unfinished work lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paper_nas import __main__ as cli
from paper_nas.artifacts import OWN_CHECKSUM, Manifest, ResultStore
from paper_nas.commands import evaluate as evaluate_command
from paper_nas.commands import train as train_command
from paper_nas.steps import STEP_VERSIONS, step_record
from tests.samples import tiny_dataset

TRAINING = "svae_smoke_epochs-1_seed-0"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run a command of a small training, with folders of its own."""
    for module in (train_command, evaluate_command):
        monkeypatch.setattr(module, "load_dataset", lambda name: tiny_dataset(32))

    def command(*words: str) -> ResultStore:
        folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
        settings = ["--preset", "smoke", "--epochs", "1", "--seed", "0", "--quiet"]
        assert cli.main([words[0], "svae", *settings, *folders, *words[1:]]) == 0
        return ResultStore(tmp_path / "results")

    return command


def test_versions_are_positive_and_a_step_must_be_known() -> None:
    assert all(isinstance(v, int) and v >= 1 for v in STEP_VERSIONS.values())
    with pytest.raises(KeyError, match="no-step"):
        step_record("no-step")


def test_a_manifest_without_a_step_is_of_version_1(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    manifest = Manifest("python -m paper_nas x", {"a": 1}, 0, {"name": "n", "sha256": ""}, 1.0, 1.0)
    store.write("x/y", manifest, json_files={"z.json": 1})
    path = tmp_path / "x" / "y" / "manifest.json"
    content = json.loads(path.read_text())
    for later in ("step", "inputs", OWN_CHECKSUM):  # what manifests did not always have
        del content[later]
    path.write_text(json.dumps(content))
    assert (store.manifest("x/y").version, store.manifest("x/y").inputs) == (1, {})
    assert store.is_current("x/y", {"a": 1}, version=1)
    assert not store.is_current("x/y", {"a": 1}, version=2)


def test_commands_name_their_step_and_what_they_start_from(run) -> None:  # type: ignore[no-untyped-def]
    store = run("train", "--keep-weights")
    trained = store.manifest(f"training/{TRAINING}")
    assert trained.step == {"name": "train", "version": STEP_VERSIONS["train"]}
    run("evaluate", "--decodes", "1")
    evaluated = store.manifest(f"evaluation/{TRAINING}")
    assert evaluated.step["name"] == "evaluate"
    weights = f"training/{TRAINING}/weights.safetensors"
    assert evaluated.inputs == {weights: trained.files["weights.safetensors"]}
    run("evaluate", "--decodes", "1", "--epoch", "0")
    assert store.manifest(f"evaluation/{TRAINING}_t-1_e-0").inputs == {}, "it is untrained"


def test_without_weights_a_training_is_known_by_its_history(run) -> None:  # type: ignore[no-untyped-def]
    store = run("train")
    run("evaluate", "--decodes", "1")
    history = store.manifest(f"training/{TRAINING}").files["history.json"]
    inputs = store.manifest(f"evaluation/{TRAINING}").inputs
    assert inputs == {f"training/{TRAINING}/history.json": history}


def test_a_higher_version_does_not_go_on_with_what_the_last_one_left(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    store = run("train", "--resume")
    first = store.load_json(f"training/{TRAINING}", "history.json")
    run("train", "--resume")
    assert store.load_json(f"training/{TRAINING}", "history.json") == first, "nothing was trained"
    monkeypatch.setitem(STEP_VERSIONS, "train", 2)
    run("train", "--resume")
    assert store.load_json(f"training/{TRAINING}", "history.json") != first
    assert store.manifest(f"training/{TRAINING}").version == 2
    assert (tmp_path / "runs" / "train-version-2" / TRAINING / "checkpoint.safetensors").is_file()
    run("evaluate", "--decodes", "1")  # finds the checkpoint there
