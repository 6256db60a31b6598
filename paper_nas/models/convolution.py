"""The graph convolution encoder of the GCN models.

Source: paper section 4 ("Baselines"); released_code_spec section 4, DVAE_GCN.

Glossary of shapes: ``B`` graphs, ``N`` vertices, ``K`` vertex types, ``E`` code width,
``H`` hidden.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paper_nas.graphs import GraphBatch
from paper_nas.models.layers import SharedLinear


class GraphConvolutionEncoder(nn.Module):
    """Levels of degree-normalised convolution; the layer vertices are summed.

    At each level a vertex ``v`` gathers ``a_v = f_v / (in(v) + 1) + sum over predecessors u of
    f_u / sqrt((out(u) + 1) (in(v) + 1))``, degrees counting all edges, and becomes
    ``relu(W a_v + b)``. The released code writes the new value where the next vertices read, so
    from the second level on they see their predecessors as they are *after* this level: the sweep
    is in place (Gauss-Seidel), and three levels reach further than three edges. The first level,
    which reads the operation codes, is simultaneous in any case.

    Args:
        code_width: ``E``.
        hidden_size: ``H``.
        levels: Number of levels.
        bidirectional: Gather from all neighbours, with the total degree for ``in`` and ``out``.
        simultaneous: All vertices of a level at once, as in the paper's text.
    """

    def __init__(
        self,
        code_width: int,
        hidden_size: int,
        levels: int = 3,
        bidirectional: bool = False,
        simultaneous: bool = False,
    ) -> None:
        """Create one linear map per level."""
        super().__init__()
        self.bidirectional = bidirectional
        self.simultaneous = simultaneous
        widths = [code_width, *[hidden_size] * levels]
        self.levels = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))

    def forward(self, batch: GraphBatch, codes: Tensor) -> Tensor:
        """Graph vectors.

        Args:
            batch: ``B`` graphs.
            codes: ``[K, E]``, the operation encoding's table.

        Returns:
            ``[B, H]``, the sum over vertices ``1 .. n - 2`` of each graph of ``n`` vertices.
        """
        weights = convolution_weights(batch, self.bidirectional).to(codes.dtype)
        states = F.embedding(batch.types, codes)
        for level, linear in enumerate(self.levels):
            assert isinstance(linear, nn.Linear)
            if level == 0 or self.simultaneous:
                states = torch.relu(linear(weights @ states))
            else:
                states = self._in_place(linear, weights, states)
        positions = torch.arange(batch.max_vertices, device=codes.device)
        layers = (positions > 0) & (positions < batch.num_vertices[:, None] - 1)
        return (states * layers[..., None]).sum(1)

    def _in_place(self, linear: nn.Linear, weights: Tensor, states: Tensor) -> Tensor:
        """One level, vertex by vertex: ``weights [B, N, N]``, ``states [B, N, H]``."""
        shared = SharedLinear(linear.weight, linear.bias)
        size = states.shape[1]
        slots = list(states.unbind(1))
        for vertex in range(size):
            readable = size if self.bidirectional else vertex + 1
            gathered = weights[:, vertex, None, :readable] @ torch.stack(slots[:readable], dim=1)
            slots[vertex] = torch.relu(shared(gathered[:, 0]))
        return torch.stack(slots, dim=1)


def convolution_weights(batch: GraphBatch, bidirectional: bool = False) -> Tensor:
    """What each vertex takes from each: ``[B, N, N]``, entry ``[b, v, u]`` for ``u`` into ``v``.

    Args:
        batch: ``B`` graphs.
        bidirectional: Undirected edges and total degrees.
    """
    incoming = batch.adjacency.transpose(1, 2)
    if bidirectional:
        incoming = incoming + batch.adjacency
    targets = incoming.sum(2) + 1
    sources = incoming.sum(1) + 1
    scaled = incoming * (targets[:, :, None] * sources[:, None, :]).rsqrt()
    return scaled + torch.diag_embed(1 / targets)
