"""Models from a file of one's own: loading, names, and what results say of them."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore
from paper_nas.commands import evaluate as evaluate_command
from paper_nas.commands import train as train_command
from paper_nas.models import build_model, plugins, registry, to_released_weights
from paper_nas.models.plugins import PluginError, load_plugin, plugin_of
from paper_nas.models.registry import model_names
from tests.samples import tiny_dataset
from tests.test_examples import TEMPLATE

OTHER = """
from paper_nas.models import register_model

@register_model({name!r})
def model(spec):
    raise RuntimeError("not built here")
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugin outlives its test."""
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))
    monkeypatch.setattr(plugins, "_LOADED", {})


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = replace(tiny_dataset(32), name="enas-cifar10")
    for module in (train_command, evaluate_command):
        monkeypatch.setattr(module, "load_dataset", lambda name: dataset)


def write(path: Path, name: str) -> Path:
    path.write_text(OTHER.format(name=name), encoding="utf-8")
    return path


def run(folder: Path, command: str, *words: str) -> int:
    shared = ["--preset", "smoke", "--epochs", "1", "--quiet"]
    folders = ["--runs", str(folder / "runs"), "--results", str(folder / "results")]
    return cli.main([command, "vertex-sum", *words, *shared, *folders])


def test_a_file_is_loaded_once() -> None:
    plugin = load_plugin(TEMPLATE)
    assert plugin.models == ("vertex-sum",)
    assert plugin.sha256 == hashlib.sha256(TEMPLATE.read_bytes()).hexdigest()
    assert load_plugin(str(TEMPLATE)) is plugin
    assert plugin_of("vertex-sum") is plugin
    assert plugin_of("dvae") is None
    assert plugin.origin() == {"file": "own_encoder.py", "sha256": plugin.sha256}


def test_a_file_that_has_changed_replaces_its_models(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", "first-name")
    first = load_plugin(path)
    write(path, "second")
    second = load_plugin(path)
    assert first.sha256 != second.sha256
    assert "second" in model_names()
    assert "first-name" not in model_names()
    assert plugin_of("first-name") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "registers no model"),
        (OTHER.format(name="My_Model"), "lower-case words"),
    ],
)
def test_a_file_that_is_no_plugin(tmp_path: Path, text: str, message: str) -> None:
    path, before = tmp_path / "mine.py", model_names()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PluginError, match=message):
        load_plugin(path)
    assert model_names() == before


def test_a_name_that_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, before = write(tmp_path / "mine.py", "dvae"), model_names()
    with pytest.raises(PluginError, match=r"mine\.py: a model named 'dvae' exists already"):
        load_plugin(path)
    assert model_names() == before
    with pytest.raises(SystemExit, match="2"):
        run(tmp_path, "train", "--plugin", str(path))
    assert "exists already; choose another name" in capsys.readouterr().err
    assert build_model("dvae", hidden_size=8, latent_size=4).latent_size == 4


def test_an_error_in_the_file_leaves_nothing_behind(tmp_path: Path) -> None:
    path, before = write(tmp_path / "mine.py", "half-done"), model_names()
    path.write_text(path.read_text(encoding="utf-8") + "\n1 / 0\n", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        load_plugin(path)
    assert model_names() == before


def test_the_template_has_no_released_counterpart() -> None:
    load_plugin(TEMPLATE)
    with pytest.raises(ValueError, match="no counterpart"):
        to_released_weights(build_model("vertex-sum", hidden_size=8, latent_size=4))


def test_results_name_the_file_and_its_version(tmp_path: Path, tiny: None) -> None:
    path = tmp_path / "mine.py"
    shutil.copy(TEMPLATE, path)
    assert run(tmp_path, "train", "--plugin", str(path)) == 0
    assert run(tmp_path, "evaluate", "--plugin", str(path), "--decodes", "1") == 0
    path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert run(tmp_path, "train", "--plugin", str(path)) == 0
    old, new = (hashlib.sha256(file.read_bytes()).hexdigest() for file in (TEMPLATE, path))
    store = ResultStore(tmp_path / "results")
    assert set(store.names()) == {
        f"training/vertex-sum-{old[:8]}_smoke_epochs-1_seed-0",
        f"evaluation/vertex-sum-{old[:8]}_smoke_epochs-1_seed-0",
        f"training/vertex-sum-{new[:8]}_smoke_epochs-1_seed-0",
    }
    for name in store.names():
        manifest = store.manifest(name)
        sha256 = old if old[:8] in name else new
        assert manifest.package["plugin"] == {"file": "mine.py", "sha256": sha256}
        assert manifest.configuration["model"] == "vertex-sum"


def test_a_model_of_the_package_names_no_plugin(tmp_path: Path, tiny: None) -> None:
    folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    words = ["train", "dvae", "--preset", "smoke", "--epochs", "1", "--quiet"]
    assert cli.main([*words, "--plugin", str(TEMPLATE), *folders]) == 0
    store = ResultStore(tmp_path / "results")
    assert store.names() == ["training/dvae_smoke_epochs-1_seed-0"]
    assert "plugin" not in store.manifest(store.names()[0]).package


@pytest.mark.parametrize("command", ["train", "trial", "evaluate", "predict"])
def test_without_the_file_the_model_is_unknown(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [] if command == "predict" else ["--epochs", "1"]
    with pytest.raises(SystemExit, match="2"):
        cli.main([command, "vertex-sum", "--preset", "smoke", *words])
    said = capsys.readouterr().err
    assert "invalid choice: 'vertex-sum'" in said
    assert "--plugin FILE" in said


def test_a_file_that_cannot_be_used_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "train", "--plugin", str(tmp_path / "none.py")) == 1
    assert "none.py" in capsys.readouterr().err
    empty = tmp_path / "empty.py"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        run(tmp_path, "train", "--plugin", str(empty))
    assert "registers no model" in capsys.readouterr().err
