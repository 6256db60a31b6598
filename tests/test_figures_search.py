"""Figures of chapter 6, and the panel that steps through a trial."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from paper_nas import figures, teaching
from paper_nas.search import UNDECODABLE, Evaluation, Proposal, SearchBudget, Trial, run_search
from tests.search.samples import DistanceOracle, settings_of, start_set


@pytest.fixture(scope="module")
def trial() -> Trial:
    return run_search(
        "boosting-bo", DistanceOracle(), SearchBudget(3, 6), 0, start_set(), progress=False,
        **settings_of("boosting-bo"),
    )  # fmt: skip


def test_expected_improvement_marks_its_maximum() -> None:
    x = np.linspace(0, 1, 11)
    improvement = np.exp(-((x - 0.7) ** 2))
    figure = figures.expected_improvement(x, x, x, improvement, (x[:2], x[:2]), x)
    assert figure.layout.shapes[0].x0 == pytest.approx(0.7)
    assert "0.70" in figure.layout.meta["alt"]
    assert len(figure.data) == 6


def test_curves_have_a_median_and_a_band() -> None:
    values = np.array([[-np.inf, 1.0, 2.0], [0.0, 3.0, 4.0], [0.0, 5.0, 9.0]])
    figure = figures.search_curves(
        "curves", {"local": values, "one": values[1:2]}, "score", start=1
    )
    high, low, middle, single = figure.data
    assert list(middle.x) == [2, 3]  # where every trial has a value
    assert list(middle.y) == [3.0, 4.0]
    assert list(low.y) == [2.0, 3.0]
    assert list(high.y) == [4.0, 6.5]
    assert list(single.y) == [0.0, 3.0, 4.0]
    assert "local: 4.0000 after 3 (3 trials)" in figure.layout.meta["alt"]
    with pytest.raises(ValueError, match="at least one"):
        figures.search_curves("curves", {}, "score")


def test_measures_have_a_panel_each() -> None:
    values = {f"m{i}": {"a": [1.0, 2.0], "b": [3.0]} for i in range(3)}
    figure = figures.measures_by_method("measures", values, {"m0": 0.5})
    assert len(figure.data) == 6
    assert [a.text for a in figure.layout.annotations] == ["m0", "m1", "m2"]
    assert len(figure.layout.shapes) == 1


def test_the_slider_shows_the_rounds_so_far(trial: Trial) -> None:
    figure = figures.trial_steps(trial)
    steps = figure.layout.sliders[0].steps
    assert len(steps) == 3
    each = len(figure.data) // 3
    for number, step in enumerate(steps):
        shown = np.array(step.args[0]["visible"]).reshape(3, each)
        assert shown[: number + 1, :-1].all()
        assert not shown[number + 1 :].any()
        assert shown[:, -1].sum() == 1  # one line of the best so far
    exact = [y for trace in figure.data if trace.name == "exact" for y in trace.y if y is not None]
    assert exact == [e.score for e in trial.scored if e.source == "exact"]
    assert f"best {trial.best_so_far()[-1]:.4f}" in figure.layout.meta["alt"]


def test_a_trial_without_scores_is_refused() -> None:
    nothing = [Evaluation(1, Proposal(None), math.nan, UNDECODABLE, False)]
    empty = Trial("random", {}, "none", SearchBudget(1, 1), 0, {}, nothing, [{"round": 1}])
    with pytest.raises(ValueError, match="nothing to show"):
        figures.trial_steps(empty)
    assert "0 architectures" in teaching.round_html(empty, 1)


def test_the_autopsy_shows_every_network() -> None:
    rows = [
        {"group": g, "architecture": "0 5 1 2 0 1", "poolings": 1, "parameters": 10 * i,
         "score": [1.0, 2.0 + i]}
        for i, g in enumerate(("D-VAE", "D-VAE", "random"))
    ]  # fmt: skip
    figure = figures.autopsy_scatter(rows)
    assert [trace.name for trace in figure.data] == ["D-VAE", "random"]
    assert list(figure.data[0].y) == [1.5, 2.0]
    assert list(figure.data[0].text) == ["1", "1"]
    assert "max-pool" in figure.data[0].customdata[0]


def test_the_panel_steps_and_has_a_figure_for_the_page(trial: Trial) -> None:
    panel = teaching.step_through(trial, count=2)
    slider, view = panel.widget.children
    best = {number: max(e.score for e in trial.scored if e.round == number) for number in (1, 2, 3)}
    for number in (3, 1):
        slider.value = number
        assert f"Round {number}: 6 evaluations" in view.value
        assert f"{best[number]:.4f}" in view.value
        assert view.value.count("<svg") == 2
    html = panel._repr_mimebundle_()["text/html"]
    assert 'class="paper-nas-figure"' in html
    spec = html.split('<script type="application/json">')[1].split("</script>")[0]
    assert len(json.loads(spec.replace("\\u003c", "<"))["layout"]["sliders"][0]["steps"]) == 3
