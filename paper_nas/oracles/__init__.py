"""Oracles: the score of any architecture, and where it comes from.

:class:`StandaloneOracle` and :class:`WeightSharingOracle` train networks, :class:`SurrogateOracle`
fits the labels of a benchmark, and :class:`SkipPatternOracle` extends the labels of the paper's
data, which say nothing about operations. All have one interface, :class:`Oracle`.
"""

from paper_nas.cache import CacheDamaged
from paper_nas.oracles.base import PROVENANCES, InvalidArchitecture, Oracle, Scores
from paper_nas.oracles.features import architecture_features
from paper_nas.oracles.fitted import (
    REGRESSORS,
    FittedOracle,
    HeldOut,
    SkipPatternOracle,
    SurrogateOracle,
    compare_regressors,
)
from paper_nas.oracles.live import StandaloneOracle, WeightSharingOracle
from paper_nas.oracles.winners import PublishedWinner, read_winners

__all__ = [
    "PROVENANCES",
    "REGRESSORS",
    "CacheDamaged",
    "FittedOracle",
    "HeldOut",
    "InvalidArchitecture",
    "Oracle",
    "PublishedWinner",
    "Scores",
    "SkipPatternOracle",
    "StandaloneOracle",
    "SurrogateOracle",
    "WeightSharingOracle",
    "architecture_features",
    "compare_regressors",
    "read_winners",
]
