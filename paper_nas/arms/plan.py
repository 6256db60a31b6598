"""The plan of the arms: which trainings answer when an operation embedding can learn something.

A *data arm* says what architectures a model sees, and whether it sees their scores; a *code arm*
says how operations are coded. Codes are trained at two scales of their input: as published, and
*matched*, that is, multiplied so that the rows of a table start with the root mean square norm
:data:`MATCHED_NORM` (of drawn tables, in expectation; of a table that another arm learned, with the
factor that it was learned with). ``four-iterations`` is trained at the matched scale only. Written
down before the first of these trainings: ``book/preregistration.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from paper_nas.config import TrainingConfig
from paper_nas.operations import RELEASED_TABLE
from paper_nas.space import NUM_VERTEX_TYPES

MATCHED_NORM = 20.0
"""Norm of a code at the matched scale: that of a one-hot code under the presets ``fast``."""

SCALES = ("matched", "published")

ARM_CONFIG = TrainingConfig(
    hidden_size=64,
    epochs=40,
    batch_size=64,
    learning_rate=2e-3,
    schedule="hold-then-fall",
    hold=0.5,
    clip=1.0,
)
"""What all arms share."""


@dataclass(frozen=True)
class DataArm:
    """What a model is trained on.

    Attributes:
        tilt: Architectures are drawn one after another, without repetition, with odds proportional
            to ``exp(tilt * z)``, where ``z`` is the standardised score; 0 is uniform sampling.
        label_weight: See :class:`paper_nas.config.TrainingConfig`.
    """

    tilt: float = 0.0
    label_weight: float = 0.0

    @property
    def name(self) -> str:
        """Short, for names of results.

        >>> DataArm().name, DataArm(tilt=2).name, DataArm(1, 4).name
        ('uniform', 'tilt-2', 'tilt-1_label-4')
        """
        tilt = f"tilt-{self.tilt:g}" if self.tilt else ""
        label = f"label-{self.label_weight:g}" if self.label_weight else ""
        return "_".join(part for part in (tilt, label) if part) or "uniform"


DATA_ARMS = {"uniform": DataArm(), "tilted": DataArm(tilt=2.0), "labelled": DataArm(0.0, 4.0)}
"""The three of the plan by the names that the chapter gives them."""

MAP_TILTS, MAP_WEIGHTS = (0.0, 1.0, 2.0), (0.0, 1.0, 4.0)
"""Of the map over sampling tilt and label weight."""


@dataclass(frozen=True)
class CodeArm:
    """How operations are coded.

    Attributes:
        model: ``"dvae"`` or ``"dvae-emb"``.
        width: ``E``.
        initial: Start of the table.
        learn: Whether it is learned.
        table: ``"learned"`` takes the table that the arm ``embedding`` ended with for the same
            data, scale and seed; ``"shuffled"`` the same with the operations' rows exchanged so
            that none keeps its own; ``""`` neither.
        iterations: The paper's ``T``.
    """

    model: str = "dvae-emb"
    width: int = 3
    initial: str = "normal"
    learn: bool = True
    table: str = ""
    iterations: int = 1


CODE_ARMS = {
    "one-hot": CodeArm(model="dvae"),
    "embedding": CodeArm(),
    "frozen": CodeArm(learn=False),
    "learned-table": CodeArm(initial="given", learn=False, table="learned"),
    "shuffled-table": CodeArm(initial="given", learn=False, table="shuffled"),
    "identity": CodeArm(width=NUM_VERTEX_TYPES, initial="identity"),
    "released": CodeArm(initial="released"),
    "four-iterations": CodeArm(iterations=4),
    **{f"width-{width}": CodeArm(width=width) for width in (1, 2, 6, 8)},
}
"""All codes; ``embedding`` has width 3, and four of its seeds are the restarts that
``four-iterations`` is held against."""

PAIR = ("one-hot", "embedding")
PAIRED_SEEDS, OTHER_SEEDS = 10, 2


@dataclass(frozen=True)
class Arm:
    """One training.

    Attributes:
        data: What it is trained on.
        code: A key of :data:`CODE_ARMS`.
        scale: A member of :data:`SCALES`.
        seed: Of initial weights, batch order and noise. The data have one seed for all.
    """

    data: DataArm
    code: str
    scale: str
    seed: int

    @property
    def name(self) -> str:
        """Name of its result."""
        return f"arms/{self.data.name}/{self.code}_{self.scale}_seed-{self.seed}"

    @property
    def source(self) -> Arm | None:
        """The arm whose learned table this one takes, if any."""
        return replace(self, code="embedding") if CODE_ARMS[self.code].table else None


def arm_config(arm: Arm, table: Sequence[Sequence[float]] | None = None) -> TrainingConfig:
    """The configuration of an arm's training.

    Args:
        arm: Which.
        table: ``[K, E]`` for an arm that takes a table.

    Raises:
        ValueError: A table is missing, or not wanted.
    """
    code = CODE_ARMS[arm.code]
    if (table is None) == bool(code.table):
        raise ValueError(f"{arm.code} {'needs a' if code.table else 'takes no'} table")
    given = None if table is None else tuple(map(tuple, table))
    return ARM_CONFIG.changed(
        embedding_size=code.width,
        initial_table=code.initial,
        given_table=given,
        learn_table=code.learn,
        iterations=code.iterations,
        operation_scale=_factor(arm, given),
        label_weight=arm.data.label_weight,
        seed=arm.seed,
    )


def _factor(arm: Arm, table: Any) -> float:
    """The constant in front of the codes.

    A table drawn from N(0, 1) is matched in expectation, so that luck in its norm stays; a table
    that an arm ended with keeps the factor that it was learned with.
    """
    code = CODE_ARMS[arm.code]
    if arm.scale == "published":
        return 1.0
    if code.initial == "released":
        return MATCHED_NORM / math.sqrt(sum(v * v for row in RELEASED_TABLE for v in row)
                                        / NUM_VERTEX_TYPES)  # fmt: skip
    one_hot = code.model == "dvae" or code.initial == "identity"
    return MATCHED_NORM if one_hot else MATCHED_NORM / math.sqrt(code.width)


def shuffled_operations(
    table: Sequence[Sequence[float]], seed: int
) -> tuple[tuple[float, ...], ...]:
    """A table in which every operation has the row of another; START and END keep theirs.

    Args:
        table: ``[K, E]``, START and END in the first two rows.
        seed: Of the random cycle along which the rows move.
    """
    order = np.random.default_rng(seed).permutation(np.arange(2, NUM_VERTEX_TYPES))
    moved = {int(old): int(new) for old, new in zip(order, np.roll(order, 1), strict=True)}
    return tuple(tuple(table[moved.get(row, row)]) for row in range(NUM_VERTEX_TYPES))


def planned_arms() -> Iterator[Arm]:
    """Every training of the plan, once, what decides most first."""
    seen: set[Arm] = set()
    for arm in _in_order():
        if arm not in seen:
            seen.add(arm)
            yield arm


def _in_order() -> Iterator[Arm]:
    data = DATA_ARMS.values()
    for seed in range(PAIRED_SEEDS):
        yield from (Arm(d, code, "matched", seed) for d in data for code in PAIR)
    for seed in range(OTHER_SEEDS):
        yield from (Arm(d, code, "published", seed) for d in data for code in PAIR)
        yield from (Arm(d, code, "matched", seed) for d in data for code in CODE_ARMS)
        cells = [DataArm(tilt, weight) for tilt in MAP_TILTS for weight in MAP_WEIGHTS]
        yield from (Arm(d, code, "matched", seed) for d in cells for code in PAIR)
    yield from (Arm(d, code, "published", 0) for d in data for code in CODE_ARMS
                if code != "four-iterations")  # fmt: skip
