"""The autoregressive decoder: a latent vector to a labelled DAG, vertex by vertex, edge by edge.

Source: paper section 3.2.2; released_code_spec sections 3 (teacher-forced loss) and 5 (generation).

Glossary of shapes: ``B`` graphs, ``N`` vertices, ``K`` vertex types, ``E`` code width, ``H``
hidden, ``Z`` latent, ``F = 4H`` width of the edge classifier, ``R`` rows (states that are new after
a true edge).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from paper_nas.graphs import GraphBatch
from paper_nas.models.layers import GruCell, MessageFunction
from paper_nas.space import END, NUM_VERTEX_TYPES, START

GENERATION_CHUNK = 256
"""Graphs decoded together: more would not fit the processor's cache, fewer would waste products."""


@dataclass(frozen=True)
class EdgeSchedule:
    """Which states of one new vertex exist under teacher forcing, and which decision uses which.

    Edges into vertex ``v`` are decided for ``u = v - 1, ..., 0``; each true edge changes the state
    of ``v``. Before the first one the state depends on the type alone: it is one of the ``K + 1``
    rows of a table (the last is the zero state of an absent vertex).

    Attributes:
        sources: For each ``u``, descending, the graphs with the edge ``u -> v``: int64 ``[R_u]``.
        graphs: ``[R]``, the graph of each new state, in the order of ``sources``.
        used: ``[v, B]``, state at each decision ``u``: a table row, or ``offset + r`` for new
            state ``r``.
        final: ``[B]``, state after all decisions: a table row, or ``K + 1 + r``.
    """

    sources: list[Tensor]
    graphs: Tensor
    used: Tensor
    final: Tensor

    @property
    def num_undecided(self) -> int:
        """How many of the new states have a decision left to make: all but those of ``u = 0``."""
        return len(self.graphs) - len(self.sources[-1])


def edge_schedule(batch: GraphBatch, vertex: int, offset: int) -> EdgeSchedule:
    """The schedule of one vertex ``v >= 1`` of a batch.

    Args:
        batch: ``B`` graphs.
        vertex: ``v``.
        offset: Number of the first new state of this vertex in ``used``; at least ``K + 1``.
    """
    table_rows = NUM_VERTEX_TYPES + 1
    edges = batch.adjacency[:, :vertex, vertex] > 0
    present = batch.num_vertices > vertex
    current = torch.where(present, batch.types[:, vertex], NUM_VERTEX_TYPES)
    states: list[Tensor] = []
    sources: list[Tensor] = []
    count = 0
    for u in range(vertex - 1, -1, -1):
        states.append(current)
        rows = edges[:, u].nonzero()[:, 0]
        new = torch.arange(count, count + len(rows), device=edges.device) + table_rows
        current = current.index_copy(0, rows, new)
        sources.append(rows)
        count += len(rows)
    used = torch.stack(states[::-1])
    used = torch.where(used < table_rows, used, used + (offset - table_rows))
    return EdgeSchedule(sources, torch.cat(sources), used, current)


class _EdgeScores(torch.autograd.Function):
    """``w . relu(source + target)`` for all pairs ``u < v``, pair by pair.

    The hidden layer of a pair, ``[B, F]``, is formed, used and dropped, and formed once more in
    the backward pass: storing all of them costs more than adding twice.
    """

    @staticmethod
    def forward(ctx, sources, targets, weight, *used):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(sources, targets, weight, *used)
        scores = []
        for rows in used:
            for u in range(len(rows)):
                hidden = targets.index_select(0, rows[u]).add_(sources[u]).relu_()
                scores.append(hidden @ weight)
        return torch.stack(scores)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        sources, targets, weight, *used = ctx.saved_tensors
        d_sources, d_targets = torch.zeros_like(sources), torch.zeros_like(targets)
        d_weight = torch.zeros_like(weight)
        pair = 0
        for rows in used:
            for u in range(len(rows)):
                hidden = targets.index_select(0, rows[u]).add_(sources[u]).relu_()
                d_weight.addmv_(hidden.T, gradient[pair])
                d_hidden = hidden.sign_().mul_(weight).mul_(gradient[pair].unsqueeze(1))
                d_sources[u] += d_hidden
                d_targets.index_add_(0, rows[u], d_hidden)
                pair += 1
        return d_sources, d_targets, d_weight, *(None for _ in used)


