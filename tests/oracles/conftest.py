"""Oracles that are made once and copied, so that every test starts counting at zero."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from paper_nas.child import train_shared
from paper_nas.oracles import (
    Oracle,
    SkipPatternOracle,
    StandaloneOracle,
    SurrogateOracle,
    WeightSharingOracle,
)
from tests.child.samples import tiny_images
from tests.oracles.samples import BUDGET, CONFIG, cifar_like, digits_like

NAMES = ("stand-alone", "weight-sharing", "surrogate", "skip-pattern")


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Oracle]:
    """An oracle by its name, as it was before its first call."""
    cache: Path = tmp_path_factory.mktemp("oracles")
    images = tiny_images()
    made: dict[str, Oracle] = {
        "stand-alone": StandaloneOracle(digits_like(20), images, BUDGET, cache=cache),
        "weight-sharing": WeightSharingOracle(train_shared(images, CONFIG), images),
        "surrogate": SurrogateOracle(digits_like()),
        "skip-pattern": SkipPatternOracle(cifar_like(), winners=()),
    }
    assert tuple(made) == NAMES
    return lambda name: copy.deepcopy(made[name])
