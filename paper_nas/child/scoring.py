"""Accuracy and negative log-likelihood of trained networks; many architectures as a prefix tree.

In the shared network the output of layer ``i`` depends on the operations and skips of layers
``0 .. i`` only. So architectures form a tree, in which those that agree in their first layers share
a path from the root; walking it depth first computes each shared map once. A map is shared even
further: the operation's output by all skip patterns of its layer, and the halved form of a cache
entry by everything below the node that made the entry. Every number is made by the same calls on
the same tensors as for an architecture alone, so the results are the same bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from paper_nas.child.images import ImagePart
from paper_nas.child.structure import entries_read_later, selected_entries
from paper_nas.space import Architecture

if TYPE_CHECKING:
    from paper_nas.child.networks import SharedChildNetwork

BATCH_SIZE = 600
"""Most images that a shared network sees at once, unless told otherwise."""
SINGLE_BATCH_SIZE = 100
"""The same for a single network: its maps of few images stay in the processor's cache."""

Key = TypeVar("Key", bound=Hashable)
Scored = tuple[list[int], Tensor]
"""Positions of equal architectures, and their logits ``[B, classes]``."""


class Entry:
    """A cache entry of the tree's nodes.

    Attributes:
        value: ``[B, C, S, S]``.
    """

    def __init__(self, value: Tensor) -> None:
        """An entry that has not been halved yet."""
        self.value = value
        self._halved: Entry | None = None

    def halved(self, network: SharedChildNetwork, layer: int, number: int) -> Entry:
        """The entry after the reduction that follows ``layer``, computed when first asked for.

        An entry lives from one reduction to the next, so there is only one that it can meet.
        """
        if self._halved is None:
            self._halved = Entry(network.reduce(layer, number, self.value))
        return self._halved


class SharedScores(NamedTuple):
    """Scores of ``M`` architectures in one shared network.

    Attributes:
        accuracy: ``[M]`` float64, in [0, 1].
        nll: ``[M]`` float64, mean negative log-likelihood in nats.
    """

    accuracy: np.ndarray
    nll: np.ndarray


def tree_logits(
    network: SharedChildNetwork, architectures: Sequence[Architecture], images: Tensor
) -> Iterator[Scored]:
    """Logits of all architectures by a walk over their prefix tree.

    Args:
        network: In evaluation mode.
        architectures: ``M`` of them.
        images: ``[B, image_channels, S, S]``.

    Yields:
        Each distinct architecture's positions and logits, in the order of the walk.
    """
    if architectures:
        root = {0: Entry(network.stem(images))}
        yield from _visit(network, architectures, list(range(len(architectures))), 0, root)


def one_by_one_logits(
    network: SharedChildNetwork, architectures: Sequence[Architecture], images: Tensor
) -> Iterator[Scored]:
    """The same as :func:`tree_logits`, one architecture after another, sharing nothing."""
    for index, architecture in enumerate(architectures):
        yield [index], network(images, architecture)


def _visit(
    network: SharedChildNetwork,
    architectures: Sequence[Architecture],
    members: list[int],
    layer: int,
    cache: dict[int, Entry],
) -> Iterator[Scored]:
    """All architectures ``members`` below a node whose cache entries they share."""
    if layer == network.num_layers:
        yield members, network.head(cache[layer].value)
        return
    by_operation = _group(members, lambda m: architectures[m].operations[layer])
    for operation, same_operation in by_operation.items():
        output = network.branch(layer, operation, cache[layer].value)
        by_skips = _group(same_operation, lambda m: selected_entries(architectures[m], layer))
        for entries, same in by_skips.items():
            newest = network.merge(layer, output, [cache[entry].value for entry in entries])
            below = {**cache, layer + 1: Entry(newest)}
            if layer in network.sites:
                read = {j for m in same for j in entries_read_later(architectures[m], layer)}
                below = {j: below[j].halved(network, layer, j) for j in sorted(read)}
            yield from _visit(network, architectures, same, layer + 1, below)


def _group(members: list[int], key: Callable[[int], Key]) -> dict[Key, list[int]]:
    groups: dict[Key, list[int]] = {}
    for member in members:
        groups.setdefault(key(member), []).append(member)
    return groups


def score(
    network: SharedChildNetwork,
    architectures: Sequence[Architecture],
    part: ImagePart,
    logits: Callable[..., Iterator[Scored]],
    batch_size: int = BATCH_SIZE,
    progress: bool = False,
    calibration: Tensor | None = None,
) -> SharedScores:
    """Sum hits and negative log-likelihoods over the batches of a part.

    Args:
        network: In evaluation mode.
        architectures: ``M`` of them.
        part: The images.
        logits: :func:`tree_logits` or :func:`one_by_one_logits`.
        batch_size: Most images at once.
        progress: Show a progress bar.
        calibration: ``[n, image_channels, S, S]``, put in front of each batch; the network gives no
            logits for them (:func:`paper_nas.child.layers.calibrated_statistics`).

    Raises:
        ValueError: The part is empty.
    """
    if not len(part):
        raise ValueError("this part of the image set is empty")
    hits = np.zeros(len(architectures), dtype=np.int64)
    nll = np.zeros(len(architectures), dtype=np.float64)
    batches = part.batches(batch_size)
    total = len(architectures) * math.ceil(len(part) / batch_size)
    with torch.inference_mode(), tqdm(total=total, disable=not progress, unit="arch") as bar:
        for images, labels in batches:
            if calibration is not None:
                images = torch.cat([calibration, images])
            images, labels = _on_device_of(network, images, labels)
            for members, values in logits(network, architectures, images):
                batch_hits, batch_nll = hits_and_nll(values, labels)
                hits[members] += batch_hits
                nll[members] += batch_nll
                bar.update(len(members))
    return SharedScores(hits / len(part), nll / len(part))


def evaluate_network(
    network: nn.Module, part: ImagePart, batch_size: int = SINGLE_BATCH_SIZE
) -> tuple[float, float]:
    """Accuracy and mean negative log-likelihood (nats) of a network with moving averages.

    Args:
        network: Maps ``[B, image_channels, S, S]`` to logits ``[B, classes]``; its mode is kept.
        part: The images.
        batch_size: Most images at once.

    Returns:
        NaN and NaN for an empty part.
    """
    if not len(part):
        return math.nan, math.nan
    was_training = network.training
    network.eval()
    hits, nll = 0, 0.0
    with torch.inference_mode():
        for images, labels in part.batches(batch_size):
            images, labels = _on_device_of(network, images, labels)
            batch_hits, batch_nll = hits_and_nll(network(images), labels)
            hits, nll = hits + batch_hits, nll + batch_nll
    network.train(was_training)
    return hits / len(part), nll / len(part)


def hits_and_nll(logits: Tensor, labels: Tensor) -> tuple[int, float]:
    """Number of hits and summed negative log-likelihood (nats) of logits ``[B, classes]``."""
    hits = int((logits.argmax(1) == labels).sum())
    return hits, float(F.cross_entropy(logits.double(), labels, reduction="sum"))


def _on_device_of(network: nn.Module, *tensors: Tensor) -> tuple[Tensor, ...]:
    device = next(network.parameters()).device
    return tuple(tensor.to(device) for tensor in tensors)
