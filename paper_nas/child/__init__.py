"""The ENAS child networks: how the architectures of the space are scored.

:func:`train_standalone` trains one architecture alone; :func:`train_shared` trains one network that
all architectures share, whose :meth:`SharedChildNetwork.evaluate` then scores many of them at once;
:func:`fine_tune` trains one architecture's path of it a little further. :func:`load_images` gives
the images, and the budgets say how to train.
"""

from paper_nas.child.budgets import (
    BUDGETS,
    CIFAR10_FINAL,
    CIFAR10_SHARED,
    DIGITS,
    DIGITS_SHARED,
    SHARED_CONFIGS,
    Budget,
    SharedConfig,
)
from paper_nas.child.images import ImagePart, ImageSet, load_images
from paper_nas.child.networks import STATISTICS, FixedChildNetwork, SharedChildNetwork
from paper_nas.child.scoring import SharedScores
from paper_nas.child.structure import NetworkCost, canonical, network_cost
from paper_nas.child.training import (
    SharedRun,
    StandaloneResult,
    fine_tune,
    train_shared,
    train_standalone,
)

__all__ = [
    "BUDGETS",
    "CIFAR10_FINAL",
    "CIFAR10_SHARED",
    "DIGITS",
    "DIGITS_SHARED",
    "SHARED_CONFIGS",
    "STATISTICS",
    "Budget",
    "FixedChildNetwork",
    "ImagePart",
    "ImageSet",
    "NetworkCost",
    "SharedChildNetwork",
    "SharedConfig",
    "SharedRun",
    "SharedScores",
    "StandaloneResult",
    "canonical",
    "fine_tune",
    "load_images",
    "network_cost",
    "train_shared",
    "train_standalone",
]
