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
from paper_nas.models.generation import Decoder, GrowingGraphs
from paper_nas.models.layers import GruCell, MessageFunction
from paper_nas.space import NUM_VERTEX_TYPES, START

GENERATION_CHUNK = 256
"""Graphs decoded together: more would not fit the processor's cache, fewer would waste products."""


DECODER_STATES = ("newest", "sum")
"""What the decoder may predict the next type from, see :class:`AutoregressiveDecoder`."""


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


class AutoregressiveDecoder(Decoder):
    """The D-VAE decoder.

    Args:
        code_width: ``E``.
        hidden_size: ``H``.
        latent_size: ``Z``.
        max_vertices: ``N``.
        messages: The message function, shared with the encoder (released_code_spec section 3).
        state: What the next type is predicted from: the state of the ``"newest"`` vertex, as in
            D-VAE, or the ``"sum"`` of all vertex states so far, START included, as in the GCN
            models (released_code_spec section 4).

    Raises:
        ValueError: Another ``state``.
    """

    def __init__(
        self,
        code_width: int,
        hidden_size: int,
        latent_size: int,
        max_vertices: int,
        messages: MessageFunction,
        state: str = "newest",
    ) -> None:
        """Create the recurrent unit and the two classifiers."""
        super().__init__()
        if state not in DECODER_STATES:
            raise ValueError(f"the decoder state must be one of {DECODER_STATES}, not {state!r}")
        self.state = state
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
        """Logits of all decisions, see :meth:`Decoder.teacher_forced`.

        Entry ``[b, u, v]`` of the edge logits is what it is when ``u -> v`` is decided.
        """
        size = self.max_vertices
        gru, messages = self.gru.sweep(codes), self.messages.sweep()
        table = gru.without_messages()
        table = torch.cat([table, table.new_zeros(1, table.shape[1])])
        starts = torch.full((len(batch),), START, device=latents.device)
        states = [gru(starts, torch.tanh(self.start(latents)))]
        known, sent, used = [states[0]], [], []
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
                known.append(self._known(known[-1], states[-1], present))
        types = self.add_vertex(torch.stack(known, dim=1))
        return types, self._edge_logits(torch.stack(states), torch.cat(targets), used)

    def _known(self, known: Tensor, state: Tensor, present: Tensor) -> Tensor:
        """What the next type is predicted from.

        Args:
            known: ``[B, H]``, the same one vertex earlier.
            state: ``[B, H]``, states of the newest vertex; zero where it is absent.
            present: ``[B, 1]``, whether it exists.
        """
        return known + state if self.state == "sum" else torch.where(present, state, known)

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
        """Decode graphs, see :meth:`Decoder.generate`."""
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
        self.decoder = decoder
        self.gru, self.messages = decoder.gru.sweep(codes), decoder.messages.sweep()
        self.source_weight, self.target_weight = decoder._edge_halves()
        self.table = self.gru.without_messages()
        self.table_half = F.linear(self.table, self.target_weight, decoder.edge_hidden.bias)
        batch, size = len(latents), decoder.max_vertices
        self.growing = GrowingGraphs(batch, size, sample, generator, latents.device)
        self.newest = self.gru(self.growing.types[:, 0], torch.tanh(decoder.start(latents)))
        self.known = self.newest
        self.sent: list[Tensor] = []
        self.sources: list[Tensor] = []

    def run(self) -> GraphBatch:
        size = self.decoder.max_vertices
        for vertex in range(1, size):
            inner = vertex < size - 1
            logits = self.decoder.add_vertex(self.known) if inner else None
            kinds = self.growing.add_vertex(vertex, logits)
            if not self.growing.active.any():
                break
            self._add_vertex(vertex, kinds)
        return self.growing.graphs()

    def _add_vertex(self, vertex: int, kinds: Tensor) -> None:
        """Decide all edges into one new vertex and form its state."""
        output = self.decoder.edge_output
        self.sent.append(self.messages(self.newest, vertex - 1))
        self.sources.append(F.linear(self.newest, self.source_weight))
        state, half = self.table[kinds], self.table_half[kinds]
        total = torch.zeros_like(state)
        for u in range(vertex - 1, -1, -1):
            hidden = torch.add(half, self.sources[u]).relu_()
            logits = torch.addmv(output.bias, hidden, output.weight[0])
            rows = self.growing.add_edges(u, vertex, logits).nonzero()[:, 0]
            if not len(rows):
                continue
            total.index_add_(0, rows, self.sent[u][rows])
            state[rows] = new = self.gru(kinds[rows], total[rows])
            if u > 0:
                half[rows] = F.linear(new, self.target_weight, self.decoder.edge_hidden.bias)
        self.newest = state
        self.known = self.decoder._known(self.known, state, self.growing.active[:, None])
