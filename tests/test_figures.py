"""Tests of paper_nas.figures: what the traces hold, and that every figure can be described."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.io as pio
import pytest
import torch

from paper_nas import figures
from paper_nas.datasets import ArchitectureDataset
from paper_nas.drawing import OPERATION_COLOURS
from paper_nas.graphs import GraphBatch
from paper_nas.rendering import RENDERER
from paper_nas.space import OPERATION_NAMES, EnasSpace
from tests.test_drawing import contrast

RECORDS: list[dict[str, Any]] = [
    {
        "epoch": epoch,
        "total": 10.0 / epoch + 0.1,
        "reconstruction": 10.0 / epoch,
        "kl": 20.0,
        "learning_rate": 1e-3,
        "seconds": 1.0,
        "type_loss": [1.8 - 0.2 * epoch, 1.7, 0.01],
        "edge_loss": [0.5 / epoch, 0.2, 0.1],
    }
    for epoch in (1, 2, 3)
]
CURVES = {"D-VAE": RECORDS, "DVAE-EMB": RECORDS}


@pytest.fixture(scope="module")
def dataset() -> ArchitectureDataset:
    """200 architectures with made-up accuracies in steps of 0.0002, as in the published data."""
    architectures = EnasSpace(6).sample(200, 0.3, seed=5)
    steps = np.random.default_rng(5).integers(3600, 3751, size=200)
    return ArchitectureDataset(
        "made-up", architectures, steps / 5000, np.arange(180), np.arange(180, 200),
        "released", "0" * 64, Path("nowhere"),
    )  # fmt: skip


@pytest.fixture(params=range(11))
def figure(request, dataset):
    """Every figure, once."""
    return [
        lambda: figures.accuracy_histogram(dataset),
        lambda: figures.skip_count_distribution(dataset),
        lambda: figures.operation_counts(dataset),
        lambda: figures.skip_frequencies(dataset),
        lambda: figures.accuracy_against_skips(dataset),
        lambda: figures.training_curves(CURVES),
        lambda: figures.training_curves(CURVES, "kl", paper_note="it falls after 100 epochs"),
        lambda: figures.training_curves(CURVES, "total", log_y=True),
        lambda: figures.vertex_losses(RECORDS),
        lambda: figures.seed_bands({"D-VAE": [RECORDS, RECORDS], "DVAE-EMB": [RECORDS]}),
        lambda: figures.against_scale({"D-VAE": {1: [3.0, 4.0], 10: [1.0]}}, "loss", "by-scale"),
    ][request.param]()


def test_every_figure_has_the_house_look_and_a_description(figure):
    assert figure.layout.template.layout == figures.TEMPLATE.layout
    assert figure.layout.width is None  # as wide as the page
    assert re.fullmatch(r"[a-z0-9-]+", figure.layout.meta["name"])
    assert len(figure.layout.meta["alt"]) > 60
    assert "nan" not in figure.layout.meta["alt"].split()


def test_every_figure_renders_on_the_site_and_is_small(figure):
    bundle = pio.renderers[RENDERER].to_mimebundle(figure.to_dict())
    assert figure.layout.meta["name"] in bundle["text/html"]
    assert len(bundle["text/html"]) < 30_000
    found = re.search(r'<script type="application/json">(.*?)</script>', bundle["text/html"])
    assert found
    assert len(json.loads(found[1])["data"]) == len(figure.data)


def test_the_histogram_counts_every_architecture_once_in_the_bin_of_its_label(dataset):
    figure = figures.accuracy_histogram(dataset, bin_width=0.0002)
    train, test = figure.data
    assert (sum(train.y), sum(test.y)) == (180, 20)
    found = np.repeat(test.x, test.y)
    np.testing.assert_allclose(found, np.sort(dataset.accuracy[dataset.test_index]), atol=1e-9)


def test_a_bin_width_must_be_positive(dataset):
    with pytest.raises(ValueError, match="bin_width"):
        figures.accuracy_histogram(dataset, 0)


def test_skip_counts_and_their_binomial_add_up(dataset):
    bars, line = figures.skip_count_distribution(dataset).data
    assert sum(bars.y) == 200
    assert sum(line.y) == pytest.approx(200, abs=1)
    mean = np.average(bars.x, weights=bars.y)
    assert np.average(line.x, weights=line.y) == pytest.approx(mean, abs=0.01)


def test_operation_shares_fill_each_layer(dataset):
    figure = figures.operation_counts(dataset)
    assert [bar.marker.color for bar in figure.data] == [
        OPERATION_COLOURS[name] for name in OPERATION_NAMES
    ]
    totals = np.sum([bar.x for bar in figure.data], axis=0)
    np.testing.assert_allclose(totals, 100, atol=0.05)
    second = sum(a.operations[3] == 1 for a in dataset.architectures) / 2
    assert figure.data[1].x[3] == pytest.approx(second)


def test_edge_frequencies_are_those_of_the_edges(dataset):
    (heat,) = figures.skip_frequencies(dataset).data
    for source, target in ((0, 1), (0, 2), (3, 6), (6, 7), (4, 2), (0, 7)):
        share = np.mean([(source, target) in a.edges for a in dataset.architectures])
        assert heat.z[source][target] == (pytest.approx(share, abs=1e-4) if share else None)


def test_boxes_hold_the_quartiles(dataset):
    boxes, line = figures.accuracy_against_skips(dataset).data
    counts = np.array([sum(a.skips) for a in dataset.architectures])
    assert sum(line.customdata) == 200
    for index, skips in enumerate(boxes.x):
        part = dataset.accuracy[counts == skips]
        assert boxes.median[index] == pytest.approx(np.median(part), abs=1e-5)
        assert boxes.q1[index] == pytest.approx(np.percentile(part, 25), abs=1e-5)
        assert line.y[index] == pytest.approx(part.mean(), abs=1e-5)


def test_training_curves_show_the_quantity_asked_for():
    figure = figures.training_curves(CURVES, "reconstruction")
    assert [curve.name for curve in figure.data] == ["D-VAE", "DVAE-EMB"]
    assert list(figure.data[1].y) == [record["reconstruction"] for record in RECORDS]
    assert len({(curve.line.color, curve.line.dash) for curve in figure.data}) == 2
    assert figures.training_curves(CURVES, log_y=True).layout.yaxis.type == "log"


def test_the_papers_reading_stands_in_the_plot():
    note = figures.training_curves(CURVES, paper_note="it is faster").layout.annotations[0]
    assert "it is faster" in note.text


@pytest.mark.parametrize(
    ("histories", "quantity", "error"),
    [
        ({}, "kl", ValueError),
        ({"a": []}, "kl", ValueError),
        (CURVES, "accuracy", ValueError),
        ({"a": [{"epoch": 1}]}, "kl", KeyError),
    ],
)
def test_training_curves_refuse_what_they_cannot_show(histories, quantity, error):
    with pytest.raises(error):
        figures.training_curves(histories, quantity)


def test_vertex_losses_draw_each_vertex_twice_and_mark_chance():
    figure = figures.vertex_losses(RECORDS)
    assert len(figure.data) == 6
    assert list(figure.data[0].y) == [record["type_loss"][0] for record in RECORDS]
    assert list(figure.data[5].y) == [0.1, 0.1, 0.1]
    assert figure.layout.shapes[0].y0 == pytest.approx(math.log(6))
    assert "vertices 1, 2 costs" in figure.layout.meta["alt"]


def test_epochs_without_vertex_losses_are_left_out():
    records: list[dict[str, Any]] = [{"epoch": 0}, *RECORDS]
    assert list(figures.vertex_losses(records).data[0].x) == [1, 2, 3]


@pytest.mark.parametrize(
    "history",
    [
        [{"epoch": 1}],
        [{"epoch": 1, "type_loss": [1.0], "edge_loss": [1.0, 2.0]}],
        [RECORDS[0], {"epoch": 2, "type_loss": [1.0], "edge_loss": [1.0]}],
    ],
)
def test_vertex_losses_refuse_what_they_cannot_show(history):
    with pytest.raises(ValueError, match="loss"):
        figures.vertex_losses(history)


def test_drawings_stand_side_by_side_with_their_captions():
    first, second = EnasSpace(3).sample(2, seed=1)
    broken = second.to_networkx()
    broken.remove_edge(1, 2)
    html = figures.draw(first, broken, captions=["a < b", "c"], numbered=True)._repr_html_()
    assert html.count("<svg") == html.count("<figcaption") == 2
    assert "a &lt; b" in html
    assert "missing in the chain: 1 to 2" in html
    assert "<figcaption" not in figures.draw(first).html
    with pytest.raises(ValueError, match="captions"):
        figures.draw(first, second, captions=["one"])


def test_curves_are_visible_on_light_and_dark_pages():
    """WCAG asks for a contrast of 3 between lines and what lies behind them."""
    for colour in figures.SERIES_COLOURS:
        assert contrast(colour, "#ffffff") >= 3, colour
        assert contrast(colour, "#14181e") >= 3, colour


def test_a_batch_is_drawn_graph_by_graph_valid_or_not():
    loose = GraphBatch(torch.tensor([[0, 2, 0, 1]]), torch.zeros(1, 4, 4), torch.tensor([4]))
    pair = GraphBatch.from_architectures(EnasSpace(2).sample(2), 4)
    html = figures.draw(loose, pair, captions=["loose", "one", "two"]).html
    assert loose.to_architectures() == [None]
    assert html.count("<rect") == 12
    assert html.count("<figcaption") == 3


def test_a_text_table_shows_every_cell_escaped_and_no_index():
    html = figures.text_table(pd.DataFrame({"claim": ["a < b"], "verdict": ["yes"]}))._repr_html_()
    assert html.count("<td>") == 2
    assert "a &lt; b" in html
    assert 'class="dataframe paper-nas-text"' in html


def test_a_band_spans_the_seeds_and_its_line_is_their_mean():
    lower = [{**record, "reconstruction": record["reconstruction"] / 2} for record in RECORDS]
    high, low, mean = figures.seed_bands({"D-VAE": [RECORDS, lower]}).data
    np.testing.assert_allclose(high.y, [10, 5, 10 / 3])
    np.testing.assert_allclose(low.y, [5, 2.5, 5 / 3])
    np.testing.assert_allclose(mean.y, [7.5, 3.75, 2.5])
    with pytest.raises(ValueError, match="at least one group"):
        figures.seed_bands({"D-VAE": []})


def test_against_scale_marks_each_seed_and_joins_the_means():
    figure = figures.against_scale({"D-VAE": {10: [1.0], 1: [3.0, 4.0]}}, "loss", "by-scale")
    line, marks = figure.data
    assert list(line.x) == [1, 10]
    assert list(line.y) == [3.5, 1.0]
    assert list(zip(marks.x, marks.y, strict=True)) == [(1, 3.0), (1, 4.0), (10, 1.0)]
    with pytest.raises(ValueError, match="values for each"):
        figures.against_scale({"D-VAE": {1: []}}, "loss", "by-scale")
