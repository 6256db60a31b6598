"""The stored arms put together: the primary outcome of the plan, and what explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from paper_nas.arms.data import operation_distances
from paper_nas.arms.judge import (
    Match,
    PairedDifference,
    epochs_to,
    holm,
    match_distances,
    paired_difference,
    verdict,
)
from paper_nas.arms.plan import (
    DATA_ARMS,
    MAP_TILTS,
    MAP_WEIGHTS,
    PAIR,
    PAIRED_SEEDS,
    Arm,
    DataArm,
    planned_arms,
)
from paper_nas.arms.run import RECORD, table_distances
from paper_nas.artifacts import ResultStore

Records = Mapping[Arm, dict[str, Any]]

LEARNED_LOSS = 3.0
"""Reconstruction loss in nats per graph by which epochs are counted."""

OUTCOMES = {
    "RMSE": lambda r: r["prediction"]["rmse"],
    "Pearson's r": lambda r: r["prediction"]["pearson"],
    "Moran's I": lambda r: r["smoothness"]["moran"],
    "expected reconstruction (%)": lambda r: 100 * r["reconstruction"]["expected"],
    "greedy reconstruction (%)": lambda r: 100 * r["reconstruction"]["greedy"],
    "validity (%)": lambda r: 100 * r["generation"]["validity"],
    "uniqueness (%)": lambda r: 100 * r["generation"]["uniqueness"],
    "loss in the end (nats)": lambda r: r["training"]["reconstruction"][-1],
    "epochs to 3 nats": lambda r: epochs_to(r["training"]["reconstruction"], LEARNED_LOSS),
}
"""Figures of one training, and where its record holds them."""


@dataclass(frozen=True)
class Primary:
    """The primary outcome in one data arm.

    Attributes:
        data: Name of the data arm.
        gaps: ``[pairs]``, RMSE of the embedding less that of one-hot, by seed.
        found: Their mean, interval and raw p values.
        p_difference: Adjusted over the family, as the next.
        p_equivalence: Likewise.
        verdict: See :func:`paper_nas.arms.judge.verdict`; ``None`` while seeds are missing.
    """

    data: str
    gaps: tuple[float, ...]
    found: PairedDifference
    p_difference: float
    p_equivalence: float
    verdict: str | None


def stored_arms(store: ResultStore) -> dict[Arm, dict[str, Any]]:
    """The records of all arms of the plan that are stored."""
    there = set(store.names())
    return {a: store.load_json(a.name, RECORD) for a in planned_arms() if a.name in there}


def paired_gaps(
    records: Records, data: DataArm, outcome: str = "RMSE", scale: str = "matched"
) -> dict[int, float]:
    """The embedding's figure less that of one-hot, for each seed that has both.

    Args:
        records: See :func:`stored_arms`.
        data: The data arm.
        outcome: A key of :data:`OUTCOMES`.
        scale: Of the codes.
    """
    gaps = {}
    for seed in range(PAIRED_SEEDS):
        pair = [records.get(Arm(data, code, scale, seed)) for code in PAIR]
        values = [OUTCOMES[outcome](record) for record in pair if record is not None]
        if len(values) == 2 and None not in values:
            gaps[seed] = values[1] - values[0]
    return gaps


def primary_outcome(records: Records) -> list[Primary]:
    """The preregistered tests, for each data arm that has two pairs or more.

    A verdict is given once all arms of the family have all their seeds, as the adjustment is over
    the whole family.
    """
    gaps = {name: paired_gaps(records, data) for name, data in DATA_ARMS.items()}
    found = {n: paired_difference([0.0] * len(g), list(g.values()))
             for n, g in gaps.items() if len(g) > 1}  # fmt: skip
    complete = all(len(g) == PAIRED_SEEDS for g in gaps.values())
    adjusted = holm({f"{name} {test}": getattr(pair, f"p_{test}")
                     for name, pair in found.items()
                     for test in ("difference", "equivalence")})  # fmt: skip
    rows = []
    for name, pair in found.items():
        both = adjusted[f"{name} difference"], adjusted[f"{name} equivalence"]
        judged = verdict(*both, pair.mean) if complete else None
        rows.append(Primary(name, tuple(gaps[name].values()), pair, *both, judged))
    return rows


def table_matches(records: Records, data: DataArm, scale: str = "matched") -> dict[int, Match]:
    """How well the distances in the embedding's table follow what operations do, by seed."""
    effects = operation_distances()
    arms = {seed: Arm(data, "embedding", scale, seed) for seed in range(PAIRED_SEEDS)}
    return {seed: match_distances(table_distances(records[arm]), effects)
            for seed, arm in arms.items() if arm in records}  # fmt: skip


def gap_map(records: Records, outcome: str = "RMSE") -> np.ndarray:
    """Mean of the embedding's figure less that of one-hot, over the seeds of each cell.

    Returns:
        ``[tilts, weights]``, NaN where nothing is stored.
    """
    cells = np.full((len(MAP_TILTS), len(MAP_WEIGHTS)), np.nan)
    for i, tilt in enumerate(MAP_TILTS):
        for j, weight in enumerate(MAP_WEIGHTS):
            if gaps := paired_gaps(records, DataArm(tilt, weight), outcome):
                cells[i, j] = np.mean(list(gaps.values()))
    return cells
