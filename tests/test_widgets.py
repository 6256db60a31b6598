"""Tests of paper_nas.widgets without a browser: the logic, then the controls."""

from __future__ import annotations

import itertools
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from plotly.callbacks import Points

from paper_nas import figures
from paper_nas.datasets import ArchitectureDataset
from paper_nas.rendering import STATIC_SITE_VARIABLE
from paper_nas.space import Architecture, EnasSpace
from paper_nas.statistics import graph_properties
from paper_nas.widgets import (
    AccuracyRecords,
    ArchitectureBuilder,
    Draft,
    StaticFallback,
    linked_brushing,
)

LIVE = "application/vnd.jupyter.widget-view+json"
SMALL = Architecture((0, 5, 3), (1, 0, 1))


@pytest.fixture
def dataset() -> ArchitectureDataset:
    rows = [SMALL, Architecture((1, 1, 1), SMALL.skips), Architecture((2, 2, 2), (0, 0, 0))]
    return ArchitectureDataset(
        "made-up", [*rows, rows[2]], np.array([0.7, 0.72, 0.6, 0.6]), np.arange(3), np.arange(3, 4),
        "released", "0" * 64, Path("nowhere"),
    )  # fmt: skip


# ---- the logic -----------------------------------------------------------------------------------


def test_a_draft_is_valid_exactly_when_it_has_no_problems():
    """For every architecture of three layers' skips and every set of missing chain edges."""
    seen = set()
    for skips in itertools.product((0, 1), repeat=3):
        for pattern in itertools.product((0, 1), repeat=4):
            missing = frozenset(np.flatnonzero(pattern).tolist())
            draft = Draft(Architecture((0, 1, 2), skips), missing)
            assert draft.valid == (not draft.problems()) == (not missing)
            seen.add(draft.valid)
    assert seen == {True, False}


def test_problems_name_what_a_missing_edge_leaves_alone():
    problems = Draft(Architecture((0, 1), (0,)), frozenset({1})).problems()
    assert problems == [
        "the chain edge 1 → 2 is missing",
        "nothing feeds vertex 2",
        "vertex 1 feeds nothing",
    ]
    assert Draft(Architecture((0, 1), (1,)), frozenset({0})).problems()[0].endswith("missing")


def test_a_draft_cannot_miss_an_edge_that_it_never_had():
    with pytest.raises(ValueError, match=r"\[4\]"):
        Draft(SMALL, frozenset({4}))


def test_a_draft_has_the_edges_and_properties_of_its_architecture():
    draft = Draft(SMALL)
    assert draft.edges == list(SMALL.edges)
    expected = {name: values[0] for name, values in graph_properties([SMALL]).items()}
    assert draft.properties() == expected
    assert (2, 3) not in Draft(SMALL, frozenset({2})).edges


def test_facts_say_why_a_draft_is_not_valid():
    assert "<strong>valid</strong>" in Draft(SMALL).facts_html()
    text = Draft(SMALL, frozenset({3})).facts_html("<none>")
    assert "<strong>not valid</strong>: the chain edge 3 → 4 is missing" in text
    assert "&lt;none&gt;" in text


def test_records_prefer_the_architecture_to_its_pattern(dataset):
    records = AccuracyRecords(dataset)
    assert records.describe(SMALL) == "recorded: 0.7000"
    other = Architecture((4, 4, 4), SMALL.skips)
    assert records.describe(other).endswith("2 recorded with the same skips: 0.7000 to 0.7200")
    assert records.describe(Architecture((4, 4, 4), (0, 0, 0))).endswith("skips: 0.6000")
    assert records.describe(Architecture((0, 0, 0), (1, 1, 1))).startswith("neither")


# ---- the controls -------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2, 6, 12])
def test_a_builder_has_a_control_for_every_choice(layers):
    builder = ArchitectureBuilder(layers)
    assert len(builder.operations) == layers
    assert len(builder.skips) == layers * (layers - 1) // 2
    assert len(builder.chain) == layers + 1
    assert builder.architecture == Architecture((0,) * layers, (0,) * len(builder.skips))


def test_controls_make_the_architecture_they_show():
    builder = ArchitectureBuilder(3)
    builder.operations[2].value = 5
    builder.skips[0, 2].value = True
    builder.skips[1, 3].value = True
    assert builder.architecture == Architecture((0, 5, 0), (1, 0, 1))
    assert builder.text.value == str(builder.architecture)
    assert "max-pool" in builder.picture.value


