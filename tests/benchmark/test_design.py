from __future__ import annotations

import numpy as np
import pytest

from paper_nas.benchmark import DIGITS_BENCHMARK, plan
from paper_nas.benchmark.design import draw_distinct
from tests.benchmark.samples import TINY


def test_the_benchmark_is_as_large_as_the_data_of_the_paper() -> None:
    design = plan(DIGITS_BENCHMARK)
    assert len(set(design.architectures)) == 19_020
    assert 0.1 <= design.in_test.mean() < 0.102
    assert len(design.labelled) >= 4_000
    assert len(design.repeated) >= 300


def test_no_skip_pattern_is_in_both_parts() -> None:
    design = plan(DIGITS_BENCHMARK)
    parts = [
        {a.skips for a, test in zip(design.architectures, design.in_test, strict=True) if test == t}
        for t in (True, False)
    ]
    assert parts[0].isdisjoint(parts[1])


def test_both_parts_are_labelled_and_the_first_rows_without_a_gap() -> None:
    design = plan(DIGITS_BENCHMARK)
    test = int(design.in_test[design.labelled].sum())
    assert test == DIGITS_BENCHMARK.labelled_test
    assert design.labelled[:3_000].tolist() == list(range(3_000))
    assert design.repeated.tolist() == list(range(DIGITS_BENCHMARK.repeated))


def test_tasks_are_each_row_with_its_seeds() -> None:
    design = plan(TINY)
    tasks = design.tasks()
    assert len(set(tasks)) == len(tasks) == 9 + 4
    assert [task.seed for task in tasks[:4]] == [0, 1, 0, 1]
    first = [design.architectures[row] for row in design.labelled]
    assert [task.architecture for task in tasks if task.seed == 0] == first


def test_a_plan_follows_from_its_seed() -> None:
    assert plan(TINY).architectures == plan(TINY).architectures
    assert plan(TINY).architectures != plan(TINY.changed(seed=1)).architectures


def test_drawing_refuses_more_than_the_space_has() -> None:
    assert len(set(draw_distinct(6, 1, 0.5, seed=0))) == 6
    with pytest.raises(ValueError, match="6 architectures, not 7"):
        draw_distinct(7, 1, 0.5, seed=0)


def test_counts_must_fit() -> None:
    with pytest.raises(ValueError, match="repetitions"):
        TINY.changed(repeated=10)
    with pytest.raises(ValueError, match="the parts hold"):
        plan(TINY.changed(labelled_test=20))


def test_images_have_the_size_and_the_noise_of_the_benchmark() -> None:
    images = DIGITS_BENCHMARK.load_images()
    assert images.shape == (1, DIGITS_BENCHMARK.image_size, DIGITS_BENCHMARK.image_size)
    assert images.noise == DIGITS_BENCHMARK.budget.noise
    assert np.isclose(float((images.validation.images < 0).float().mean()), 0.3, atol=0.15)
