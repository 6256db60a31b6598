"""Configurations and presets."""

from __future__ import annotations

import json

import pytest

from paper_nas.config import PRESETS, TrainingConfig, preset_from_environment


def test_the_paper_preset_is_the_published_recipe() -> None:
    """released_code_spec sections 2 and 6."""
    paper = PRESETS["paper"]
    assert (paper.hidden_size, paper.latent_size, paper.embedding_size) == (501, 56, 3)
    assert (paper.epochs, paper.batch_size, paper.learning_rate) == (300, 32, 1e-4)
    assert (paper.operation_scale, paper.beta, paper.clip) == (1.0, 0.005, None)
    assert paper.schedule == "plateau"


@pytest.mark.parametrize("name", PRESETS)
def test_configurations_survive_json(name: str) -> None:
    config = PRESETS[name]
    again = TrainingConfig.from_json_dict(json.loads(json.dumps(config.to_json_dict())))
    assert again == config


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"hidden_size": -1},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"schedule": "cosine"},
        {"hold": 1.5},
        {"train_limit": 0},
        {"iterations": 0},
        {"label_weight": -1.0},
        {"given_table": [[1.0]]},
        {"initial_table": "given"},
    ],
)
def test_bad_values_are_refused(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        PRESETS["smoke"].changed(**change)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="momentum"):
        TrainingConfig.from_json_dict({"momentum": 0.9})


def test_the_environment_chooses_the_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAPER_NAS_PRESET", raising=False)
    assert preset_from_environment() == "smoke"
    monkeypatch.setenv("PAPER_NAS_PRESET", "paper")
    assert preset_from_environment() == "paper"
    monkeypatch.setenv("PAPER_NAS_PRESET", "quick")
    with pytest.raises(ValueError, match="PAPER_NAS_PRESET=quick"):
        preset_from_environment()
