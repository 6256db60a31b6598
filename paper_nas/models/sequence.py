"""Baselines that see a graph as a sequence of rows: S-VAE and GraphRNN.

Row ``v - 1`` describes vertex ``v``: the code of its type, then ``N - 1`` bits, of which bit ``u``
is the edge ``u -> v``. Absent vertices are START without edges. An operation scale multiplies the
codes, not the bits. The loss counts all bits of a row, those that no DAG can set (``u >= v``)
included; generation asks for those below ``v`` only.

Sources: paper section 4 ("Baselines"); released_code_spec section 4. That the edges into END are
the loose ends and not the predicted bits, as in the D-VAE family, follows from the released
S-VAE's greedy decodes (tests/parity), none of whose ENDs has the predicted bits.

Glossary of shapes: ``B`` graphs, ``N`` vertices, ``T = N - 1`` rows, ``K`` vertex types, ``E`` code
width, ``H`` hidden, ``Z`` latent, ``G`` groups of graphs that have everything in common so far.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from paper_nas.graphs import GraphBatch
from paper_nas.models.generation import Decoder, GrowingGraphs
from paper_nas.models.layers import GruCell, GruSweep, SharedLinear, number_groups, same_so_far
from paper_nas.space import NUM_VERTEX_TYPES

GENERATION_CHUNK = 1024
"""Graphs decoded together."""


def graph_rows(batch: GraphBatch, codes: Tensor) -> Tensor:
    """The rows of some graphs, ``[T, B, E + T]``, from operation codes ``[K, E]``."""
    bits = batch.adjacency[:, :-1, 1:].to(codes.dtype)
    return torch.cat([codes[batch.types[:, 1:].T], bits.permute(2, 0, 1)], dim=2)


def _classifier(hidden_size: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(hidden_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, outputs)
    )


def _edge_square(bits: Tensor) -> Tensor:
    """Logits of bits, ``[B, T, T]`` by row and bit, as edge logits ``[B, N, N]``, NaN elsewhere."""
    count, rows, _ = bits.shape
    logits = bits.new_full((count, rows + 1, rows + 1), torch.nan)
    logits[:, :-1, 1:] = bits.transpose(1, 2)
    return logits


class SequenceEncoder(nn.Module):
    """A recurrent unit reads the rows; its last state is the graph vector.

    As in the D-VAE encoder, a state is computed once for all graphs that agree so far.

    Args:
        code_width: ``E``.
        hidden_size: ``H``.
        max_vertices: ``N``.
    """

    def __init__(self, code_width: int, hidden_size: int, max_vertices: int) -> None:
        """Create the recurrent unit."""
        super().__init__()
        self.gru = GruCell(code_width + max_vertices - 1, hidden_size)

    def forward(self, batch: GraphBatch, codes: Tensor) -> Tensor:
        """Graph vectors ``[B, H]`` of ``B`` graphs; ``codes [K, E]``."""
        hidden = SharedLinear(self.gru.weight_hh, self.gru.bias_hh)
        state = codes.new_zeros(1, self.gru.hidden_size)
        group = torch.zeros(len(batch), dtype=torch.long, device=codes.device)
        for vertex, row in enumerate(graph_rows(batch, codes), start=1):
            before, edges = group, batch.adjacency[:, :vertex, vertex]
            group, first = same_so_far(before, batch.types[:, vertex], edges)
            gru = GruSweep(self.gru.input_table(row[first]), hidden)
            state = gru(torch.arange(len(first), device=codes.device), state[before[first]])
        return state[group]


class SequenceDecoder(Decoder):
    """The S-VAE decoder: all rows from the latent alone, independent of each other.

    A recurrent unit gets ``relu(fc z)`` at each of its steps; nothing is fed back, so its state
    knows neither true rows nor drawn ones.

    Args:
        hidden_size: ``H``.
        latent_size: ``Z``.
        max_vertices: ``N``.
    """

    def __init__(self, hidden_size: int, latent_size: int, max_vertices: int) -> None:
        """Create the recurrent unit and the two classifiers."""
        super().__init__()
        self.max_vertices = max_vertices
        self.start = nn.Linear(latent_size, hidden_size)
        self.gru = GruCell(hidden_size, hidden_size)
        self.add_vertex = _classifier(hidden_size, NUM_VERTEX_TYPES)
        self.add_edges = _classifier(hidden_size, max_vertices - 1)

    def num_sources(self, vertex: int) -> int:
        """All bits of a row, ``T``."""
        return self.max_vertices - 1

    def row_logits(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of types ``[B, T, K]`` and bits ``[B, T, T]`` from latents ``[B, Z]``."""
        inputs = torch.relu(self.start(latents))
        gru = self.gru.sweep(inputs)
        rows = torch.arange(len(latents), device=latents.device)
        state, states = torch.zeros_like(inputs), []
        for _ in range(self.max_vertices - 1):
            state = gru(rows, state)
            states.append(state)
        stacked = torch.stack(states, dim=1)
        return self.add_vertex(stacked), self.add_edges(stacked)

    def teacher_forced(
        self, batch: GraphBatch, latents: Tensor, codes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of all decisions, see :meth:`Decoder.teacher_forced`; no truth is used."""
        types, bits = self.row_logits(latents)
        return types, _edge_square(bits)

    @torch.no_grad()
    def generate(
        self,
        latents: Tensor,
        codes: Tensor,
        sample: bool = False,
        generator: torch.Generator | None = None,
    ) -> GraphBatch:
        """Decode graphs, see :meth:`Decoder.generate`."""
        parts = []
        for part in latents.split(GENERATION_CHUNK):
            group, first = equal_neighbours(part)
            types, bits = self.row_logits(part[first])
            types, bits = types[group], bits[group]
            growing = GrowingGraphs(len(part), self.max_vertices, sample, generator, latents.device)
            for vertex in range(1, self.max_vertices - 1):
                growing.add_vertex(vertex, types[:, vertex - 1])
                growing.add_edges(slice(vertex), vertex, bits[:, vertex - 1, :vertex])
            growing.add_vertex(self.max_vertices - 1)
            parts.append(growing.graphs())
        return GraphBatch.concatenate(parts)


class GraphRnnDecoder(Decoder):
    """The GraphRNN decoder: row by row, bit by bit, with what was decided fed back.

    A graph-level unit starts from ``relu(fc z)``; it reads a row of zeros, then the rows of
    vertices ``1, 2, ...``, and its state gives the type of the next vertex. From the same state an
    edge-level unit starts; it reads 0, then bits ``0, 1, ...`` of the row, and gives the next bit.

    The released code can only sample; without ``sample``, here, the likeliest decision is taken
    and fed back.

    Args:
        code_width: ``E``.
        hidden_size: ``H``.
        latent_size: ``Z``.
        max_vertices: ``N``.
    """

    def __init__(
        self, code_width: int, hidden_size: int, latent_size: int, max_vertices: int
    ) -> None:
        """Create the two recurrent units and the two classifiers."""
        super().__init__()
        self.max_vertices = max_vertices
        self.start = nn.Linear(latent_size, hidden_size)
        self.gru = GruCell(code_width + max_vertices - 1, hidden_size)
        self.add_vertex = _classifier(hidden_size, NUM_VERTEX_TYPES)
        self.edge_gru = GruCell(1, hidden_size)
        self.add_edge = _classifier(hidden_size, 1)

    def num_sources(self, vertex: int) -> int:
        """All bits of a row, ``T``."""
        return self.max_vertices - 1

    def teacher_forced(
        self, batch: GraphBatch, latents: Tensor, codes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of all decisions, see :meth:`Decoder.teacher_forced`."""
        rows = graph_rows(batch, codes)
        inputs = torch.cat([torch.zeros_like(rows[:1]), rows[:-1]])
        states = self.gru.run(inputs, torch.relu(self.start(latents)))
        bits = batch.adjacency[:, :-1, 1:].permute(1, 2, 0).flatten(1).long()  # [T, T * B]
        edge_gru = self.edge_gru.sweep(_bit_codes(latents))
        state, edge_states = states.flatten(0, 1), []
        for previous in [torch.zeros_like(bits[0]), *bits[:-1]]:
            state = edge_gru(previous, state)
            edge_states.append(state)
        size = len(states)
        logits = self.add_edge(torch.stack(edge_states)).view(size, size, -1)  # bit, row, graph
        return self.add_vertex(states).transpose(0, 1), _edge_square(logits.permute(2, 1, 0))

    @torch.no_grad()
    def generate(
        self,
        latents: Tensor,
        codes: Tensor,
        sample: bool = False,
        generator: torch.Generator | None = None,
    ) -> GraphBatch:
        """Decode graphs, see :meth:`Decoder.generate`.

        States are computed once for all graphs with the same latent and the same decisions so far;
        a hundred decodes of one latent mostly agree.
        """
        parts = []
        for part in latents.split(GENERATION_CHUNK):
            growing = GrowingGraphs(len(part), self.max_vertices, sample, generator, latents.device)
            self._grow(growing, part, codes)
            parts.append(growing.graphs())
        return GraphBatch.concatenate(parts)

    def _grow(self, growing: GrowingGraphs, latents: Tensor, codes: Tensor) -> None:
        group, first = equal_neighbours(latents)
        start = torch.relu(self.start(latents[first]))
        state = self.gru(start.new_zeros(len(start), self.gru.input_size), start)
        for vertex in range(1, self.max_vertices - 1):
            kinds = growing.add_vertex(vertex, self.add_vertex(state)[group])
            decided = self._choose_row(growing, vertex, state, group)
            keys = torch.where(growing.active, decided * NUM_VERTEX_TYPES + kinds, -1)
            before = group
            group, first = number_groups(keys)
            bits = growing.adjacency[first, :-1, vertex].to(codes.dtype)
            row = torch.cat([codes[kinds[first]], bits], dim=1)
            state = self.gru(row, state[before[first]])
        growing.add_vertex(self.max_vertices - 1)

    def _choose_row(
        self, growing: GrowingGraphs, vertex: int, state: Tensor, group: Tensor
    ) -> Tensor:
        """Choose the edges into a vertex.

        Args:
            growing: ``B`` graphs.
            vertex: The target.
            state: ``[G, H]``, graph-level states.
            group: ``[B]``, which of them is a graph's.

        Returns:
            ``[B]``, numbers of the groups that agree in their group before and in these edges.
        """
        edge_gru = self.edge_gru.sweep(_bit_codes(state))
        previous = torch.zeros(len(state), dtype=torch.long, device=state.device)
        for u in range(vertex):
            state = edge_gru(previous, state)
            chosen = growing.add_edges(u, vertex, self.add_edge(state)[group, 0])
            before = group
            group, first = number_groups(2 * group + chosen)
            state, previous = state[before[first]], chosen[first].long()
        return group


def equal_neighbours(latents: Tensor) -> tuple[Tensor, Tensor]:
    """Group runs of equal latents ``[B, Z]``: the group of each, and the first of each group."""
    new = torch.zeros(len(latents), dtype=torch.long, device=latents.device)
    new[1:] = (latents[1:] != latents[:-1]).any(dim=1)
    return number_groups(new.cumsum(0))


def _bit_codes(like: Tensor) -> Tensor:
    """The inputs of the edge-level unit, ``[2, 1]``."""
    return like.new_tensor([[0.0], [1.0]])