def test_the_text_field_sets_the_controls():
    builder = ArchitectureBuilder(3)
    builder.text.value = str(SMALL)
    assert builder.architecture == SMALL
    assert [control.value for control in builder.operations.values()] == [0, 5, 3]
    assert [edge for edge, control in builder.skips.items() if control.value] == [(0, 2), (1, 3)]


@pytest.mark.parametrize("text", ["0 1", "0 5 2 0 0 0", "a b", "0 9 0 0 0 0", "0 0 0"])
def test_a_wrong_text_is_explained_and_changes_nothing(text):
    builder = ArchitectureBuilder(architecture=SMALL)
    builder.text.value = text
    assert builder.architecture == SMALL
    assert "Not read" in builder.message.value
    builder.skips[0, 3].value = True
    assert builder.message.value == ""
    assert builder.text.value == str(Architecture((0, 5, 3), (1, 1, 1)))


def test_a_chain_edge_can_be_switched_off_and_on():
    builder = ArchitectureBuilder(architecture=SMALL)
    builder.chain[1].value = False
    assert not builder.draft.valid
    assert "not valid" in builder.facts.value
    builder.chain[1].value = True
    assert builder.draft == Draft(SMALL)
    assert "not valid" not in builder.facts.value


def test_random_is_reproducible_and_reset_returns_to_the_start():
    first, second = (ArchitectureBuilder(architecture=SMALL, seed=3) for _ in range(2))
    for builder in (first, second):
        builder.random.click()
        builder.random.click()
    assert first.architecture == second.architecture
    generator = np.random.default_rng(3)
    drawn = [EnasSpace(3).sample(1, seed=generator)[0] for _ in range(2)]
    assert first.architecture == drawn[1] != drawn[0]
    first.chain[0].value = False
    first.reset.click()
    assert first.draft == Draft(SMALL)


def test_an_architecture_of_another_size_is_refused():
    builder = ArchitectureBuilder(6)
    with pytest.raises(ValueError, match="3 layers"):
        builder.architecture = SMALL
    with pytest.raises(ValueError, match="num_layers"):
        ArchitectureBuilder(13)


def test_the_recorded_accuracy_is_shown(dataset):
    builder = ArchitectureBuilder(architecture=SMALL, dataset=dataset)
    assert "recorded: 0.7000" in builder.facts.value
    builder.operations[1].value = 4
    assert "same skips" in builder.facts.value
    builder.chain[0].value = False
    assert "recorded" not in builder.facts.value


def test_the_result_of_a_cell_is_live_and_has_a_picture():
    builder = ArchitectureBuilder(architecture=SMALL)
    builder.operations[1].value = 1
    bundle = builder._repr_mimebundle_()
    assert bundle[LIVE]["model_id"] == builder.view.model_id
    assert "In JupyterLab" in bundle["text/html"]
    assert "<svg" in bundle["text/html"]
    assert f"<code>{builder.architecture}</code>" in bundle["text/html"]


def test_any_widget_can_have_a_fallback():
    slider = ipywidgets.IntSlider(3)
    bundle = StaticFallback(slider, lambda: f"<p>{slider.value}</p>")._repr_mimebundle_()
    slider.value = 5
    again = StaticFallback(slider, lambda: f"<p>{slider.value}</p>")._repr_mimebundle_()
    assert "<p>3</p>" in bundle["text/html"]
    assert "<p>5</p>" in again["text/html"]
    assert bundle[LIVE] == again[LIVE]
    assert "plain" in StaticFallback(slider, "plain")._repr_mimebundle_()["text/html"]


# ---- linked panels -------------------------------------------------------------------------------


def test_a_choice_in_one_panel_is_made_in_all(monkeypatch):
    monkeypatch.delenv(STATIC_SITE_VARIABLE, raising=False)
    points = np.random.default_rng(0).normal(size=(20, 2))
    figure = figures.linked_panels({"a": points, "b": -points}, np.arange(20), "accuracy")
    live = linked_brushing(figure)
    first, second = live.data
    for rows in ([1, 2, 7], [5]):
        first._dispatch_on_selection(Points(point_inds=rows, trace_index=0), None)
        assert first.selectedpoints == second.selectedpoints == tuple(rows)
    second._dispatch_on_selection(Points(point_inds=[], trace_index=1), None)
    assert first.selectedpoints == (5,)  # a box without points chooses nothing
    second._dispatch_on_deselect(Points(point_inds=[], trace_index=1))
    assert first.selectedpoints is None
    assert second.selectedpoints is None


def test_the_static_site_gets_the_plain_figure(monkeypatch):
    monkeypatch.setenv(STATIC_SITE_VARIABLE, "1")
    figure = figures.new_figure("empty", "Nothing at all.")
    assert linked_brushing(figure) is figure
