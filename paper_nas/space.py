"""The ENAS macro search space: an architecture is a chain of layers with optional skips.

Every layer applies one of six operations to the layer before it; *skip connections* from earlier
layers (or the input) are free bits. As a graph, vertex 0 is START (the input), vertices
``1 .. num_layers`` are the layers, and the last vertex is END (the output). The chain
``0 -> 1 -> ... -> END`` is always present.

Source: paper section 4 (data set); ``released_code_spec`` section 1 (encoding), section 7
(validity).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from reprlib import repr as short

import networkx as nx
import numpy as np
import torch

from paper_nas.drawing import dag_svg

OPERATION_NAMES: tuple[str, ...] = (
    "conv3x3",
    "sep3x3",
    "conv5x5",
    "sep5x5",
    "avgpool3x3",
    "maxpool3x3",
)
"""Names of the operations; the position in the tuple is the operation's number (0 to 5)."""

START, END = 0, 1
"""Vertex types of the input and the output vertex."""

NUM_OPERATIONS = len(OPERATION_NAMES)
NUM_VERTEX_TYPES = NUM_OPERATIONS + 2
"""START, END and the operations: ``K`` in the glossary of shapes."""

VERTEX_NAMES: tuple[str, ...] = ("START", "END", *OPERATION_NAMES)
"""Names of the vertex types; operation ``o`` has vertex type ``o + 2``."""

MAX_LAYERS = 12

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")


def num_skip_bits(num_layers: int) -> int:
    """Number of free skip bits of an architecture with ``num_layers`` layers.

    >>> num_skip_bits(6)
    15
    """
    return num_layers * (num_layers - 1) // 2


