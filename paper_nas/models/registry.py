"""Models by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from paper_nas.models.convolution import GraphConvolutionEncoder
from paper_nas.models.decoders import DECODER_STATES, AutoregressiveDecoder
from paper_nas.models.encoders import AsynchronousEncoder
from paper_nas.models.generation import Decoder
from paper_nas.models.layers import MessageFunction
from paper_nas.models.sequence import GraphRnnDecoder, SequenceDecoder, SequenceEncoder
from paper_nas.models.vae import GraphVae
from paper_nas.operations import OneHotOperations, OperationEmbedding, OperationEncoding


@dataclass(frozen=True)
class ModelSpec:
    """Everything that defines a model's shape and start.

    Attributes:
        hidden_size: ``H``; the paper uses 501.
        latent_size: ``Z``; the paper uses 56.
        embedding_size: Width of a learnable operation table; the paper uses 3.
        operation_scale: Constant factor of the operation codes; 1 is as published.
        initial_table: Start of an operation table, see
            :class:`paper_nas.operations.OperationEmbedding`.
        given_table: ``[K, E]`` for ``initial_table="given"``.
        learn_table: Whether training changes the operation table.
        score_head: Predict the score linearly from the posterior mean, see
            :class:`paper_nas.models.vae.GraphVae`.
        bidirectional: Encode in both directions; ``None`` means the model's published choice.
        max_vertices: ``N``, START and END included.
        decoder_state: What the D-VAE decoder predicts types from, ``"newest"`` or ``"sum"``, see
            :class:`paper_nas.models.decoders.AutoregressiveDecoder`; ``None`` means the model's
            published choice.
        simultaneous_convolution: Convolve as in the paper's text rather than in place (GCN models
            only), see :class:`paper_nas.models.convolution.GraphConvolutionEncoder`.
    """

    hidden_size: int = 501
    latent_size: int = 56
    embedding_size: int = 3
    operation_scale: float = 1.0
    initial_table: str = "normal"
    given_table: tuple[tuple[float, ...], ...] | None = None
    learn_table: bool = True
    score_head: bool = False
    bidirectional: bool | None = None
    max_vertices: int = 8
    decoder_state: str | None = None
    simultaneous_convolution: bool = False

    def __post_init__(self) -> None:
        """Check the sizes."""
        for field in ("hidden_size", "latent_size", "embedding_size"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} must be at least 1, not {getattr(self, field)}")
        if self.max_vertices < 3:
            raise ValueError(f"max_vertices must be at least 3, not {self.max_vertices}")
        if self.decoder_state not in (None, *DECODER_STATES):
            raise ValueError(
                f"decoder_state must be one of {DECODER_STATES}, not {self.decoder_state!r}"
            )


ModelFactory = Callable[[ModelSpec], GraphVae]

_FACTORIES: dict[str, ModelFactory] = {}


class NameTaken(ValueError):
    """There is a model of this name already."""


def register_model(name: str) -> Callable[[ModelFactory], ModelFactory]:
    """Decorator that makes a factory available to :func:`build_model` under a name.

    The factory takes a :class:`ModelSpec` and returns a :class:`GraphVae`; it draws its initial
    weights from torch's global generator, which :func:`build_model` seeds and then restores.

    Raises:
        NameTaken: There is a model of this name already.
    """

    def register(factory: ModelFactory) -> ModelFactory:
        if name in _FACTORIES:
            raise NameTaken(f"a model named {name!r} exists already")
        _FACTORIES[name] = factory
        return factory

    return register


def model_names() -> tuple[str, ...]:
    """Names that :func:`build_model` accepts, those registered later included."""
    return tuple(_FACTORIES)


def forget_model(name: str) -> None:
    """Take back a registration.

    Raises:
        KeyError: There is no such model.
    """
    del _FACTORIES[name]


def build_model(name: str, seed: int = 0, **settings: Any) -> GraphVae:
    """Build a model with fresh weights.

    Args:
        name: A member of :data:`MODEL_NAMES`, or a name given to :func:`register_model`.
        seed: Seed of the initial weights; torch's global generator is left as it was.
        settings: Fields of :class:`ModelSpec`.

    Raises:
        TypeError: A setting that :class:`ModelSpec` has not.
        ValueError: An unknown name, a size out of range, or an option that the model has not.
    """
    if name not in _FACTORIES:
        raise ValueError(f"no model named {name!r}; there are {', '.join(_FACTORIES)}")
    spec = ModelSpec(**settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _FACTORIES[name](spec)
        if spec.score_head:
            model.score_head = nn.Linear(spec.latent_size, 1)
        return model


def assemble(
    spec: ModelSpec,
    operations: OperationEncoding,
    encoder: nn.Module | None = None,
    decoder_state: str = "newest",
) -> GraphVae:
    """A graph VAE with the autoregressive decoder.

    Args:
        spec: Sizes.
        operations: The operation encoding.
        encoder: Any module that takes a :class:`paper_nas.graphs.GraphBatch` and the table of codes
            ``[K, E]`` and returns ``[B, H]``; ``None`` means the asynchronous encoder of D-VAE,
            which shares its forward messages with the decoder.
        decoder_state: What types are predicted from, unless the spec says it.
    """
    hidden, vertices = spec.hidden_size, spec.max_vertices
    messages = MessageFunction(hidden, vertices)
    if encoder is None:
        bidirectional = True if spec.bidirectional is None else spec.bidirectional
        encoder = AsynchronousEncoder(operations.width, hidden, vertices, bidirectional, messages)
    state = spec.decoder_state or decoder_state
    decoder = AutoregressiveDecoder(
        operations.width, hidden, spec.latent_size, vertices, messages, state
    )
    return GraphVae(operations, encoder, decoder, hidden, spec.latent_size)


def _one_hot(spec: ModelSpec) -> OneHotOperations:
    if (spec.initial_table, spec.given_table, spec.learn_table) != ("normal", None, True):
        raise ValueError("a one-hot code has no table to start from, to give or to freeze")
    return OneHotOperations(spec.operation_scale)


def _embedding(spec: ModelSpec) -> OperationEmbedding:
    return OperationEmbedding(
        spec.embedding_size,
        spec.operation_scale,
        spec.initial_table,
        spec.given_table,
        spec.learn_table,
    )


def _refuse(spec: ModelSpec, model: str, *fields: str) -> None:
    """Raise ValueError if one of these fields asks for something that the model has not."""
    for field in fields:
        if getattr(spec, field):
            raise ValueError(f"{model} has no {field}={getattr(spec, field)!r}")


def _asynchronous(spec: ModelSpec, operations: OperationEncoding) -> GraphVae:
    _refuse(spec, "D-VAE", "simultaneous_convolution")
    return assemble(spec, operations)


def _convolutional(spec: ModelSpec, operations: OperationEncoding) -> GraphVae:
    encoder = GraphConvolutionEncoder(
        operations.width,
        spec.hidden_size,
        bidirectional=bool(spec.bidirectional),
        simultaneous=spec.simultaneous_convolution,
    )
    return assemble(spec, operations, encoder, decoder_state="sum")


def _sequential(spec: ModelSpec, operations: OperationEncoding, decoder: Decoder) -> GraphVae:
    _refuse(spec, "a sequence model", "bidirectional", "decoder_state", "simultaneous_convolution")
    encoder = SequenceEncoder(operations.width, spec.hidden_size, spec.max_vertices)
    return GraphVae(operations, encoder, decoder, spec.hidden_size, spec.latent_size)


@register_model("dvae")
def _dvae(spec: ModelSpec) -> GraphVae:
    return _asynchronous(spec, _one_hot(spec))


@register_model("dvae-emb")
def _dvae_emb(spec: ModelSpec) -> GraphVae:
    return _asynchronous(spec, _embedding(spec))


@register_model("gcn")
def _gcn(spec: ModelSpec) -> GraphVae:
    return _convolutional(spec, _one_hot(spec))


@register_model("gcn-emb")
def _gcn_emb(spec: ModelSpec) -> GraphVae:
    return _convolutional(spec, _embedding(spec))


@register_model("svae")
def _svae(spec: ModelSpec) -> GraphVae:
    decoder = SequenceDecoder(spec.hidden_size, spec.latent_size, spec.max_vertices)
    return _sequential(spec, _one_hot(spec), decoder)


@register_model("graphrnn")
def _graphrnn(spec: ModelSpec) -> GraphVae:
    operations = _one_hot(spec)
    decoder = GraphRnnDecoder(
        operations.width, spec.hidden_size, spec.latent_size, spec.max_vertices
    )
    return _sequential(spec, operations, decoder)


MODEL_NAMES: tuple[str, ...] = model_names()
"""The models that the package itself defines."""
