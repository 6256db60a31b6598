"""The figures of chapter 4: what their traces hold, and what they say in words."""

from __future__ import annotations

import pytest

from paper_nas import figures
from paper_nas.reports import Figure, Row


def row(model: str, values: list[float], paper: float | None) -> Row:
    return Row(
        model=model,
        configuration=f"{model}_fast",
        settings={"hidden_size": 128},
        iteration=1,
        epoch=3,
        seeds=list(range(len(values))),
        figures={"accuracy": Figure(values, paper), "novelty": Figure(values)},
        results={},
        core_seconds=[],
    )


GROUPS = {
    "ours, 501": [row("dvae", [97.0], 99.96), row("gcn", [95.0], 98.7)],
    "ours, 128": [row("dvae", [90.0, 92.0], 99.96)],
}


@pytest.mark.parametrize(
    "figure",
    [
        figures.paper_against_ours(GROUPS, ["accuracy", "novelty"]),
        figures.failures_by_vertex({"a": [0.9, 1.0], "b": [0.5, 0.25]}, "operation"),
    ],
    ids=lambda figure: figure.layout.meta["name"],
)
def test_every_figure_has_the_house_look_and_a_description(figure) -> None:
    assert figure.layout.template.layout == figures.TEMPLATE.layout
    assert figure.layout.width is None
    assert len(figure.layout.meta["alt"]) > 60


def test_paper_and_ours_stand_on_one_line_per_model() -> None:
    figure = figures.paper_against_ours(GROUPS, ["accuracy", "novelty"])
    names = [trace.name for trace in figure.data]
    assert names == ["paper", "ours, 501", "ours, 128", "ours, 501", "ours, 128"]
    assert list(figure.data[0].x) == [99.96, 98.7]
    assert list(figure.data[2].x) == [91.0]
    assert figure.data[2].error_x.array[0] == pytest.approx(2**0.5)
    assert [trace.showlegend for trace in figure.data] == [True] * 3 + [False] * 2
    assert (
        "ours, 128, D-VAE, accuracy: 91.00 plus or minus 1.41, paper 99.96"
        in (figure.layout.meta["alt"])
    )
    for wrong in ({}, {"ours": []}):
        with pytest.raises(ValueError, match="at least one row"):
            figures.paper_against_ours(wrong, ["accuracy"])


def test_failures_are_per_cent_wrong() -> None:
    figure = figures.failures_by_vertex({"a": [0.9, 1.0], "b": [0.5, 0.25]}, "edges")
    assert [list(line) for line in figure.data[0].text] == [["10.00", "0"], ["50.00", "75.00"]]
    assert "75.00 at vertex 2 of b" in figure.layout.meta["alt"]
    with pytest.raises(ValueError, match="equally many"):
        figures.failures_by_vertex({}, "edges")
