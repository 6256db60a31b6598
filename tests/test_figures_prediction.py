"""The figures of chapter 5: what their traces hold, and what they say in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from paper_nas import figures
from paper_nas.regression import WiringError
from paper_nas.regression.table2 import Table2Figure, Table2Row


def row(kind: str, label: str, values: list[float], published: float | None = None) -> Table2Row:
    figure = Table2Figure(values, values, published, None)
    return Table2Row(
        kind, label, label, "paper", None, None, None, True, [], {"rmse": figure}, {}
    )  # fmt: skip


def wiring(of_mean: float, by_operations: float) -> WiringError:
    return WiringError(of_mean + by_operations, of_mean, by_operations, 0.5, 3, 2)


ROWS = [
    row("model", "D-VAE", [0.25, 0.35], 0.384),
    row("baseline", "look-up", [0.5]),
    row("quoted", "PACE", [], 0.248),
]
GRID = np.linspace(-1, 2, 7)
TRUTH = np.linspace(-2, 2, 100)


@pytest.mark.parametrize(
    "figure",
    [
        figures.process_in_one_dimension(
            np.linspace(0, 1, 5), np.ones(5), GRID, GRID, np.abs(GRID) + 1, np.array([0.5])
        ),
        figures.table2_errors(ROWS),
        figures.residuals_by_truth({"a": (TRUTH, 0.5 * TRUTH)}, bins=4),
        figures.calibration_curve({"a": np.linspace(-2, 2, 50)}),
        figures.readout_map({"a": ([0.5], [1.0, 0.0])}),
        figures.error_parts({"a": wiring(0.1, 0.2)}),
        figures.along_epochs({"some model": {1: 0.5, 10: 0.25}}, "error", "by-epoch"),
    ],
    ids=lambda figure: figure.layout.meta["name"],
)
def test_every_figure_has_the_house_look_and_a_description(figure: Any) -> None:
    assert figure.layout.template.layout == figures.TEMPLATE.layout
    assert figure.layout.width is None
    assert len(figure.layout.meta["alt"]) > 60


def test_a_process_has_a_band_of_twice_its_deviation() -> None:
    figure = figures.process_in_one_dimension(
        np.array([0.0, 1.0]), np.zeros(2), GRID, np.zeros(7), np.ones(7), np.array([0.5])
    )
    assert figure.data[0].y == pytest.approx([1.96] * 7, abs=1e-3)
    assert figure.data[1].y == pytest.approx([-1.96] * 7, abs=1e-3)
    assert figure.data[1].fill == "tonexty"
    assert "1.00 where there are data and 1.00 beyond" in figure.layout.meta["alt"]


def test_table_2_has_one_line_per_row() -> None:
    published, models, baselines = figures.table2_errors(ROWS).data
    assert list(zip(published.y, published.x, strict=True)) == [("D-VAE", 0.384), ("PACE", 0.248)]
    assert list(models.x) == pytest.approx([0.3])
    assert models.error_x.array[0] == pytest.approx(0.1 / 2**0.5)
    assert (list(baselines.y), list(baselines.error_x.array)) == (["look-up"], [0.0])
    assert "D-VAE: 0.300, published 0.384" in figures.table2_errors(ROWS).layout.meta["alt"]
    with pytest.raises(ValueError, match="no row"):
        figures.table2_errors(ROWS, "nlpd")


def test_residuals_show_where_predictions_shrink() -> None:
    figure = figures.residuals_by_truth({"a": (TRUTH, 0.5 * TRUTH)}, bins=4)
    mean, size = figure.data
    assert mean.y == pytest.approx(-0.5 * np.array(mean.x), abs=2e-3)
    assert all(s >= abs(m) for m, s in zip(mean.y, size.y, strict=True))
    with pytest.raises(ValueError, match="at least one sample"):
        figures.residuals_by_truth({})


def test_calibration_of_normal_scores_is_the_diagonal() -> None:
    scores = np.random.default_rng(0).standard_normal(20_000)
    _, good, narrow = figures.calibration_curve({"good": scores, "narrow": 2 * scores}).data
    assert good.y == pytest.approx(good.x, abs=1.5)
    assert narrow.y[9] < 35
    with pytest.raises(ValueError, match="at least one sample"):
        figures.calibration_curve({})


def test_the_readout_names_skips_and_layers() -> None:
    figure = figures.readout_map({"a": ([0.1, 0.2, 0.3], [1.0, 0.0, 0.5])})
    assert list(figure.data[0].x) == ["0→2", "0→3", "1→3", "op 1", "op 2", "op 3"]
    assert list(figure.data[0].z[0]) == [0.1, 0.2, 0.3, 1.0, 0.0, 0.5]
    for wrong in ({}, {"a": ([0.1], [1.0])}):
        with pytest.raises(ValueError, match="skips"):
            figures.readout_map(wrong or {"a": ([0.1, 0.2], [1.0, 0.0])})
    with pytest.raises(ValueError, match="equally many"):
        figures.readout_map({})


def test_error_parts_are_stacked() -> None:
    figure = figures.error_parts({"a": wiring(0.1, 0.2), "b": wiring(0.3, 0.0)})
    assert [list(bar.x) for bar in figure.data] == [[0.1, 0.3], [0.2, 0.0]]
    assert figure.layout.barmode == "stack"
    with pytest.raises(ValueError, match="at least one model"):
        figures.error_parts({})


def test_epochs_are_in_order() -> None:
    figure = figures.along_epochs({"a": {10: 0.25, 1: 0.5}}, "error", "by-epoch")
    assert list(figure.data[0].x) == [1, 10]
    assert list(figure.data[0].y) == [0.5, 0.25]
    with pytest.raises(ValueError, match="each label"):
        figures.along_epochs({"a": {}}, "error", "by-epoch")
