"""Searches in the latent space of a trained auto-encoder (paper section 4.3).

Glossary of shapes: ``P`` points with a score, ``Q`` latents, ``Z`` latent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from paper_nas.artifacts import read_arrays, write_arrays
from paper_nas.evaluation import encode_graphs
from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae
from paper_nas.models.weights import weights_sha256
from paper_nas.regression import SparseGP
from paper_nas.search.acquisition import BATCH_VARIANCES, BatchChooser, Belief
from paper_nas.search.base import Proposal, StartSet, Strategy
from paper_nas.space import Architecture

REFITS = ("warm", "fresh")
DECODES = {"most-frequent": 20, "first-valid": 500}
"""Ways of decoding a latent, and how many sampled decodes each may use."""
INCUMBENTS = ("model", "observed")
PROCESS_FILE, POINTS_FILE = "process.safetensors", "points.npz"
ATTEMPTS = 4
"""Latents that may be tried for each new architecture wanted."""


def encode(model: GraphVae, architectures: Sequence[Architecture]) -> np.ndarray:
    """Posterior means ``[Q, Z]`` float64."""
    graphs = GraphBatch.from_architectures(list(architectures), model.max_vertices)
    latents: np.ndarray = encode_graphs(model, graphs)[0].double().numpy()
    return latents


def decode(
    model: GraphVae,
    latents: np.ndarray,
    num_layers: int,
    how: str = "most-frequent",
    seed: int = 0,
) -> list[Architecture | None]:
    """One architecture of each latent, ``None`` where no sampled decode is valid.

    Args:
        model: The model.
        latents: ``[Q, Z]``.
        num_layers: Decodes with another number of layers do not count.
        how: A key of :data:`DECODES`. ``"first-valid"`` is what the released code does, where a
            slip keeps it from taking the most frequent (released_code_spec section 9).
        seed: Of the sampled decisions.

    Raises:
        ValueError: An unknown way of decoding.
    """
    if how not in DECODES:
        raise ValueError(f"how must be one of {sorted(DECODES)}, not {how!r}")
    generator = torch.Generator().manual_seed(seed)
    votes: list[Counter[Architecture]] = [Counter() for _ in latents]
    waiting, left = list(range(len(latents))), DECODES[how]
    while waiting and left:
        step = left if how == "most-frequent" else min(left, DECODES["most-frequent"])
        rows = [row for row in waiting for _ in range(step)]
        inputs = torch.from_numpy(latents[rows]).float()
        with torch.no_grad():
            graphs = model.decode(inputs, sample=True, generator=generator)
        for row, found in zip(rows, graphs.to_architectures(), strict=True):
            first = how == "most-frequent" or not votes[row]
            if found is not None and found.num_layers == num_layers and first:
                votes[row][found] += 1
        waiting, left = [row for row in waiting if not votes[row]], left - step
    return [vote.most_common(1)[0][0] if vote else None for vote in votes]


class LatentStrategy(Strategy):
    """What searches in a latent space share.

    Args:
        model: A trained model; it is not changed.
        decode: A key of :data:`DECODES`.
        repeats: Evaluate an architecture again when another latent decodes to it, as the released
            code does. Otherwise such a latent costs no evaluation, and another one is tried.

    Raises:
        ValueError: An unknown way of decoding.
    """

    def __init__(
        self, model: GraphVae, decode: str = "most-frequent", repeats: bool = False
    ) -> None:
        """Keep the settings."""
        if decode not in DECODES:
            raise ValueError(f"decode must be one of {sorted(DECODES)}, not {decode!r}")
        self.model, self.decode, self.repeats = model, decode, repeats

    def settings(self) -> dict[str, Any]:
        """See :meth:`Strategy.settings`."""
        return {
            "decode": self.decode,
            "repeats": self.repeats,
            "model_sha256": weights_sha256(self.model),
        }

    def begin(self, start: StartSet, seed: int) -> None:
        """Encode the start set: ``points`` ``[P, Z]`` and their ``values`` ``[P]``."""
        super().begin(start, seed)
        self.points, self.values = encode(self.model, start.architectures), start.scores.copy()

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest value of each coordinate over the points so far."""
        return self.points.min(axis=0), self.points.max(axis=0)

    def _add(self, points: list[np.ndarray], values: list[float]) -> None:
        if points:
            self.points = np.vstack([self.points, *(point[None] for point in points)])
            self.values = np.append(self.values, values)

    def tell(self, proposals: Sequence[Proposal], scores: Sequence[float]) -> None:
        """The latents that were proposed, not those of what they decode to, become points."""
        super().tell(proposals, scores)
        self._add([p.latent for p in proposals if p.latent is not None], list(map(float, scores)))

    def _accept(
        self, tried: Sequence[Proposal], taken: set[Architecture], wanted: int
    ) -> list[Proposal]:
        """Of decoded latents those to evaluate; the others become points with known scores."""
        accepted: list[Proposal] = []
        points: list[np.ndarray] = []
        values: list[float] = []
        for proposal in tried:
            found = proposal.architecture
            if len(accepted) == wanted:
                break
            new = found not in taken and found not in self.known
            if found is None or self.repeats or new:
                accepted.append(proposal)
                if found is not None:
                    taken.add(found)
            elif found in self.known and proposal.latent is not None:
                self._remark("already known")
                points.append(proposal.latent)
                values.append(self.known[found])
            else:
                self._remark("already in the batch")
        self._add(points, values)
        return accepted

    def _remark(self, what: str, count: int = 1) -> None:
        self.remarks[what] = self.remarks.get(what, 0) + count

    def _from_the_box(
        self, taken: set[Architecture], wanted: int, generator: np.random.Generator
    ) -> list[Proposal]:
        """What uniform points of the box decode to."""
        accepted: list[Proposal] = []
        for _ in range(ATTEMPTS):
            if len(accepted) == wanted:
                break
            latents = generator.uniform(*self.box, size=(wanted, self.points.shape[1]))
            found = self._decoded(latents, generator)
            tried = [Proposal(a, z) for a, z in zip(found, latents, strict=True)]
            accepted += self._accept(tried, taken, wanted - len(accepted))
        return accepted

    def _decoded(
        self, latents: np.ndarray, generator: np.random.Generator
    ) -> list[Architecture | None]:
        seed, layers = int(generator.integers(2**62)), self.start.space.num_layers
        return decode(self.model, latents, layers, self.decode, seed)

    def save(self, folder: Path) -> None:
        """Keep the points, which hold more than was told."""
        write_arrays(folder / POINTS_FILE, {"points": self.points, "values": self.values})

    def load(self, folder: Path) -> None:
        """Take them back."""
        stored = read_arrays(folder / POINTS_FILE)
        self.points, self.values = stored["points"], stored["values"]


