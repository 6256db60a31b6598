"""How a model is trained: one frozen configuration, and the presets.

Sources: ``paper`` is released_code_spec section 6. ``fast-128``, with larger operation codes, was
chosen by trials on a validation slice (``results/trials``); ``fast`` carries it to the paper's
hidden size, and ``faithful-128`` differs from it by the paper's codes only. ``smoke`` only shows
that everything runs, and ``laptop`` made the four trainings of chapter 3.
"""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

PRESET_VARIABLE = "PAPER_NAS_PRESET"
"""Environment variable: the preset that notebooks use for their live cells."""

SCHEDULES = ("plateau", "hold-then-fall")


@dataclass(frozen=True)
class TrainingConfig:
    """Configuration of one training.

    Attributes:
        hidden_size: Hidden units ``H``.
        latent_size: Latent dimensions ``Z``.
        embedding_size: Width of a learnable operation table.
        operation_scale: Constant factor of the operation codes; 1 is as published.
        initial_table: Start of an operation table, ``"normal"`` (paper), ``"released"`` (code),
            ``"identity"`` or ``"given"``.
        given_table: The table that ``initial_table="given"`` starts from.
        learn_table: Whether training changes the operation table.
        decoder_state: What the decoder's type classifier sees, ``"newest"`` vertex or ``"sum"`` of
            all (``None``: the model's published choice).
        epochs: Passes over the training part, in each iteration.
        iterations: The paper's ``T``: after each iteration only the operation table is kept, and
            everything else starts afresh.
        batch_size: Graphs per step.
        learning_rate: Adam's rate at the start.
        schedule: ``"plateau"`` divides the rate by 10 after 10 epochs without progress (the
            released code); ``"hold-then-fall"`` holds it, then lowers it linearly to zero.
        hold: Fraction of the steps for which ``"hold-then-fall"`` holds the rate.
        clip: Largest gradient norm per graph of the batch (``None``: no clipping).
        beta: Weight of the KL term.
        label_weight: Weight of the squared error (in standard deviations) of a linear prediction
            of the score from the posterior mean; 0, as published, has no such term.
        num_layers: Layers of every architecture.
        seed: Seed of initial weights, batch order and noise.
        train_limit: Use only the first rows of the training part (``None``: all).
        snapshots: Epochs after which the weights are kept beside the checkpoint.
    """

    hidden_size: int = 501
    latent_size: int = 56
    embedding_size: int = 3
    operation_scale: float = 1.0
    initial_table: str = "normal"
    given_table: tuple[tuple[float, ...], ...] | None = None
    learn_table: bool = True
    decoder_state: str | None = None
    epochs: int = 300
    iterations: int = 1
    batch_size: int = 32
    learning_rate: float = 1e-4
    schedule: str = "plateau"
    hold: float = 0.7
    clip: float | None = None
    beta: float = 0.005
    label_weight: float = 0.0
    num_layers: int = 6
    seed: int = 0
    train_limit: int | None = None
    snapshots: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check the values."""
        object.__setattr__(self, "snapshots", tuple(self.snapshots))
        if self.given_table is not None:
            object.__setattr__(self, "given_table", tuple(map(tuple, self.given_table)))
        if (self.given_table is not None) != (self.initial_table == "given"):
            raise ValueError("a given_table and initial_table='given' go together")
        positive = (
            "hidden_size",
            "latent_size",
            "num_layers",
            "epochs",
            "iterations",
            "batch_size",
        )
        for name in positive:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise ValueError(f"learning_rate must be positive, not {self.learning_rate}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {SCHEDULES}, not {self.schedule!r}")
        if not 0.0 <= self.hold <= 1.0:
            raise ValueError(f"hold must be in [0, 1], not {self.hold}")
        if not (self.label_weight >= 0 and math.isfinite(self.label_weight)):
            raise ValueError(f"label_weight must not be negative, not {self.label_weight}")
        if self.train_limit is not None and self.train_limit < 1:
            raise ValueError(f"train_limit must be at least 1, not {self.train_limit}")

    def to_json_dict(self) -> dict[str, Any]:
        """All values, ready for JSON."""
        table = self.given_table and [list(row) for row in self.given_table]
        return {**asdict(self), "snapshots": list(self.snapshots), "given_table": table}

    @classmethod
    def from_json_dict(cls, values: dict[str, Any]) -> TrainingConfig:
        """The inverse of :meth:`to_json_dict`; what is missing has its default.

        Raises:
            ValueError: A name that is no field.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown configuration fields: {sorted(unknown)}")
        return cls(**values)

    def changed(self, **values: Any) -> TrainingConfig:
        """A copy with some values changed."""
        return replace(self, **values)


_FAST = TrainingConfig(
    operation_scale=20.0,
    epochs=40,
    batch_size=64,
    learning_rate=1e-3,
    schedule="hold-then-fall",
    hold=0.5,
    clip=1.0,
    snapshots=(1, 3, 10, 40),
)

PRESETS: dict[str, TrainingConfig] = {
    "smoke": TrainingConfig(
        hidden_size=32,
        latent_size=16,
        operation_scale=10.0,
        epochs=3,
        batch_size=32,
        learning_rate=5e-3,
        schedule="hold-then-fall",
        train_limit=512,
    ),
    "fast": _FAST,
    "laptop": TrainingConfig(
        operation_scale=10.0,
        epochs=30,
        batch_size=64,
        learning_rate=1e-3,
        schedule="hold-then-fall",
        snapshots=(1, 3, 10, 30),
    ),
    "fast-128": _FAST.changed(hidden_size=128, batch_size=128, learning_rate=2e-3),
    "faithful-128": _FAST.changed(
        hidden_size=128, batch_size=128, learning_rate=2e-3, operation_scale=1.0
    ),
    "paper": TrainingConfig(seed=1, snapshots=(1, 3, 10, 30, 100, 200, 300)),
}
"""Named configurations."""


def preset_from_environment(default: str = "smoke") -> str:
    """Name of the preset for live cells: ``$PAPER_NAS_PRESET``, or ``default``.

    Raises:
        ValueError: The variable names no preset.
    """
    name = os.environ.get(PRESET_VARIABLE, default)
    if name not in PRESETS:
        raise ValueError(f"{PRESET_VARIABLE}={name} is not one of {', '.join(PRESETS)}")
    return name
