"""A benchmark that is made in seconds."""

from __future__ import annotations

from paper_nas.benchmark import BenchmarkConfig, Label, Labels, Task
from paper_nas.child import DIGITS, DIGITS_SHARED

TINY = BenchmarkConfig(
    name="tiny",
    image_set="digits",
    image_size=8,
    budget=DIGITS.changed(channels=2, steps=2, batch_size=8, noise=0.4),
    shared=DIGITS_SHARED.changed(channels=2, steps=3, batch_size=8, noise=0.4),
    num_architectures=60,
    labelled_train=6,
    labelled_test=3,
    repeated=4,
    supernets=2,
)


def made_up_label(nll: float, size: int = 1_000) -> Label:
    """A label without a training."""
    return Label(
        validation_nll=nll,
        validation_hits=round(600 * 2.718 ** (-nll)),
        test_nll=nll,
        test_hits=300,
        cpu_seconds=1.0,
        parameters=size,
        multiply_adds=10 * size,
    )


def made_up_labels(tasks: list[Task], loss_of: object) -> Labels:
    """Labels of tasks by a function of the task."""
    assert callable(loss_of)
    return {task: made_up_label(loss_of(task)) for task in tasks}
