"""What an architecture prescribes, without a tensor: reductions, equal networks, and costs.

Glossary: *cache entry* 0 is the stem's output and entry ``k`` that of layer ``k - 1`` (layers are
counted from 0 in this package); bit ``j`` of a layer selects entry ``j`` as a skip. Layer ``i``
always reads entry ``i``, the newest. Source: enas_child_network_spec, "Encoding".
"""

from __future__ import annotations

from dataclasses import dataclass

from paper_nas.space import OPERATION_NAMES, Architecture

KERNELS: dict[str, tuple[int, bool]] = {
    "conv3x3": (3, False),
    "sep3x3": (3, True),
    "conv5x5": (5, False),
    "sep5x5": (5, True),
}
"""Kernel size of the operations that convolve, and whether they are depthwise-separable."""

POOLS: dict[str, str] = {"avgpool3x3": "average", "maxpool3x3": "maximum"}
"""The operations that pool."""

NETWORKS = ("fixed", "search")


def reduction_layers(num_layers: int) -> tuple[int, ...]:
    """Layers (from 0) after which all maps are halved; none for fewer than three layers.

    Source: enas_child_network_spec, "Shared network": after each of the first two thirds.

    >>> reduction_layers(6), reduction_layers(12), reduction_layers(2)
    ((1, 3), (3, 7), ())
    """
    distance = num_layers // 3
    return (distance - 1, 2 * distance - 1) if distance else ()


def selected_entries(architecture: Architecture, layer: int) -> tuple[int, ...]:
    """Cache entries that the skips of a layer (from 0) select, ascending.

    >>> selected_entries(Architecture((0, 5, 2), (1, 0, 1)), 2)
    (1,)
    """
    bits = architecture.layer_skips(layer + 1)
    return tuple(entry for entry, bit in enumerate(bits) if bit)


def entries_read_later(architecture: Architecture, layer: int) -> tuple[int, ...]:
    """Cache entries that some layer after ``layer`` reads, ascending.

    Only these need a reduction after ``layer``: another one could change nothing.

    >>> entries_read_later(Architecture((0, 5, 2), (1, 0, 1)), 1)
    (1, 2)
    """
    later = range(layer + 1, architecture.num_layers)
    read = {layer + 1} if later else set()
    for reader in later:
        read.update(j for j in selected_entries(architecture, reader) if j <= layer)
    return tuple(sorted(read))


def canonical(architecture: Architecture) -> Architecture:
    """The architecture with every separable convolution made a plain one of the same size.

    The released code's final network ignores "separable", so there an architecture and its
    canonical form are one and the same network (enas_child_network_spec, "Fixed-arc network").

    >>> canonical(Architecture((1, 3, 4), (0, 0, 1))).operations
    (0, 2, 4)
    """
    return Architecture(
        tuple(_without_separable(operation) for operation in architecture.operations),
        architecture.skips,
    )


def _without_separable(operation: int) -> int:
    name = OPERATION_NAMES[operation]
    if name not in KERNELS:
        return operation
    return OPERATION_NAMES.index(f"conv{KERNELS[name][0]}x{KERNELS[name][0]}")


@dataclass(frozen=True)
class NetworkCost:
    """What one network costs.

    Attributes:
        parameters: Trainable numbers: convolutions, the classifier, scale and shift of each batch
            normalisation.
        multiply_adds: Multiply-adds of the convolutions and the classifier for one image, positions
            in the padding included; normalisation, pooling and sums are not counted.
    """

    parameters: int
    multiply_adds: int


class _Ledger:
    """Sums costs at a current map size."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.parameters = self.multiply_adds = 0

    def weights(self, count: int, positions: int | None = None) -> None:
        """``count`` weights, each used at every position of the map."""
        self.parameters += count
        self.multiply_adds += count * (self.height * self.width if positions is None else positions)

    def normalisation(self, channels: int) -> None:
        self.parameters += 2 * channels

    def halve(self) -> None:
        self.height, self.width = (self.height + 1) // 2, (self.width + 1) // 2


def network_cost(
    architecture: Architecture,
    channels: int,
    image_shape: tuple[int, int, int],
    num_classes: int = 10,
    network: str = "fixed",
    released_quirk: bool = False,
) -> NetworkCost:
    """Parameters and multiply-adds of one architecture, reductions that nothing reads left out.

    Args:
        architecture: The architecture.
        channels: ``C``: channels of the stem; they double at each reduction in the fixed network
            and stay in the search network.
        image_shape: Channels, height and width of an image.
        num_classes: Outputs.
        network: ``"fixed"``, or ``"search"`` for the architecture's path in the shared network.
        released_quirk: Count separable convolutions as plain ones (fixed network only).

    Raises:
        ValueError: An unknown network, or the quirk asked of the search network.
    """
    if network not in NETWORKS:
        raise ValueError(f"network must be one of {NETWORKS}, not {network!r}")
    if released_quirk and network == "search":
        raise ValueError("the quirk is one of the fixed network; the search network has none")
    if released_quirk:
        architecture = canonical(architecture)
    fixed, width, sites = network == "fixed", channels, reduction_layers(architecture.num_layers)
    ledger = _Ledger(*image_shape[1:])
    ledger.weights(9 * image_shape[0] * width)
    ledger.normalisation(width)
    for layer, operation in enumerate(architecture.operations):
        _operation_cost(ledger, OPERATION_NAMES[operation], width, fixed)
        if layer > 0:
            if fixed:
                ledger.weights((len(selected_entries(architecture, layer)) + 1) * width * width)
            ledger.normalisation(width)
        if layer in sites:
            ledger.halve()
            wider = 2 * width if fixed else width
            for _ in entries_read_later(architecture, layer):
                ledger.weights(width * wider)
                ledger.normalisation(wider)
            width = wider
    ledger.weights(width * num_classes, positions=1)
    return NetworkCost(ledger.parameters, ledger.multiply_adds)


def _operation_cost(ledger: _Ledger, name: str, width: int, fixed: bool) -> None:
    if name in KERNELS or not fixed:  # the 1x1 convolution; the fixed network's pools have none
        ledger.weights(width * width)
        ledger.normalisation(width)
    if name in KERNELS:
        size, separable = KERNELS[name]
        area = size * size
        ledger.weights(area * width + width * width if separable else area * width * width)
        ledger.normalisation(width)