@dataclass(frozen=True, repr=False)
class Architecture:
    """One neural architecture of the ENAS macro space.

    Attributes:
        operations: Operation number (0 to 5) of each layer, first layer first; 1 to 12 layers.
        skips: The free bits, flat: layer 2 has one bit, layer 3 two, and so on. Bit ``j`` of a
            layer is 1 when vertex ``j`` (0 = START) feeds it besides the layer before it.

    Raises:
        TypeError: A value is not an integer.
        ValueError: Wrong number of layers or bits, an unknown operation, a bit that is not 0 or 1.

    >>> a = Architecture((0, 5, 2), (1, 0, 1))
    >>> str(a)
    '0 5 1 2 0 1'
    >>> Architecture.from_string("0 5 1 2 0 1") == a
    True
    """

    operations: tuple[int, ...]
    skips: tuple[int, ...]

    def __post_init__(self) -> None:
        """Normalise the two sequences to tuples of plain integers and check them."""
        object.__setattr__(self, "operations", _integers(self.operations, "operation"))
        object.__setattr__(self, "skips", _integers(self.skips, "skip bit"))
        layers = len(self.operations)
        if not 1 <= layers <= MAX_LAYERS:
            raise ValueError(f"an architecture has 1 to {MAX_LAYERS} layers, not {layers}")
        if len(self.skips) != num_skip_bits(layers):
            raise ValueError(
                f"{layers} layers have {num_skip_bits(layers)} skip bits, not {len(self.skips)}"
            )
        for operation in self.operations:
            if not 0 <= operation < NUM_OPERATIONS:
                raise ValueError(f"operation {short(operation)} is not in 0..{NUM_OPERATIONS - 1}")
        for bit in self.skips:
            if bit not in (0, 1):
                raise ValueError(f"a skip bit is 0 or 1, not {short(bit)}")

    @classmethod
    def from_row(cls, row: Sequence[Sequence[int]]) -> Architecture:
        """Read the nested form of the ENAS data: ``[[op], [op, b0], [op, b0, b1], ...]``.

        Args:
            row: One list per layer; layer ``i`` (from 1) holds its operation and ``i - 1`` bits.

        Raises:
            TypeError: The row is not a sequence of integer sequences.
            ValueError: A layer has the wrong length, or a value is out of range.
        """
        operations: list[int] = []
        skips: list[int] = []
        for number, layer in enumerate(row, start=1):
            if isinstance(layer, (str, bytes)) or not isinstance(layer, Sequence):
                raise TypeError(f"layer {number} is not a list of integers: {short(layer)}")
            if len(layer) != number:
                raise ValueError(f"layer {number} has {len(layer)} entries instead of {number}")
            operations.append(layer[0])
            skips.extend(layer[1:])
        return cls(tuple(operations), tuple(skips))

    @classmethod
    def from_string(cls, text: str) -> Architecture:
        """Read the flat form: the integers of all layers joined by blanks.

        Args:
            text: ``n (n + 1) / 2`` integers for ``n`` layers.

        Raises:
            TypeError: It is no text.
            ValueError: A word is not an integer as Python writes it, the count fits no number of
                layers, or a value is out of range.
        """
        if not isinstance(text, str):
            raise TypeError(f"not a text of integers: {short(text)}")
        words = text.split()
        if not all(_INTEGER.fullmatch(word) for word in words):
            raise ValueError(f"not a list of integers: {short(text)}")
        numbers = [int(word) for word in words]
        row: list[list[int]] = []
        while numbers and len(numbers) > len(row):
            length = len(row) + 1
            row.append(numbers[:length])
            numbers = numbers[length:]
        if numbers:
            raise ValueError(f"{len(words)} integers fit no number of layers: {short(text)}")
        return cls.from_row(row)

    def to_row(self) -> list[list[int]]:
        """The nested form of the ENAS data, the inverse of :meth:`from_row`."""
        return [
            [operation, *self.layer_skips(number)]
            for number, operation in enumerate(self.operations, start=1)
        ]

    @property
    def num_layers(self) -> int:
        """Number of layers, START and END not counted."""
        return len(self.operations)

    def layer_skips(self, layer: int) -> tuple[int, ...]:
        """The free bits of one layer (counted from 1): bit ``j`` is the edge ``j -> layer``."""
        if not 1 <= layer <= self.num_layers:
            raise ValueError(f"layer {layer} is not in 1..{self.num_layers}")
        first = num_skip_bits(layer - 1)
        return self.skips[first : first + layer - 1]

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """All edges ``(source, target)``, chain and skips, ordered by target, then source."""
        pairs: list[tuple[int, int]] = []
        for layer in range(1, self.num_layers + 1):
            pairs += [(source, layer) for source, bit in enumerate(self.layer_skips(layer)) if bit]
            pairs.append((layer - 1, layer))
        pairs.append((self.num_layers, self.num_layers + 1))
        return tuple(pairs)

    @property
    def vertex_types(self) -> tuple[int, ...]:
        """Vertex types (see :data:`VERTEX_NAMES`), START first, END last."""
        return (START, *(operation + 2 for operation in self.operations), END)

    def to_networkx(self) -> nx.DiGraph:
        """The graph with vertices ``0 .. num_layers + 1`` and their names in ``"operation"``."""
        graph = nx.DiGraph()
        for vertex, kind in enumerate(self.vertex_types):
            graph.add_node(vertex, operation=VERTEX_NAMES[kind])
        graph.add_edges_from(self.edges)
        return graph

    def __str__(self) -> str:
        """The flat form: all integers of :meth:`to_row`, joined by blanks."""
        return " ".join(str(number) for layer in self.to_row() for number in layer)

    def __repr__(self) -> str:
        """Operations by name, and the skips as ``source->target``."""
        names = " ".join(OPERATION_NAMES[operation] for operation in self.operations)
        last = self.num_layers + 1
        skips = " ".join(f"{u}->{v}" for u, v in self.edges if v - u > 1 and v < last)
        return f"<Architecture {names} | skips {skips or 'none'}>"

    def _repr_svg_(self) -> str:
        """The picture as an image file, whose lines must show on light and on dark pages."""
        return self._svg(ink="#767b85")

    def _repr_html_(self) -> str:
        """The picture as part of a page, whose lines take the colour of its text."""
        return self._svg()

    def _svg(self, ink: str = "currentColor") -> str:
        names = [VERTEX_NAMES[kind] for kind in self.vertex_types]
        return dag_svg(names, self.edges, title=repr(self)[1:-1], ink=ink)


def _integers(values: Iterable[int], what: str) -> tuple[int, ...]:
    """Plain integers from Python or NumPy ones; booleans, floats and strings are refused."""
    result = []
    for value in values:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"a {what} must be an integer, not {short(value)}")
        result.append(int(value))
    return tuple(result)


