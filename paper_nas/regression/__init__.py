"""Regressions of accuracy on latents or on the architecture itself (paper Table 2).

:class:`SparseGP` is the paper's estimator, fitted well; with ``method="propagation"`` fitted as
published. :func:`predictive_performance` measures it, :data:`BASELINES` are its yardsticks.
"""

from paper_nas.regression.baselines import (
    BASELINES,
    Baseline,
    PatternLookup,
    baseline_performance,
    one_hot_code,
    one_hot_operations,
    skip_bits,
)
from paper_nas.regression.errors import (
    CholeskyFailure,
    ConstantTarget,
    InvalidInputs,
    TooFewPoints,
)
from paper_nas.regression.latents import latents_of, untrained_performance
from paper_nas.regression.performance import (
    PredictionFigures,
    PredictivePerformance,
    Spread,
    judge_predictions,
    predictive_performance,
    spread_of,
)
from paper_nas.regression.probes import (
    Probes,
    Readout,
    VarianceShares,
    WiringError,
    linear_readout,
    probe_latents,
    variance_shares,
    wiring_error,
)
from paper_nas.regression.sparse_gp import METHODS, SparseGP
from paper_nas.regression.supervised import (
    SupervisedEncoder,
    supervised_performance,
    train_with_labels,
)

__all__ = [
    "BASELINES",
    "METHODS",
    "Baseline",
    "CholeskyFailure",
    "ConstantTarget",
    "InvalidInputs",
    "PatternLookup",
    "PredictionFigures",
    "PredictivePerformance",
    "Probes",
    "Readout",
    "SparseGP",
    "Spread",
    "SupervisedEncoder",
    "TooFewPoints",
    "VarianceShares",
    "WiringError",
    "baseline_performance",
    "judge_predictions",
    "latents_of",
    "linear_readout",
    "one_hot_code",
    "one_hot_operations",
    "predictive_performance",
    "probe_latents",
    "skip_bits",
    "spread_of",
    "supervised_performance",
    "train_with_labels",
    "untrained_performance",
    "variance_shares",
    "wiring_error",
]
