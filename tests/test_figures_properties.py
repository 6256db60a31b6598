"""The figures of chapters 7 and 8: what their traces hold, and what they say in words."""

from __future__ import annotations

import numpy as np
import pytest

from paper_nas import figures
from paper_nas.figures.projections import LINKED
from paper_nas.statistics import Contribution, CorrelationIntervals, Interval

FOUND = {
    "density": CorrelationIntervals(Interval(-0.4, -0.5, -0.3), Interval(-0.3, -0.4, -0.2)),
    "transitivity": CorrelationIntervals(Interval(0.2, 0.1, 0.4), Interval(0.1, 0.0, 0.2)),
}
NAMES = ("conv3x3", "conv5x5", "maxpool3x3")
POINTS = np.random.default_rng(0).normal(size=(40, 2)) * [1, 100]


def panels(**settings):
    return figures.linked_panels(
        {"first": POINTS, "second": -POINTS}, np.arange(40), "accuracy", **settings
    )


@pytest.mark.parametrize(
    "figure",
    [
        figures.property_by_group("density", [0.1, 0.2, 0.3], [0, 0, 1], ["low", "high"]),
        figures.property_correlations(FOUND, {"transitivity": 0.25}),
        figures.contribution_bars({"density": Contribution(0.3, 0.1, -0.2)}),
        panels(),
        figures.smoothness_by_epoch({"D-VAE": {1: 0.2, 40: 0.5}}, {"one-hot": 0.3}, "Moran's I"),
        figures.operation_spaces({"T = 1": np.eye(3)}, NAMES, [("conv3x3", "conv5x5")]),
    ],
    ids=lambda figure: figure.layout.meta["name"],
)
def test_every_figure_has_the_house_look_and_a_description(figure) -> None:
    assert figure.layout.template.layout == figures.TEMPLATE.layout
    assert figure.layout.width is None
    assert len(figure.layout.meta["alt"]) > 60


def test_a_group_has_its_quartiles_and_its_mean() -> None:
    values = np.concatenate([np.arange(101.0), [7.0, 9.0]])
    groups = np.repeat([0, 1], [101, 2])
    box, line = figures.property_by_group("density", values, groups, ["low", "high"]).data
    read = [box[key][0] for key in ("lowerfence", "q1", "median", "q3", "upperfence")]
    assert read == [5, 25, 50, 75, 95]
    assert list(line.y) == [50, 8]
    assert list(line.customdata) == [101, 2]
    for labels in (["low"], ["low", "high", "none"]):
        with pytest.raises(ValueError, match="labels for groups"):
            figures.property_by_group("density", values, groups, labels)


def test_correlations_stand_beside_the_papers() -> None:
    pearson, spearman, paper = figures.property_correlations(FOUND, {"transitivity": 0.25}).data
    assert list(pearson.x) == [-0.4, 0.2]
    assert list(pearson.error_x.array) == pytest.approx([0.1, 0.2])
    assert list(spearman.error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert list(paper.x) == [0.25]
    assert paper.y[0] == pearson.y[1]
    assert len(figures.property_correlations(FOUND).data) == 2
    for function in (figures.property_correlations, figures.contribution_bars):
        with pytest.raises(ValueError, match="at least one property"):
            function({})


def test_panels_hold_small_whole_numbers_that_keep_their_places() -> None:
    figure = panels(marks={"the last": [38, 39]})
    first, second = figure.data
    assert first.x.dtype == np.int16
    assert first.marker.color.dtype == np.uint8
    assert np.corrcoef(first.y, POINTS[:, 1])[0, 1] > 0.999999
    np.testing.assert_allclose(second.x, -first.x.astype(int), atol=1)
    assert abs(first.x).max() == abs(first.y).max() == 32_000
    assert (np.diff(first.marker.color.astype(int)) >= 0).all()
    assert figure.layout.meta[LINKED] is True
    choices = {b.label: b.args[0]["selectedpoints"] for b in figure.layout.updatemenus[0].buttons}
    assert choices == {"all": [None], "the last": [[38, 39]]}
    with pytest.raises(ValueError, match="panels of 39 rows"):
        figures.linked_panels({"a": POINTS}, np.arange(39), "accuracy")


def test_epochs_are_evenly_spaced_and_levels_are_drawn() -> None:
    curves = {"a": {1: 0.2, 40: 0.5}, "b": {0: 0.1, 40: 0.4}}
    figure = figures.smoothness_by_epoch(curves, {"one-hot": 0.3}, "Moran's I")
    assert [list(trace.x) for trace in figure.data] == [[1, 2], [0, 2]]
    assert list(figure.layout.xaxis.ticktext) == ["0", "1", "40"]
    assert figure.layout.shapes[0].y0 == 0.3
    with pytest.raises(ValueError, match="each with values"):
        figures.smoothness_by_epoch({"a": {}}, {}, "Moran's I")


def test_a_slider_turns_the_operations_of_every_view() -> None:
    tables = {"T = 1": np.eye(3), "T = 2": 2 * np.eye(3)[::-1]}
    figure = figures.operation_spaces(tables, NAMES, [("conv3x3", "conv5x5")])
    views, legend = figure.data[:6], figure.data[6:]
    assert [trace.xaxis for trace in views] == ["x"] * 3 + ["x2"] * 3
    assert [trace.name for trace in legend] == ["conv 3×3", "conv 5×5", "max-pool 3×3"]
    _, joined, points = views[:3]
    assert list(joined.x[:2]) == list(points.x[:2])
    assert np.isnan(joined.x[2])
    steps = figure.layout.sliders[0].steps
    assert steps[0].args[0]["x"][2] == list(points.x)
    places = np.array([[step.args[0][axis][2] for axis in "xy"] for step in steps])
    # a parallel view of a centred table: over a whole turn every point comes back and averages out
    assert np.ptp(places[:, 0], axis=0).min() > 0.5
    np.testing.assert_allclose(places[:, 0].mean(axis=0), 0, atol=1e-3)
    sizes = np.array([step.args[0]["marker.size"][2] for step in steps])
    assert sizes.min() > 8
    assert np.ptp(sizes) > 2
    with pytest.raises(ValueError, match="one to four tables of 2 rows"):
        figures.operation_spaces(tables, NAMES[:2])
