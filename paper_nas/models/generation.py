"""What all decoders have in common: their interface, and the rules by which a graph grows.

Source: released_code_spec sections 4 and 5.

Glossary of shapes: ``B`` graphs, ``N`` vertices, ``K`` vertex types, ``E`` code width, ``Z``
latent.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from paper_nas.graphs import GraphBatch
from paper_nas.space import END, START


class Decoder(nn.Module):
    """Base class: latent vectors to labelled DAGs.

    Attributes:
        max_vertices: ``N``.
    """

    max_vertices: int

    def num_sources(self, vertex: int) -> int:
        """From how many vertices ``u = 0, 1, ...`` the loss counts an edge into ``vertex``."""
        return vertex

    def teacher_forced(
        self, batch: GraphBatch, latents: Tensor, codes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of all decisions, given that all earlier ones were right.

        Args:
            batch: ``B`` graphs.
            latents: ``[B, Z]``.
            codes: ``[K, E]``.

        Returns:
            Type logits ``[B, N - 1, K]`` of vertices ``1 .. N - 1``, and edge logits
            ``[B, N, N]``: entry ``[b, u, v]`` for ``u < num_sources(v)``, NaN elsewhere.
        """
        raise NotImplementedError

    def generate(
        self,
        latents: Tensor,
        codes: Tensor,
        sample: bool = False,
        generator: torch.Generator | None = None,
    ) -> GraphBatch:
        """Decode graphs, most likely decisions or sampled ones.

        The type at the last position is END. When END is drawn, every vertex without an out-edge
        gets one to END, and the graph is finished.

        Args:
            latents: ``[B, Z]``.
            codes: ``[K, E]``.
            sample: Draw types from the softmax and edges by their probability; otherwise take the
                largest logit and edges with probability above 1/2.
            generator: Source of randomness when sampling.

        Returns:
            ``B`` graphs of 2 to ``N`` vertices.
        """
        raise NotImplementedError


class GrowingGraphs:
    """Graphs to which vertices are added, from START to END; it makes the decisions.

    Args:
        count: ``B``.
        max_vertices: ``N``.
        sample: Draw decisions; otherwise take the likeliest.
        generator: Source of randomness when sampling.
        device: Where the graphs are.

    Attributes:
        types: ``[B, N]`` so far.
        adjacency: ``[B, N, N]`` so far.
        active: ``[B]``, the graphs that are not finished.
    """

    def __init__(
        self,
        count: int,
        max_vertices: int,
        sample: bool,
        generator: torch.Generator | None,
        device: torch.device,
    ) -> None:
        """Start with the vertex START alone."""
        self.max_vertices, self.sample, self.generator = max_vertices, sample, generator
        self.types = torch.full((count, max_vertices), START, device=device)
        self.adjacency = torch.zeros(count, max_vertices, max_vertices, device=device)
        self.counts = torch.full((count,), max_vertices, device=device)
        self.active = torch.ones(count, dtype=torch.bool, device=device)

    def add_vertex(self, vertex: int, logits: Tensor | None = None) -> Tensor:
        """Choose the types at one position, and finish the graphs where it is END.

        Args:
            vertex: The position, ``1 .. N - 1``.
            logits: ``[B, K]``; ``None`` at the last position, which is END.

        Returns:
            ``[B]``, the types (those of finished graphs mean nothing).
        """
        kinds = torch.full_like(self.counts, END) if logits is None else self._choose_types(logits)
        self.types[:, vertex] = torch.where(self.active, kinds, self.types[:, vertex])
        ending = self.active & (kinds == END)
        loose = self.adjacency[:, :vertex].sum(2) == 0
        self.adjacency[:, :vertex, vertex] = (loose & ending[:, None]).float()
        self.counts[ending] = vertex + 1
        self.active = self.active & ~ending
        return kinds

    def add_edges(self, sources: int | slice, vertex: int, logits: Tensor) -> Tensor:
        """Choose whether edges go into a new vertex.

        Args:
            sources: One source position, or a range of ``S``.
            vertex: The target position.
            logits: ``[B]``, or ``[B, S]``.

        Returns:
            The choices, bool, in the shape of ``logits``; false in finished graphs.
        """
        if self.sample:
            uniform = torch.rand(logits.shape, generator=self.generator, device=logits.device)
            chosen = uniform < logits.sigmoid()
        else:
            chosen = logits > 0
        chosen &= self.active.reshape(-1, *[1] * (logits.dim() - 1))
        self.adjacency[:, sources, vertex] += chosen  # keeps the loose ends of those just ended
        return chosen

    def graphs(self) -> GraphBatch:
        """The finished graphs."""
        return GraphBatch(self.types, self.adjacency, self.counts)

    def _choose_types(self, logits: Tensor) -> Tensor:
        if not self.sample:
            return logits.argmax(dim=1)
        return torch.multinomial(logits.softmax(dim=1), 1, generator=self.generator)[:, 0]
