"""Weights by name, from the repository and without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import paper_nas
from paper_nas.artifacts import Manifest, ResultMissing, ResultStore
from paper_nas.config import PRESETS
from paper_nas.graphs import GraphBatch
from paper_nas.models.weights import model_weights, weights_sha256
from paper_nas.space import EnasSpace
from paper_nas.training import fresh_model, load_trained
from tests.conftest import own_results


def keep(folder: Path, name: str, model: str, **package: object) -> None:
    """Store an untrained model of the smallest preset as if it were a training."""
    config = PRESETS["smoke"]
    weights = {} if package else model_weights(fresh_model(model, config))
    manifest = Manifest("train", {"model": model, **config.to_json_dict()}, 0, {}, 0.0, 0.0)
    manifest.package.update(package)
    ResultStore(folder).write(
        f"training/{name}", manifest, tensor_files={"weights.safetensors": weights}
    )


def test_the_committed_models_have_short_names() -> None:
    names = paper_nas.pretrained_names()
    assert "dvae_fast-128_seed-0" in names
    model = paper_nas.load_pretrained("dvae-emb")
    stored = load_trained(ResultStore(), "training/dvae-emb_fast-128_seed-0")
    assert weights_sha256(model) == weights_sha256(stored)
    graphs = GraphBatch.from_architectures(EnasSpace().sample(40, seed=0))
    with torch.no_grad():
        rebuilt = model.decode(model.encode(graphs)[0]).equals(graphs)
    assert rebuilt.float().mean() > 0.8


def test_every_name_can_be_loaded() -> None:
    own = own_results()
    for name in paper_nas.pretrained_names():
        if f"training/{name}" not in own:
            continue
        settings = ResultStore().manifest(f"training/{name}").configuration
        assert paper_nas.load_pretrained(name).latent_size == settings["latent_size"]


def test_an_unknown_name_is_answered_with_the_known(tmp_path: Path) -> None:
    keep(tmp_path, "gcn_fast-128_seed-0", "gcn")
    keep(tmp_path, "gcn_fast-128_seed-7", "gcn")
    assert paper_nas.pretrained_names(tmp_path) == ("gcn_fast-128_seed-0", "gcn_fast-128_seed-7")
    with pytest.raises(ResultMissing, match="no weights named 'dvae'; there are gcn, gcn_fast"):
        paper_nas.load_pretrained("dvae", tmp_path)


def test_without_the_repository_the_remedy_is_told(tmp_path: Path) -> None:
    for call in (paper_nas.pretrained_names, lambda f: paper_nas.load_pretrained("dvae", f)):
        with pytest.raises(ResultMissing, match="not with the installed package"):
            call(tmp_path / "results")


def test_a_model_of_a_plugin_wants_its_file(tmp_path: Path) -> None:
    keep(tmp_path, "mine-12345678_fast-128_seed-0", "mine", plugin={"file": "mine.py"})
    with pytest.raises(ResultMissing, match=r"'mine' of mine\.py: load that file first"):
        paper_nas.load_pretrained("mine-12345678", tmp_path)


def test_the_package_s_root_stays_light() -> None:
    code = (
        "import sys, paper_nas\n"
        "heavy = {'torch', 'numpy', 'paper_nas.training'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert 'load_pretrained' in paper_nas.__all__\n"
        "from paper_nas import load_pretrained\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_other_names_are_not_invented() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load_everything'"):
        paper_nas.load_everything  # type: ignore[attr-defined]  # noqa: B018