def is_valid_graph(graph: nx.DiGraph) -> bool:
    """Whether a labelled graph is a valid ENAS architecture (released_code_spec section 7).

    Valid means: acyclic; one START and one END; only START has no in-edge and only END has no
    out-edge; the chain edges ``i -> i + 1`` are present up to the last layer; END has exactly one
    in-edge. The number of layers is free, and START -> END alone is valid.

    Args:
        graph: Vertices ``0 .. n - 1`` in topological order, with names in ``"operation"``.

    Raises:
        ValueError: The vertices are not ``0 .. n - 1``, or one has no known operation name.
    """
    count = graph.number_of_nodes()
    if set(graph) != set(range(count)):
        raise ValueError(f"the vertices must be 0..{count - 1}, not {sorted(graph, key=str)}")
    names = [graph.nodes[vertex].get("operation") for vertex in range(count)]
    for vertex, name in enumerate(names):
        if name not in VERTEX_NAMES:
            raise ValueError(f"vertex {vertex} has no known operation: {name!r}")
    if names.count("START") != 1 or names.count("END") != 1:
        return False
    for vertex, name in enumerate(names):
        if name != "START" and graph.in_degree(vertex) == 0:
            return False
        if name != "END" and graph.out_degree(vertex) == 0:
            return False
    chain = all(graph.has_edge(i, i + 1) for i in range(count - 2))
    single = graph.in_degree(names.index("END")) == 1
    return chain and single and nx.is_directed_acyclic_graph(graph)


@dataclass(frozen=True)
class EnasSpace:
    """All architectures with a given number of layers.

    Attributes:
        num_layers: 1 to 12; the paper uses 6.

    >>> EnasSpace().size
    1528823808
    """

    num_layers: int = 6

    def __post_init__(self) -> None:
        """Check the number of layers."""
        if not 1 <= self.num_layers <= MAX_LAYERS:
            raise ValueError(f"num_layers must be in 1..{MAX_LAYERS}, not {self.num_layers}")

    @property
    def size(self) -> int:
        """Number of architectures: ``6^L 2^(L (L - 1) / 2)`` for ``L`` layers."""
        return NUM_OPERATIONS**self.num_layers * 2 ** num_skip_bits(self.num_layers)

    @property
    def num_vertices(self) -> int:
        """Vertices of every graph: the layers, START and END."""
        return self.num_layers + 2

    def contains(self, architecture: Architecture) -> bool:
        """Whether the architecture has this space's number of layers."""
        return architecture.num_layers == self.num_layers

    def is_valid(self, graph: nx.DiGraph) -> bool:
        """Whether a labelled graph is a valid architecture; see :func:`is_valid_graph`."""
        return is_valid_graph(graph)

    def sample(
        self,
        count: int,
        skip_probability: float = 0.5,
        seed: int | np.random.Generator = 0,
        generator: torch.Generator | None = None,
    ) -> list[Architecture]:
        """Draw architectures independently: operations uniform, each skip with one probability.

        Args:
            count: How many.
            skip_probability: Probability of each free bit, in [0, 1].
            seed: A seed or a NumPy generator (which is advanced).
            generator: A torch generator (which is advanced), in place of ``seed``.

        Raises:
            ValueError: A negative count, or a probability outside [0, 1].
        """
        if count < 0:
            raise ValueError(f"count must not be negative: {count}")
        if not 0.0 <= skip_probability <= 1.0:
            raise ValueError(f"skip_probability must be in [0, 1], not {skip_probability}")
        if generator is not None:
            seed = int(torch.randint(2**62, (), generator=generator))
        rng = np.random.default_rng(seed)
        operations = rng.integers(NUM_OPERATIONS, size=(count, self.num_layers))
        bits = rng.random((count, num_skip_bits(self.num_layers))) < skip_probability
        return [
            Architecture(tuple(ops), tuple(row))
            for ops, row in zip(operations.tolist(), bits.astype(int).tolist(), strict=True)
        ]

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Architectures that differ in one operation or one skip (45 with six layers).

        Raises:
            ValueError: The architecture is not in this space.
        """
        if not self.contains(architecture):
            raise ValueError(f"{architecture.num_layers} layers in a space of {self.num_layers}")
        operations, skips = architecture.operations, architecture.skips
        for layer, current in enumerate(operations):
            for other in range(NUM_OPERATIONS):
                if other != current:
                    changed = (*operations[:layer], other, *operations[layer + 1 :])
                    yield Architecture(changed, skips)
        for index, bit in enumerate(skips):
            yield Architecture(operations, (*skips[:index], 1 - bit, *skips[index + 1 :]))