class AutoregressiveDecoder(nn.Module):
    """The D-VAE decoder.

    Args:
        code_width: ``E``.
        hidden_size: ``H``.
        latent_size: ``Z``.
        max_vertices: ``N``.
        messages: The message function, shared with the encoder (released_code_spec section 3).
    """

    def __init__(
        self,
        code_width: int,
        hidden_size: int,
        latent_size: int,
        max_vertices: int,
        messages: MessageFunction,
    ) -> None:
        """Create the recurrent unit and the two classifiers."""
        super().__init__()
        self.max_vertices = max_vertices
        self.messages = messages
        self.start = nn.Linear(latent_size, hidden_size)
        self.gru = GruCell(code_width, hidden_size)
        self.add_vertex = nn.Sequential(
            nn.Linear(hidden_size, 2 * hidden_size),
            nn.ReLU(),
            nn.Linear(2 * hidden_size, NUM_VERTEX_TYPES),
        )
        self.edge_hidden = nn.Linear(2 * hidden_size, 4 * hidden_size)
        self.edge_output = nn.Linear(4 * hidden_size, 1)

    def _edge_halves(self) -> tuple[Tensor, Tensor]:
        """The first layer of the edge classifier, split into source and target half ``[F, H]``."""
        source, target = self.edge_hidden.weight.chunk(2, dim=1)
        return source, target

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
            ``[B, N, N]``: entry ``[b, u, v]``, ``u < v``, as it is when ``u -> v`` is decided;
            NaN elsewhere.
        """
        size = self.max_vertices
        gru, messages = self.gru.sweep(codes), self.messages.sweep()
        table = gru.without_messages()
        table = torch.cat([table, table.new_zeros(1, table.shape[1])])
        starts = torch.full((len(batch),), START, device=latents.device)
        states = [gru(starts, torch.tanh(self.start(latents)))]
        newest, sent, used = [states[0]], [], []
        targets, offset = [table], len(table)
        for vertex in range(1, size):
            sent.append(messages(states[-1], vertex - 1))
            schedule = edge_schedule(batch, vertex, offset)
            new = gru(batch.types[schedule.graphs, vertex], _partial_sums(sent, schedule))
            used.append(schedule.used)
            targets.append(new[: schedule.num_undecided])
            offset += schedule.num_undecided
            if vertex < size - 1:
                states.append(torch.cat([table, new]).index_select(0, schedule.final))
                present = (batch.num_vertices > vertex)[:, None]
                newest.append(torch.where(present, states[-1], newest[-1]))
        types = self.add_vertex(torch.stack(newest, dim=1))
        return types, self._edge_logits(torch.stack(states), torch.cat(targets), used)

    def _edge_logits(self, states: Tensor, targets: Tensor, used: list[Tensor]) -> Tensor:
        """Edge logits ``[B, N, N]`` from final states and all states that faced a decision.

        Args:
            states: ``[N - 1, B, H]``, by vertex.
            targets: ``[T, H]``.
            used: For each vertex ``v`` from 1, rows of ``targets``, ``[v, B]``.
        """
        source_weight, target_weight = self._edge_halves()
        scores = _EdgeScores.apply(
            F.linear(states, source_weight),
            F.linear(targets, target_weight, self.edge_hidden.bias),
            self.edge_output.weight[0],
            *used,
        )
        size = self.max_vertices
        pairs = [(u, v) for v in range(1, size) for u in range(v)]
        sources, vertices = torch.tensor(pairs, device=scores.device).T
        logits = scores.new_full((scores.shape[1], size, size), torch.nan)
        logits[:, sources, vertices] = (scores + self.edge_output.bias).T
        return logits

    @torch.no_grad()
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
        parts = [
            _Generation(self, part, codes, sample, generator).run()
            for part in latents.split(GENERATION_CHUNK)
        ]
        return GraphBatch.concatenate(parts)


def _partial_sums(sent: list[Tensor], schedule: EdgeSchedule) -> Tensor:
    """Sums of messages after each true edge, ``[R, H]``, in the order of the schedule's rows."""
    total = None
    rows = []
    for message, graphs in zip(reversed(sent), schedule.sources, strict=True):
        if total is None:
            total = torch.zeros_like(message)
        total = total.index_add(0, graphs, message.index_select(0, graphs))
        rows.append(total.index_select(0, graphs))
    return torch.cat(rows)


