"""Graph variational auto-encoders of architectures.

A model is an operation encoding, an encoder and a decoder (:class:`GraphVae`); :func:`build_model`
puts one together by name.
"""

from paper_nas.models.registry import (
    MODEL_NAMES,
    ModelSpec,
    assemble,
    build_model,
    register_model,
)
from paper_nas.models.released import load_released_weights, to_released_weights
from paper_nas.models.vae import Elbo, GraphVae, LossTerms

__all__ = [
    "MODEL_NAMES",
    "Elbo",
    "GraphVae",
    "LossTerms",
    "ModelSpec",
    "assemble",
    "build_model",
    "load_released_weights",
    "register_model",
    "to_released_weights",
]
