"""Weights under the parameter names of the paper's released code, both ways.

With these, anyone can compare our models with the authors' program, tensor by tensor
(released_code_spec sections 3 and 4).
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from paper_nas.models.convolution import GraphConvolutionEncoder
from paper_nas.models.encoders import AsynchronousEncoder
from paper_nas.models.sequence import GraphRnnDecoder, SequenceDecoder, SequenceEncoder
from paper_nas.models.vae import GraphVae
from paper_nas.operations import OneHotOperations

_COMMON: dict[str, str] = {
    "posterior_mean": "fc1",
    "posterior_log_variance": "fc2",
    "decoder.start": "fc3",
    "decoder.gru": "grud",
    "decoder.add_vertex": "add_vertex",
    "operations": "embeddings",
}
_AUTOREGRESSIVE: dict[str, str] = {
    **_COMMON,
    "encoder.gru_forward": "grue_forward",
    "encoder.gru_backward": "grue_backward",
    "encoder.messages_forward.gate": "gate_forward.0",
    "encoder.messages_forward.mapper": "mapper_forward.0",
    "encoder.messages_backward.gate": "gate_backward.0",
    "encoder.messages_backward.mapper": "mapper_backward.0",
    "decoder.messages.gate": "gate_forward.0",
    "decoder.messages.mapper": "mapper_forward.0",
    "encoder.unify": "hg_unify.0",
    "encoder.levels.0": "gconv.0.0",
    "encoder.levels.1": "gconv.1.0",
    "encoder.levels.2": "gconv.2.0",
    "decoder.edge_hidden": "add_edge.0",
    "decoder.edge_output": "add_edge.2",
}
_SEQUENTIAL: dict[str, str] = {
    **_COMMON,
    "encoder.gru": "grue",
    "decoder.add_edges": "add_edges",
    "decoder.add_edge": "add_edge",
    "decoder.edge_gru": "grud_edge",
}
"""Our module names and the released ones, by the family of the decoder."""


def _released_name(model: GraphVae, name: str) -> str:
    """Released parameter name of one of ours."""
    sequential = isinstance(model.encoder, SequenceEncoder)
    module, parameter = name.rsplit(".", 1)
    for ours, theirs in (_SEQUENTIAL if sequential else _AUTOREGRESSIVE).items():
        if f"{module}.".startswith(f"{ours}."):
            layer = "_l0" if sequential and "gru" in module else ""  # a layer of torch.nn.GRU
            return f"{theirs}{module[len(ours) :]}.{parameter}{layer}"
    raise ValueError(f"parameter {name} has no counterpart in the released code")


_READS_CODES = (
    "encoder.gru.weight_ih",
    "encoder.gru_forward.weight_ih",
    "encoder.gru_backward.weight_ih",
    "encoder.levels.0.weight",
    "decoder.gru.weight_ih",
)


def _factor(model: GraphVae, name: str) -> float | Tensor:
    """What one of our parameters must be multiplied by to act as the released one.

    The released code has no operation scale. Ours is folded into the embedding table, or into the
    columns of the input weights that read a one-hot code.
    """
    scale = model.operations.scale
    if not isinstance(model.operations, OneHotOperations):
        return scale if name == "operations.weight" else 1.0
    if name not in _READS_CODES:
        return 1.0
    if not isinstance(model.encoder, SequenceEncoder):
        return scale
    if name.startswith("decoder.") and isinstance(model.decoder, SequenceDecoder):
        return 1.0  # it reads no codes
    codes, bits = model.operations.width, model.max_vertices - 1
    return torch.tensor([scale] * codes + [1.0] * bits)


def _unused_shapes(model: GraphVae) -> dict[str, tuple[int, ...]]:
    """Parameters that the released classes create and never use, with their shapes.

    Raises:
        ValueError: The released code has no such model.
    """
    encoder, decoder = model.encoder, model.decoder
    hidden, vertices = model.posterior_mean.in_features, model.max_vertices
    asynchronous = isinstance(encoder, AsynchronousEncoder)
    if isinstance(decoder, SequenceDecoder):
        return {}
    if isinstance(decoder, GraphRnnDecoder):
        return {
            "add_edges.0.weight": (hidden, hidden),
            "add_edges.0.bias": (hidden,),
            "add_edges.2.weight": (vertices - 1, hidden),
            "add_edges.2.bias": (vertices - 1,),
        }
    if isinstance(encoder, GraphConvolutionEncoder):
        if encoder.simultaneous or encoder.bidirectional:
            raise ValueError("only the directed convolution in place has released weights")
    elif not asynchronous:
        raise ValueError(f"the released code has no {type(encoder).__name__}")
    if getattr(decoder, "state", None) != ("newest" if asynchronous else "sum"):
        raise ValueError("the released code pairs this encoder with another decoder state")
    if getattr(encoder, "bidirectional", False):
        return {"hv_unify.0.weight": (hidden, 2 * hidden), "hv_unify.0.bias": (hidden,)}
    units = ("grue_backward",) if asynchronous else ("grue_forward", "grue_backward")
    shapes: dict[str, tuple[int, ...]] = {
        "gate_backward.0.weight": (hidden, hidden + vertices),
        "gate_backward.0.bias": (hidden,),
        "mapper_backward.0.weight": (hidden, hidden + vertices),
    }
    for unit in units:
        shapes[f"{unit}.weight_ih"] = (3 * hidden, model.operations.width)
        shapes[f"{unit}.weight_hh"] = (3 * hidden, hidden)
        shapes[f"{unit}.bias_ih"] = (3 * hidden,)
        shapes[f"{unit}.bias_hh"] = (3 * hidden,)
    return shapes


def load_released_weights(model: GraphVae, path: str | Path) -> None:
    """Load a state dict that has the released parameter names.

    Parameters that the released code never uses are remembered only so that
    :func:`to_released_weights` can give them back.

    Args:
        model: The model to fill, of the same sizes.
        path: A safetensors file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A parameter is missing, unknown, or of another shape; the model is unchanged.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}")
    released = load_file(path)
    values: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        theirs = _released_name(model, name)
        if theirs not in released:
            raise ValueError(f"{path} has no parameter {theirs!r}")
        value = released[theirs]
        if value.shape != parameter.shape:
            raise ValueError(
                f"{path}: {theirs} has shape {list(value.shape)}, the model's is "
                f"{list(parameter.shape)}"
            )
        values[name] = value
    unused = _unused_shapes(model)
    used = {_released_name(model, name) for name in values}
    unknown = sorted(set(released) - used - set(unused))
    if unknown:
        raise ValueError(f"{path} has parameters that this model does not know: {unknown}")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(values[name] / _factor(model, name))
    model.unused_released = {name: released[name] for name in unused if name in released}


def to_released_weights(model: GraphVae) -> dict[str, Tensor]:
    """The model's weights under the released parameter names.

    The result fills a released model completely: parameters that it creates but never uses are
    those loaded before, else zeros.

    Returns:
        Name to tensor (copies).
    """
    result = {
        _released_name(model, name): value.detach() * _factor(model, name)
        for name, value in model.named_parameters()
    }
    for name, shape in _unused_shapes(model).items():
        kept = model.unused_released.get(name)
        result[name] = torch.zeros(shape) if kept is None else kept.clone()
    return result
