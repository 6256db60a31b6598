"""Weights under the parameter names of the paper's released code, both ways.

With these, anyone can compare our models with the authors' program, tensor by tensor
(released_code_spec sections 3 and 4).
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from paper_nas.models.encoders import AsynchronousEncoder
from paper_nas.models.vae import GraphVae
from paper_nas.operations import OneHotOperations

_NAMES: dict[str, str] = {
    "encoder.gru_forward": "grue_forward",
    "encoder.gru_backward": "grue_backward",
    "encoder.messages_forward.gate": "gate_forward.0",
    "encoder.messages_forward.mapper": "mapper_forward.0",
    "encoder.messages_backward.gate": "gate_backward.0",
    "encoder.messages_backward.mapper": "mapper_backward.0",
    "decoder.messages.gate": "gate_forward.0",
    "decoder.messages.mapper": "mapper_forward.0",
    "encoder.unify": "hg_unify.0",
    "posterior_mean": "fc1",
    "posterior_log_variance": "fc2",
    "decoder.start": "fc3",
    "decoder.gru": "grud",
    "decoder.add_vertex": "add_vertex",
    "decoder.edge_hidden": "add_edge.0",
    "decoder.edge_output": "add_edge.2",
    "operations": "embeddings",
}
"""Our module names and the released ones."""


def _released_name(name: str) -> str:
    """Released parameter name of one of ours."""
    for ours, theirs in _NAMES.items():
        if name.startswith(ours + "."):
            return theirs + name[len(ours) :]
    raise ValueError(f"parameter {name} has no counterpart in the released code")


def _factor(model: GraphVae, name: str) -> float:
    """What one of our parameters must be multiplied by to act as the released one.

    The released code has no operation scale. Ours is folded into the embedding table, or into the
    input weights that read a one-hot code.
    """
    fixed = isinstance(model.operations, OneHotOperations)
    scaled = name.endswith(".weight_ih") if fixed else name == "operations.weight"
    return model.operations.scale if scaled else 1.0


def _unused_shapes(model: GraphVae) -> dict[str, tuple[int, ...]]:
    """Parameters that the released classes create and never use, with their shapes."""
    if not isinstance(model.encoder, AsynchronousEncoder):
        raise ValueError(f"the released code has no {type(model.encoder).__name__}")
    hidden, vertices = model.posterior_mean.in_features, model.max_vertices
    if model.encoder.bidirectional:
        return {"hv_unify.0.weight": (hidden, 2 * hidden), "hv_unify.0.bias": (hidden,)}
    width = model.operations.width
    return {
        "grue_backward.weight_ih": (3 * hidden, width),
        "grue_backward.weight_hh": (3 * hidden, hidden),
        "grue_backward.bias_ih": (3 * hidden,),
        "grue_backward.bias_hh": (3 * hidden,),
        "gate_backward.0.weight": (hidden, hidden + vertices),
        "gate_backward.0.bias": (hidden,),
        "mapper_backward.0.weight": (hidden, hidden + vertices),
    }


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
        theirs = _released_name(name)
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
    used = {_released_name(name) for name in values}
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
        _released_name(name): value.detach() * _factor(model, name)
        for name, value in model.named_parameters()
    }
    for name, shape in _unused_shapes(model).items():
        kept = model.unused_released.get(name)
        result[name] = torch.zeros(shape) if kept is None else kept.clone()
    return result
