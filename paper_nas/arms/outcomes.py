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
    OTHER_SEEDS,
    PAIR,
    PAIRED_SEEDS,
    Arm,
    DataArm,
    planned_arms,
)
from paper_nas.arms.run import RECORD, is_stored, table_distances
from paper_nas.artifacts import ResultStore

Records = Mapping[Arm, dict[str, Any]]

LEARNED_LOSS = 3.0
"""Reconstruction loss in nats per graph by which epochs are counted."""

RESTARTS = 4
"""Trainings with fresh tables that the paper's four iterations are held against."""

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
        p_difference: Adjusted over the family; ``None`` while seeds of any arm are missing.
        p_equivalence: Likewise.
        verdict: Likewise, see :func:`paper_nas.arms.judge.verdict`.
    """

    data: str
    gaps: tuple[float, ...]
    found: PairedDifference
    p_difference: float | None
    p_equivalence: float | None
    verdict: str | None


def stored_arms(store: ResultStore) -> dict[Arm, dict[str, Any]]:
    """The records of all arms of the plan that are stored and up to date."""
    return {a: store.load_json(a.name, RECORD) for a in planned_arms() if is_stored(a, store)}


def paired_gaps(
    records: Records,
    data: DataArm,
    outcome: str = "RMSE",
    scale: str = "matched",
    codes: tuple[str, str] = PAIR,
) -> dict[int, float]:
    """One code's figure less that of another, for each seed that has both.

    Args:
        records: See :func:`stored_arms`.
        data: The data arm.
        outcome: A key of :data:`OUTCOMES`.
        scale: Of the codes.
        codes: Keys of :data:`paper_nas.arms.plan.CODE_ARMS`; second less first.
    """
    gaps = {}
    for seed in range(PAIRED_SEEDS):
        pair = [records.get(Arm(data, code, scale, seed)) for code in codes]
        values = [OUTCOMES[outcome](record) for record in pair if record is not None]
        if len(values) == 2 and None not in values:
            gaps[seed] = values[1] - values[0]
    return gaps


def primary_outcome(records: Records) -> list[Primary]:
    """The preregistered tests, for each data arm that has two pairs or more.

    Adjusted p values and verdicts are given once all arms of the family have all their seeds, as
    the adjustment is over the whole family.
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
        different, equal = adjusted[f"{name} difference"], adjusted[f"{name} equivalence"]
        judged = (different, equal, verdict(different, equal, pair.mean))
        rows.append(
            Primary(name, tuple(gaps[name].values()), pair, *(judged if complete else [None] * 3))
        )
    return rows


def table_matches(records: Records, data: DataArm, scale: str = "matched") -> dict[int, Match]:
    """How well the distances in the embedding's table follow what operations do, by seed."""
    effects = operation_distances()
    arms = {seed: Arm(data, "embedding", scale, seed) for seed in range(PAIRED_SEEDS)}
    return {seed: match_distances(table_distances(records[arm]), effects)
            for seed, arm in arms.items() if arm in records}  # fmt: skip


def gap_map(records: Records, outcome: str = "RMSE") -> np.ndarray:
    """Mean of the embedding's figure less that of one-hot, over the same two seeds in each cell.

    Returns:
        ``[tilts, weights]``, NaN where nothing is stored.
    """
    cells = np.full((len(MAP_TILTS), len(MAP_WEIGHTS)), np.nan)
    for i, tilt in enumerate(MAP_TILTS):
        for j, weight in enumerate(MAP_WEIGHTS):
            found = paired_gaps(records, DataArm(tilt, weight), outcome)
            if gaps := [gap for seed, gap in found.items() if seed < OTHER_SEEDS]:
                cells[i, j] = np.mean(gaps)
    return cells


def restarts_against_iterations(
    records: Records, data: DataArm, outcome: str = "RMSE"
) -> dict[int, tuple[float, float]]:
    """The paper's four iterations, and four trainings with fresh tables, at the matched scale.

    Returns:
        For each seed of ``four-iterations``: its figure, and the mean over the embedding's seeds
        0 to 3; empty until all four are there.
    """
    fresh = [records.get(Arm(data, "embedding", "matched", seed)) for seed in range(RESTARTS)]
    known = [OUTCOMES[outcome](record) for record in fresh if record is not None]
    if len(known) < RESTARTS or None in known:
        return {}
    arms = {seed: Arm(data, "four-iterations", "matched", seed) for seed in range(OTHER_SEEDS)}
    return {seed: (OUTCOMES[outcome](records[arm]), float(np.mean(known)))
            for seed, arm in arms.items() if arm in records}  # fmt: skip