class _Generation:
    """One run of the decoder without teacher forcing."""

    def __init__(
        self,
        decoder: AutoregressiveDecoder,
        latents: Tensor,
        codes: Tensor,
        sample: bool,
        generator: torch.Generator | None,
    ) -> None:
        self.decoder, self.sample, self.generator = decoder, sample, generator
        self.gru, self.messages = decoder.gru.sweep(codes), decoder.messages.sweep()
        self.source_weight, self.target_weight = decoder._edge_halves()
        self.table = self.gru.without_messages()
        self.table_half = F.linear(self.table, self.target_weight, decoder.edge_hidden.bias)
        batch, size = len(latents), decoder.max_vertices
        self.types = torch.full((batch, size), START, device=latents.device)
        self.adjacency = latents.new_zeros(batch, size, size)
        self.counts = torch.full((batch,), size, device=latents.device)
        self.newest = self.gru(self.types[:, 0], torch.tanh(decoder.start(latents)))
        self.sent: list[Tensor] = []
        self.sources: list[Tensor] = []

    def run(self) -> GraphBatch:
        size = self.decoder.max_vertices
        active = torch.ones_like(self.counts, dtype=torch.bool)
        for vertex in range(1, size):
            kinds = self._choose_types() if vertex < size - 1 else torch.full_like(self.counts, END)
            self.types[:, vertex] = torch.where(active, kinds, self.types[:, vertex])
            ending = active & (kinds == END)
            loose = self.adjacency[:, :vertex].sum(2) == 0
            self.adjacency[:, :vertex, vertex] = (loose & ending[:, None]).float()
            self.counts[ending] = vertex + 1
            active &= ~ending
            if not active.any():
                break
            self._add_vertex(vertex, kinds, active)
        return GraphBatch(self.types, self.adjacency, self.counts)

    def _choose_types(self) -> Tensor:
        logits = self.decoder.add_vertex(self.newest)
        if not self.sample:
            return logits.argmax(dim=1)
        chosen = torch.multinomial(logits.softmax(dim=1), 1, generator=self.generator)
        return chosen[:, 0]

    def _choose_edges(self, logits: Tensor) -> Tensor:
        if not self.sample:
            return logits > 0
        uniform = torch.rand(logits.shape, generator=self.generator, device=logits.device)
        return uniform < logits.sigmoid()

    def _add_vertex(self, vertex: int, kinds: Tensor, active: Tensor) -> None:
        """Decide all edges into one new vertex and form its state."""
        output = self.decoder.edge_output
        self.sent.append(self.messages(self.newest, vertex - 1))
        self.sources.append(F.linear(self.newest, self.source_weight))
        state, half = self.table[kinds], self.table_half[kinds]
        total = torch.zeros_like(state)
        for u in range(vertex - 1, -1, -1):
            hidden = torch.add(half, self.sources[u]).relu_()
            logits = torch.addmv(output.bias, hidden, output.weight[0])
            rows = (active & self._choose_edges(logits)).nonzero()[:, 0]
            if not len(rows):
                continue
            self.adjacency[rows, u, vertex] = 1.0
            total.index_add_(0, rows, self.sent[u][rows])
            state[rows] = new = self.gru(kinds[rows], total[rows])
            if u > 0:
                half[rows] = F.linear(new, self.target_weight, self.decoder.edge_hidden.bias)
        self.newest = state
