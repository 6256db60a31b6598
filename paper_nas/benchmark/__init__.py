"""Making of ``enas-digits``: which architectures, which labels, and whether they are any good.

``python -m paper_nas benchmark gate`` asks, on a few hundred trainings, whether the labels can tell
operations apart; ``python -m paper_nas benchmark digits`` makes the file that comes with the
package. Reading it is :func:`paper_nas.datasets.load_dataset`'s matter.
"""

from paper_nas.benchmark.design import Design, Task, plan
from paper_nas.benchmark.gate import VARIANTS, Variant, assess
from paper_nas.benchmark.labels import Label, LabelFile, Labels, LabelsMismatch, train_labels
from paper_nas.benchmark.make import measure_gate, standalone_labels, write_benchmark, write_gate
from paper_nas.benchmark.settings import DIGITS_BENCHMARK, BenchmarkConfig
from paper_nas.benchmark.weight_sharing import agreement, score_all, supernet, supernets

__all__ = [
    "DIGITS_BENCHMARK",
    "VARIANTS",
    "BenchmarkConfig",
    "Design",
    "Label",
    "LabelFile",
    "Labels",
    "LabelsMismatch",
    "Task",
    "Variant",
    "agreement",
    "assess",
    "measure_gate",
    "plan",
    "score_all",
    "standalone_labels",
    "supernet",
    "supernets",
    "train_labels",
    "write_benchmark",
    "write_gate",
]