class LatentRandom(LatentStrategy):
    """Decodes uniform points of the box that the encoded start set spans."""

    name: ClassVar[str] = "latent-random"

    def ask(self, number: int, count: int) -> list[Proposal]:
        """See :meth:`Strategy.ask`."""
        self.remarks = {}
        return self._from_the_box(set(), count, self.generator(number))


class LatentBO(LatentStrategy):
    """Batch Bayesian optimisation in the latent space, the paper's protocol.

    Each round fits a sparse Gaussian process to all points so far and chooses a batch by expected
    improvement, from uniform candidates in the box refined by L-BFGS-B. Where :data:`ATTEMPTS`
    latents for each architecture wanted do not give enough new ones, uniform points of the box
    fill the batch. The defaults deviate from the released code in ``refit``, ``decode``,
    ``repeats`` and ``process``; :data:`AS_RELEASED` holds its own values.

    Args:
        model: See :class:`LatentStrategy`.
        decode: Likewise.
        repeats: Likewise.
        refit: ``"warm"``: begin each fit where the last one ended; ``"fresh"``: from scratch.
        incumbent: ``"model"``: improve on the greatest mean over the box, as released;
            ``"observed"``: on the best score.
        batch_variance: See :class:`Belief`; ``"inducing"`` is as released.
        candidates: Random points of each round.
        process: Settings of :class:`SparseGP` that replace its own.

    Raises:
        ValueError: An unknown value.
    """

    name: ClassVar[str] = "latent-bo"

    def __init__(
        self,
        model: GraphVae,
        decode: str = "most-frequent",
        repeats: bool = False,
        refit: str = "warm",
        incumbent: str = "model",
        batch_variance: str = "inducing",
        candidates: int = 10_000,
        process: dict[str, Any] | None = None,
    ) -> None:
        """Keep the settings."""
        super().__init__(model, decode, repeats)
        for value, allowed in (
            (refit, REFITS), (incumbent, INCUMBENTS), (batch_variance, BATCH_VARIANCES)
        ):  # fmt: skip
            if value not in allowed:
                raise ValueError(f"{value!r} is none of {allowed}")
        self.refit, self.incumbent, self.batch_variance = refit, incumbent, batch_variance
        self.candidates, self.process = candidates, dict(process or {})

    def settings(self) -> dict[str, Any]:
        """See :meth:`Strategy.settings`."""
        return {
            **super().settings(),
            "refit": self.refit,
            "incumbent": self.incumbent,
            "batch_variance": self.batch_variance,
            "candidates": self.candidates,
            "process": self.process,
        }

    def begin(self, start: StartSet, seed: int) -> None:
        """See :meth:`LatentStrategy.begin`."""
        super().begin(start, seed)
        self.scale = (float(start.scores.mean()), float(start.scores.std()) or 1.0)
        self.fitted: SparseGP | None = None

    def fit(self, number: int) -> SparseGP:
        """Fit the process to all points, targets standardised as the start set's.

        With fewer than twice as many different points as inducing points, fewer of these are used.
        """
        settings: dict[str, Any] = {"progress": False, **self.process}
        different = len(np.unique(self.points, axis=0))
        most = min(settings.get("inducing_points", SparseGP().inducing_points), different // 2)
        if self.fitted is not None:
            most = self.fitted.inducing_points
        settings |= {"inducing_points": max(1, most), "target_scale": self.scale}
        process = SparseGP(**settings, seed=1000 * self.seed + number)
        start = self.fitted if self.refit == "warm" else None
        self.fitted = process.fit(self.points, self.values, start=start)
        return self.fitted

    def ask(self, number: int, count: int) -> list[Proposal]:
        """See :meth:`Strategy.ask`."""
        generator, self.remarks = self.generator(number), {}
        chooser = self._chooser(self.fit(number), generator)
        accepted: list[Proposal] = []
        taken: set[Architecture] = set()
        left = count if self.repeats else ATTEMPTS * count
        while left and len(accepted) < count:
            tried = self._choose(chooser, min(left, count - len(accepted)), generator)
            if not tried:
                break
            left -= len(tried)
            accepted += self._accept(tried, taken, count - len(accepted))
        if missing := count - len(accepted):
            others = self._from_the_box(taken, missing, generator)
            self._remark("filled up at random", len(others))
            accepted += others
        return accepted

    def _chooser(self, process: SparseGP, generator: np.random.Generator) -> BatchChooser:
        belief = Belief(process, self.batch_variance)
        latents = generator.uniform(*self.box, size=(self.candidates, self.points.shape[1]))
        return BatchChooser(belief, latents, self.box, self._observed())

    def _observed(self) -> float | None:
        if self.incumbent == "model":
            return None
        return (max(self.known.values()) - self.scale[0]) / self.scale[1]

    def _choose(
        self, chooser: BatchChooser, count: int, generator: np.random.Generator
    ) -> list[Proposal]:
        chosen = [found for found in (chooser.next() for _ in range(count)) if found]
        decoded = self._architectures(chosen, generator)
        location, scale = self.scale
        return [
            Proposal(a, latent, location + scale * mean, scale * variance**0.5)
            for a, (_, latent, mean, variance) in zip(decoded, chosen, strict=True)
        ]

    def _architectures(
        self,
        chosen: Sequence[tuple[int, np.ndarray, float, float]],
        generator: np.random.Generator,
    ) -> list[Architecture | None]:
        return self._decoded(np.array([latent for _, latent, _, _ in chosen]), generator)

    def save(self, folder: Path) -> None:
        """Keep the points, and the process that the next fit begins with."""
        super().save(folder)
        if self.fitted is not None:
            self.fitted.save(folder / PROCESS_FILE)

    def load(self, folder: Path) -> None:
        """Take both back."""
        super().load(folder)
        self.fitted = SparseGP.load(folder / PROCESS_FILE)


class MutationBO(LatentBO):
    """:class:`LatentBO` whose candidates are encoded mutations of the best architectures.

    The new neighbours of the best known architectures, best first, as many as there are
    candidates; the choice is among them, so that nothing is refined and nothing decoded.
    """

    name: ClassVar[str] = "latent-bo-mutations"

    def _chooser(self, process: SparseGP, generator: np.random.Generator) -> BatchChooser:
        self._pool = self._mutations(generator)
        latents = encode(self.model, self._pool)
        return BatchChooser(Belief(process, self.batch_variance), latents, None, self._observed())

    def _from_the_box(
        self, taken: set[Architecture], wanted: int, generator: np.random.Generator
    ) -> list[Proposal]:
        return []  # every new mutation was taken

    def _mutations(self, generator: np.random.Generator) -> list[Architecture]:
        pool: dict[Architecture, None] = {}
        for parent in self.ranked(generator):
            for child in self.start.space.neighbours(parent):
                if child not in self.known:
                    pool[child] = None
            if len(pool) >= self.candidates:
                break
        return list(pool)[: self.candidates]

    def _architectures(
        self,
        chosen: Sequence[tuple[int, np.ndarray, float, float]],
        generator: np.random.Generator,
    ) -> list[Architecture | None]:
        return [self._pool[place] for place, *_ in chosen]


AS_RELEASED: dict[str, Any] = {
    "decode": "first-valid",
    "repeats": True,
    "refit": "fresh",
    "incumbent": "model",
    "batch_variance": "inducing",
    "process": {"method": "propagation"},
}
"""Settings of :class:`LatentBO` with which it does what the released code does."""
