"""Encoders: a batch of labelled DAGs to one vector per graph.

Glossary of shapes: ``B`` graphs, ``N`` vertices, ``K`` vertex types, ``E`` code width,
``H`` hidden.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from paper_nas.graphs import GraphBatch
from paper_nas.models.layers import GruCell, MessageFunction, same_so_far


class AsynchronousEncoder(nn.Module):
    """The D-VAE encoder: a recurrent unit visits the vertices in topological order.

    Each vertex state is a GRU of its type code and the sum of its predecessors' messages; the last
    vertex then has seen the whole graph. The bidirectional form also sweeps from END to START with
    weights of its own and mixes the two final states linearly
    (released_code_spec section 3; Zhang et al., 2019).

    Args:
        code_width: ``E``, width of the operation encoding.
        hidden_size: ``H``.
        max_vertices: ``N``.
        bidirectional: Sweep in both directions.
        messages: The forward message function; a decoder may share it, as the released one does.
    """

    def __init__(
        self,
        code_width: int,
        hidden_size: int,
        max_vertices: int,
        bidirectional: bool,
        messages: MessageFunction,
    ) -> None:
        """Create the recurrent units."""
        super().__init__()
        self.bidirectional = bidirectional
        self.messages_forward = messages
        self.gru_forward = GruCell(code_width, hidden_size)
        if bidirectional:
            self.gru_backward = GruCell(code_width, hidden_size)
            self.messages_backward = MessageFunction(hidden_size, max_vertices)
            self.unify = nn.Linear(2 * hidden_size, hidden_size)

    def forward(self, batch: GraphBatch, codes: Tensor) -> Tensor:
        """Graph vectors.

        Args:
            batch: ``B`` graphs.
            codes: ``[K, E]``, the operation encoding's table.

        Returns:
            ``[B, H]``.
        """
        states = torch.stack(self.sweep(batch, codes))
        last = states[batch.num_vertices - 1, torch.arange(len(batch))]
        if not self.bidirectional:
            return last
        first = self.sweep(batch, codes, backward=True)[0]
        return self.unify(torch.cat([last, first], dim=1))

    def sweep(self, batch: GraphBatch, codes: Tensor, backward: bool = False) -> list[Tensor]:
        """States of all vertices in one direction.

        The state of a vertex depends on the part of the graph that the sweep has passed, so it is
        computed once for all graphs that agree on that part: of a thousand ENAS architectures few
        differ in their first two vertices.

        Args:
            batch: ``B`` graphs.
            codes: ``[K, E]``.
            backward: Sweep from END to START; needs ``bidirectional``.

        Returns:
            ``N`` tensors ``[B, H]``, by vertex. Those of absent vertices mean nothing; they send
            no message.
        """
        size = batch.max_vertices
        if backward:
            gru, messages = self.gru_backward.sweep(codes), self.messages_backward.sweep()
            edges, order = batch.adjacency, list(range(size - 1, -1, -1))
        else:
            gru, messages = self.gru_forward.sweep(codes), self.messages_forward.sweep()
            edges, order = batch.adjacency.transpose(1, 2), list(range(size))
        states = {order[0]: gru.without_messages()}
        groups = {order[0]: batch.types[:, order[0]]}
        sent: dict[int, Tensor] = {}
        for step, vertex in enumerate(order[1:], start=1):
            before = order[:step]
            sent[before[-1]] = messages(states[before[-1]], before[-1])
            types, incoming_edges = batch.types[:, vertex], edges[:, vertex, before]
            group, first = same_so_far(groups[before[-1]], types, incoming_edges)
            incoming = torch.zeros(1, device=codes.device)
            for column, u in enumerate(before):
                weight = incoming_edges[first, column, None]
                incoming = incoming + weight * sent[u].index_select(0, groups[u][first])
            states[vertex], groups[vertex] = gru(types[first], incoming), group
        return [states[vertex].index_select(0, groups[vertex]) for vertex in range(size)]
