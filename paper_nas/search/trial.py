"""A trial: everything that one search evaluated, and what it cost.

Glossary of shapes: ``E`` evaluations, ``L`` layers, ``b`` skip bits, ``Z`` latent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from paper_nas.oracles import PROVENANCES
from paper_nas.search.base import Proposal, SearchBudget
from paper_nas.space import Architecture

UNDECODABLE = "undecodable"
SOURCES = (*PROVENANCES, UNDECODABLE)
"""Where the score of an evaluation comes from; a latent without an architecture has none."""
NOTHING = 255
"""Operation and skip bit of an architecture that is not there, in arrays."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One row of the table of a trial.

    Attributes:
        round: From 1.
        proposal: What was proposed, with what was predicted.
        score: The oracle's answer; NaN where there is none, or the answer was not finite.
        source: One of :data:`SOURCES`.
        new_pattern: No architecture of the start set has its skip pattern.
    """

    round: int
    proposal: Proposal
    score: float
    source: str
    new_pattern: bool

    @property
    def architecture(self) -> Architecture | None:
        """The architecture that was evaluated."""
        return self.proposal.architecture

    @property
    def failed(self) -> bool:
        """There is an architecture, but no finite score."""
        return self.architecture is not None and not math.isfinite(self.score)


@dataclass(eq=False)
class Trial:
    """A search with one seed.

    Attributes:
        strategy: Its name.
        settings: Its settings.
        oracle: Name of the oracle.
        budget: What was allowed.
        seed: Of all random choices.
        start: See :meth:`StartSet.to_json_dict`.
        evaluations: In the order they were made.
        rounds: Of each round: its number, ``evaluations``, CPU and wall seconds of the strategy,
            CPU seconds of the oracle, and the strategy's ``remarks``.
        exhausted: The strategy had nothing new to propose before the budget was used.
    """

    strategy: str
    settings: dict[str, Any]
    oracle: str
    budget: SearchBudget
    seed: int
    start: dict[str, Any]
    evaluations: list[Evaluation] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    exhausted: bool = False

    def identity(self) -> dict[str, Any]:
        """What decides all numbers of the trial; two equal ones give equal trials."""
        return {
            "strategy": self.strategy,
            "settings": self.settings,
            "oracle": self.oracle,
            "batch": self.budget.batch,
            "seed": self.seed,
            "start": self.start,
        }

    @property
    def scored(self) -> list[Evaluation]:
        """The evaluations that gave a finite score."""
        return [e for e in self.evaluations if math.isfinite(e.score)]

    def scores(self, exact: bool = False) -> np.ndarray:
        """``[E]``, the scores in order, NaN where there is none.

        Args:
            exact: Only what was recorded or measured; fitted scores become NaN too.
        """
        return np.array(
            [math.nan if exact and e.source == "fitted" else e.score for e in self.evaluations]
        )

    def best_so_far(self, exact: bool = False) -> np.ndarray:
        """``[E]``, the best score after each evaluation; minus infinity before the first."""
        scores = self.scores(exact)
        best: np.ndarray = np.maximum.accumulate(np.where(np.isfinite(scores), scores, -np.inf))
        return best

    def top(self, count: int) -> list[Evaluation]:
        """The best different architectures, best first; of equal scores the one found first."""
        first: dict[Architecture, Evaluation] = {}
        for evaluation in sorted(self.scored, key=lambda e: -e.score):
            assert evaluation.architecture is not None
            first.setdefault(evaluation.architecture, evaluation)
        return list(first.values())[:count]

    def table(self) -> pd.DataFrame:
        """One row per evaluation: everything but the latents."""
        rows = [
            {
                "round": e.round,
                "architecture": "" if e.architecture is None else str(e.architecture),
                "score": e.score,
                "provenance": e.source,
                "predicted mean": e.proposal.mean,
                "predicted sd": e.proposal.sd,
                "new skip pattern": e.new_pattern,
            }
            for e in self.evaluations
        ]
        return pd.DataFrame(rows)


def trial_arrays(trial: Trial, latents: bool = True, exact: bool = False) -> dict[str, np.ndarray]:
    """The evaluations of a trial as arrays; :func:`evaluations_from_arrays` reads them.

    Args:
        trial: The trial.
        latents: Keep the latents.
        exact: Keep every digit, for a checkpoint; otherwise latents are float16, predictions
            float32.
    """
    count = len(trial.evaluations)
    found = [e.architecture for e in trial.evaluations]
    layers = max((a.num_layers for a in found if a is not None), default=0)
    arrays: dict[str, np.ndarray] = {
        "round": np.array([e.round for e in trial.evaluations], dtype=np.int16),
        "operations": np.full((count, layers), NOTHING, dtype=np.uint8),
        "skips": np.full((count, layers * (layers - 1) // 2), NOTHING, dtype=np.uint8),
        "score": trial.scores(),
        "source": np.array([SOURCES.index(e.source) for e in trial.evaluations], dtype=np.uint8),
        "new_pattern": np.array([e.new_pattern for e in trial.evaluations], dtype=bool),
    }
    for row, architecture in enumerate(found):
        if architecture is not None:
            arrays["operations"][row] = architecture.operations
            arrays["skips"][row] = architecture.skips
    small = (np.float64, np.float64) if exact else (np.float32, np.float16)
    for name in ("mean", "sd"):
        values = [getattr(e.proposal, name) for e in trial.evaluations]
        arrays[name] = np.array(values, dtype=small[0])
    proposed = [e.proposal.latent for e in trial.evaluations]
    if latents and proposed and all(latent is not None for latent in proposed):
        arrays["latent"] = np.array(proposed, dtype=small[1])
    return arrays


def evaluations_from_arrays(arrays: Mapping[str, np.ndarray]) -> list[Evaluation]:
    """The inverse of :func:`trial_arrays`, as far as it kept the digits."""
    latents = arrays.get("latent")
    evaluations = []
    for row, number in enumerate(arrays["round"].tolist()):
        operations = arrays["operations"][row].tolist()
        architecture = None
        if operations and operations[0] != NOTHING:
            architecture = Architecture(tuple(operations), tuple(arrays["skips"][row].tolist()))
        proposal = Proposal(
            architecture,
            None if latents is None else latents[row].astype(np.float64),
            float(arrays["mean"][row]),
            float(arrays["sd"][row]),
        )
        evaluations.append(
            Evaluation(
                round=number,
                proposal=proposal,
                score=float(arrays["score"][row]),
                source=SOURCES[arrays["source"][row]],
                new_pattern=bool(arrays["new_pattern"][row]),
            )
        )
    return evaluations


def summarise(trial: Trial) -> dict[str, Any]:
    """Figures of one trial, ready for JSON.

    ``new_patterns`` counts the different skip patterns outside the start set whose score is at
    least the start set's best, those recorded or measured apart from those that a fitted model
    predicted.
    """
    found = [e.architecture for e in trial.evaluations if e.architecture is not None]
    threshold = trial.start["best"]
    beyond = [e for e in trial.scored if e.new_pattern and e.score >= threshold]
    return {
        "evaluations": len(trial.evaluations),
        "undecodable": sum(e.source == UNDECODABLE for e in trial.evaluations),
        "failed": sum(e.failed for e in trial.evaluations),
        "architectures": len(set(found)),
        "patterns": len({a.skips for a in found}),
        "best": _greatest(trial.scores()),
        "best_exact": _greatest(trial.scores(exact=True)),
        "mean_last_round": _mean(e.score for e in trial.scored if e.round == len(trial.rounds)),
        "threshold": threshold,
        "new_patterns": {
            "exact": _patterns(beyond, fitted=False),
            "fitted": _patterns(beyond, fitted=True),
        },
        "cpu_seconds": sum(r["cpu_seconds"] for r in trial.rounds),
        "exhausted": trial.exhausted,
    }


def _greatest(scores: np.ndarray) -> float | None:
    finite = scores[np.isfinite(scores)]
    return float(finite.max()) if len(finite) else None


def _mean(scores: Any) -> float | None:
    values = list(scores)
    return float(np.mean(values)) if values else None


def _patterns(evaluations: list[Evaluation], fitted: bool) -> int:
    chosen = [e for e in evaluations if (e.source == "fitted") == fitted]
    return len({e.architecture.skips for e in chosen if e.architecture is not None})
