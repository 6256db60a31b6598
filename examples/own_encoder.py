"""An encoder of one's own, to copy and change: it adds vertices, passing no messages."""

import torch
from torch import Tensor, nn

from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae, ModelSpec, assemble, register_model
from paper_nas.operations import OneHotOperations


class SumEncoder(nn.Module):
    def __init__(self, code_width: int, hidden_size: int, max_vertices: int) -> None:
        super().__init__()
        self.vertex = nn.Linear(code_width + 2 * max_vertices, hidden_size)
        self.graph = nn.Linear(hidden_size, hidden_size)
        self.register_buffer("places", torch.eye(max_vertices), persistent=False)
        self.places: Tensor

    def forward(self, batch: GraphBatch, codes: Tensor) -> Tensor:
        """B graphs of up to N vertices, and the codes [K, E] of the vertex types, to [B, H]."""
        places = self.places.expand(len(batch), -1, -1)
        inputs = [codes[batch.types], batch.adjacency.to(codes.dtype), places]
        vertices = torch.tanh(self.vertex(torch.cat(inputs, dim=2)))  # [B, N, H]
        return torch.tanh(self.graph((vertices * batch.present[..., None]).sum(1)))


@register_model("vertex-sum")
def vertex_sum(spec: ModelSpec) -> GraphVae:
    operations = OneHotOperations(spec.operation_scale)
    encoder = SumEncoder(operations.width, spec.hidden_size, spec.max_vertices)
    return assemble(spec, operations, encoder)
