"""The weights of a model by name: taken out, put back, and told apart by a checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from paper_nas.models.vae import GraphVae


def model_weights(model: GraphVae) -> dict[str, Tensor]:
    """All parameters by name, shared ones once."""
    return dict(model.named_parameters())


def load_model_weights(model: GraphVae, weights: dict[str, Tensor]) -> None:
    """Fill a model with the result of :func:`model_weights` (any float type).

    Raises:
        ValueError: Names or shapes that are not the model's; the model is unchanged.
    """
    parameters = model_weights(model)
    if weights.keys() != parameters.keys():
        different = sorted(weights.keys() ^ parameters.keys())
        raise ValueError(f"weights of another model; names that differ: {different}")
    for name, parameter in parameters.items():
        if weights[name].shape != parameter.shape:
            raise ValueError(f"{name} has shape {list(weights[name].shape)} in the file, "
                             f"{list(parameter.shape)} in the model")  # fmt: skip
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])


def weights_sha256(model: GraphVae) -> str:
    """A checksum of all parameters, by which a stored result knows the weights it belongs to."""
    return tensors_sha256(model_weights(model))


def tensors_sha256(weights: Mapping[str, Tensor]) -> str:
    """As :func:`weights_sha256`, of weights of any float type that a model would be filled with."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode() + value.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
