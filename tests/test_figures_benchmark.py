"""The figures of chapter 11: what their traces hold, and what they say in words."""

from __future__ import annotations

import numpy as np
import pytest

from paper_nas import figures
from paper_nas.drawing import OPERATION_COLOURS
from paper_nas.space import Architecture

ARCHITECTURE = Architecture((0, 1, 2, 3, 4, 5), (1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1))
RNG = np.random.default_rng(0)
WAY = {"by network": [[0.1, 0.0, 0.2], [0.3, 0.2, 0.4]], "by their mean": [0.25, 0.2, 0.3]}


@pytest.mark.parametrize(
    "figure",
    [
        figures.child_network(ARCHITECTURE, 8, (1, 16, 16)),
        figures.distributions("spread", {"a": RNG.normal(size=50)}, "score"),
        figures.agreement_scatter("pairs", RNG.normal(size=50), RNG.normal(size=50), "x", "y"),
        figures.operation_effects_map(RNG.normal(size=(6, 6)), np.full((6, 6), 0.1)),
        figures.explained_variance({"ridge": {"skips": [0.1, 0.0, 0.2]}}),
        figures.ordering_by_way({"running": WAY}),
    ],
    ids=lambda figure: figure.layout.meta["name"],
)
def test_every_figure_has_the_house_look_and_a_description(figure) -> None:
    assert figure.layout.template.layout == figures.TEMPLATE.layout
    assert figure.layout.width is None
    assert len(figure.layout.meta["alt"]) > 60
    assert "nan" not in figure.layout.meta["alt"].split()


def test_the_child_network_shows_each_layer_skip_and_reduction() -> None:
    figure = figures.child_network(ARCHITECTURE, 8, (1, 16, 16))
    kinds = [shape.type for shape in figure.layout.shapes]
    assert kinds.count("rect") == 7  # the stem and six layers
    assert kinds.count("path") == sum(ARCHITECTURE.skips)
    assert kinds.count("line") == 2
    boxes = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert boxes[6].fillcolor == OPERATION_COLOURS["maxpool3x3"]
    assert boxes[1].y1 > boxes[3].y1 > boxes[5].y1
    sizes = [note.text.split("<br>")[2:] for note in figure.layout.annotations]
    expected = [["16×16", "8 ch."]] * 3 + [["8×8", "16 ch."]] * 2 + [["4×4", "32 ch."]] * 2
    assert sizes == expected


def test_distributions_are_shares_and_leave_out_nan() -> None:
    samples = {"a": np.array([0.1, 0.2, 0.3, np.nan]), "b": np.array([0.3, 0.3])}
    bars = figures.distributions("spread", samples, "accuracy", bins=4).data
    assert [sum(bar.y) for bar in bars] == pytest.approx([100, 100], abs=0.01)
    with pytest.raises(ValueError, match="no number"):
        figures.distributions("spread", {"a": np.array([np.nan])}, "accuracy")


def test_a_scatter_is_thinned_but_its_correlation_is_of_all() -> None:
    x = np.arange(4_000.0)
    figure = figures.agreement_scatter("pairs", x, x**3, "x", "y", diagonal=True)
    assert len(figure.data[0].x) == 1_500
    assert "4,000 architectures" in figure.layout.meta["alt"]
    assert "Spearman's 1.00" in figure.layout.meta["alt"]
    assert len(figure.layout.shapes) == 1


def test_the_map_of_effects_names_the_best_and_the_worst() -> None:
    effects = np.zeros((6, 6))
    effects[2, 2], effects[5, 1] = 0.4, -0.3
    figure = figures.operation_effects_map(effects, np.full((6, 6), 0.02))
    assert "best choice is conv 5×5 in layer 3 (+0.400)" in figure.layout.meta["alt"]
    assert "worst sep 3×3 in layer 6 (-0.300)" in figure.layout.meta["alt"]
    assert figure.data[0].text[5][1] == "-0.30"


def test_intervals_become_error_bars() -> None:
    (bar,) = figures.explained_variance({"ridge": {"skips": [0.1, -0.1, 0.2]}}).data
    assert (list(bar.y), list(bar.error_y.array)) == ([0.1], [0.1])
    assert list(bar.error_y.arrayminus) == pytest.approx([0.2])
    networks = figures.ordering_by_way({"running": WAY, "batch": WAY}).data
    assert [list(trace.x) for trace in networks] == [[0.1, 0.1], [0.3, 0.3], [0.25, 0.25]]
