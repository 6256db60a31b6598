"""The graph variational auto-encoder: operation encoding + encoder + decoder.

Source: paper equation 1 and section 3.2; released_code_spec section 2 for what is computed: the
noise of the posterior sample is multiplied by 0.01, the KL term by 0.005, and all terms are sums
over the batch.

Glossary of shapes: ``B`` graphs, ``N`` vertices, ``K`` vertex types, ``H`` hidden, ``Z`` latent.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paper_nas.graphs import GraphBatch
from paper_nas.models.generation import Decoder
from paper_nas.operations import OperationEncoding

NOISE_FACTOR = 0.01
"""Factor of the posterior noise in training (released_code_spec section 2)."""


class Elbo(NamedTuple):
    """The training loss and its parts, sums over the batch, in nats.

    Attributes:
        total: ``reconstruction + beta * kl``, a scalar.
        reconstruction: Negative log-likelihood of the graphs, a scalar.
        kl: Kullback-Leibler divergence of the posterior from N(0, 1), a scalar.
    """

    total: Tensor
    reconstruction: Tensor
    kl: Tensor


class LossTerms(NamedTuple):
    """The negative log-likelihood by vertex, sums over the batch, in nats.

    Attributes:
        types: ``[N - 1]``, cross-entropy of the type of vertex ``1 .. N - 1``.
        edges: ``[N - 1]``, binary cross-entropy of the edges into that vertex.
    """

    types: Tensor
    edges: Tensor

    @property
    def total(self) -> Tensor:
        """The reconstruction loss, a scalar."""
        return self.types.sum() + self.edges.sum()


class GraphVae(nn.Module):
    """A variational auto-encoder of labelled DAGs.

    Args:
        operations: The operation encoding, shared by encoder and decoder.
        encoder: A module from a batch of graphs and the codes ``[K, E]`` to vectors ``[B, H]``.
        decoder: Latents to graphs.
        hidden_size: ``H``.
        latent_size: ``Z``.

    Attributes:
        score_head: A linear map from the posterior mean to the standardised score, trained along
            with the rest (Table 2 of the paper predicts scores from latents; its models never see
            one), or ``None``, as published.
    """

    score_head: nn.Linear | None

    def __init__(
        self,
        operations: OperationEncoding,
        encoder: nn.Module,
        decoder: Decoder,
        hidden_size: int,
        latent_size: int,
    ) -> None:
        """Put the parts together and create the posterior's two linear maps."""
        super().__init__()
        self.operations = operations
        self.encoder = encoder
        self.posterior_mean = nn.Linear(hidden_size, latent_size)
        self.posterior_log_variance = nn.Linear(hidden_size, latent_size)
        self.decoder = decoder
        self.score_head = None
        self.latent_size = latent_size
        self.max_vertices = decoder.max_vertices
        self.unused_released: dict[str, Tensor] = {}

    def encode(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the posterior of each graph.

        Args:
            batch: ``B`` graphs of at most ``N`` vertices.

        Returns:
            Two tensors ``[B, Z]``.

        Raises:
            ValueError: The batch is padded to another ``N`` than the model's.
        """
        self._check_size(batch)
        vectors = self.encoder(batch, self.operations.table())
        return self.posterior_mean(vectors), self.posterior_log_variance(vectors)

    def elbo(
        self,
        batch: GraphBatch,
        noise: bool = True,
        beta: float = 0.005,
        generator: torch.Generator | None = None,
    ) -> Elbo:
        """The training loss: a weighted, negative evidence lower bound.

        Args:
            batch: ``B`` graphs.
            noise: Sample the latent around its mean; otherwise the mean is decoded.
            beta: Weight of the KL term.
            generator: Source of the noise.

        Raises:
            ValueError: The batch is padded to another ``N`` than the model's.
        """
        return self.elbo_with_terms(batch, noise, beta, generator)[0]

    def elbo_with_terms(
        self,
        batch: GraphBatch,
        noise: bool = True,
        beta: float = 0.005,
        generator: torch.Generator | None = None,
    ) -> tuple[Elbo, LossTerms]:
        """As :meth:`elbo`, with the reconstruction loss split by vertex."""
        return self.elbo_at(batch, *self.encode(batch), noise, beta, generator)

    def elbo_at(
        self,
        batch: GraphBatch,
        mean: Tensor,
        log_variance: Tensor,
        noise: bool = True,
        beta: float = 0.005,
        generator: torch.Generator | None = None,
    ) -> tuple[Elbo, LossTerms]:
        """As :meth:`elbo_with_terms`, for a posterior that is known already.

        Args:
            batch: ``B`` graphs.
            mean: ``[B, Z]``, what :meth:`encode` returns.
            log_variance: ``[B, Z]``, likewise.
            noise: As in :meth:`elbo`.
            beta: Likewise.
            generator: Likewise.
        """
        latents = mean
        if noise:
            draw = torch.empty_like(mean).normal_(generator=generator)
            latents = mean + NOISE_FACTOR * draw * torch.exp(0.5 * log_variance)
        kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
        terms = self.loss_terms(batch, latents)
        return Elbo(terms.total + beta * kl, terms.total, kl), terms

    def loss_terms(self, batch: GraphBatch, latents: Tensor) -> LossTerms:
        """Negative log-likelihood of the graphs under the decoder, by vertex.

        Absent vertices count as the released code counts them: the type START and no edges
        (released_code_spec section 3).

        Args:
            batch: ``B`` graphs.
            latents: ``[B, Z]``.
        """
        type_logits, edge_logits = self.teacher_forced_logits(batch, latents)
        type_loss = F.cross_entropy(
            type_logits.transpose(1, 2), batch.types[:, 1:], reduction="none"
        ).sum(0)
        edge_loss = []
        for vertex in range(1, self.max_vertices):
            sources = self.decoder.num_sources(vertex)
            edges = batch.adjacency[:, :sources, vertex].to(edge_logits.dtype)
            logits = edge_logits[:, :sources, vertex]
            edge_loss.append(F.binary_cross_entropy_with_logits(logits, edges, reduction="sum"))
        return LossTerms(type_loss, torch.stack(edge_loss))

    def teacher_forced_logits(self, batch: GraphBatch, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of all decoder decisions, given that the earlier ones were right.

        Args:
            batch: ``B`` graphs.
            latents: ``[B, Z]``.

        Returns:
            Type logits ``[B, N - 1, K]`` of vertices ``1 .. N - 1``; edge logits ``[B, N, N]``,
            entry ``[b, u, v]``, NaN where the decoder decides nothing: D-VAE and GCN models decide
            ``u < v``, S-VAE and GraphRNN all ``u < N - 1``, ``v > 0``.

        Raises:
            ValueError: Shapes that do not fit.
        """
        self._check_size(batch)
        self._check_latents(latents)
        if len(latents) != len(batch):
            raise ValueError(f"{len(latents)} latents for {len(batch)} graphs")
        return self.decoder.teacher_forced(batch, latents, self.operations.table())

    def decode(
        self, latents: Tensor, sample: bool = False, generator: torch.Generator | None = None
    ) -> GraphBatch:
        """Graphs from latents.

        Args:
            latents: ``[B, Z]``.
            sample: Sample every decision, as the paper's metrics do; otherwise take the likeliest
                type, and edges with probability above 1/2.
            generator: Source of randomness when sampling.

        Raises:
            ValueError: The latents are not ``[B, Z]``.
        """
        self._check_latents(latents)
        return self.decoder.generate(latents, self.operations.table(), sample, generator)

    def _check_size(self, batch: GraphBatch) -> None:
        if batch.max_vertices != self.max_vertices:
            raise ValueError(
                f"graphs padded to {batch.max_vertices} vertices, model of {self.max_vertices}"
            )

    def _check_latents(self, latents: Tensor) -> None:
        if latents.dim() != 2 or latents.shape[1] != self.latent_size:
            raise ValueError(f"latents must be [B, {self.latent_size}], not {list(latents.shape)}")
