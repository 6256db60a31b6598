"""Helpers of the chapters that explain the models."""

from __future__ import annotations

import math
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from paper_nas.datasets import ArchitectureDataset
from paper_nas.graphs import GraphBatch
from paper_nas.models import build_model
from paper_nas.space import Architecture, EnasSpace
from paper_nas.teaching import (
    decision_table,
    not_there_yet,
    on_paper_data,
    one_hot_equivalent,
    relabelling_share,
    rows_with_accuracy,
    workflow_svg,
)
from tests.samples import tiny_dataset

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"hidden_size": 16, "latent_size": 4}


def sample(count: int, layers: int = 6, seed: int = 0) -> GraphBatch:
    return GraphBatch.from_architectures(EnasSpace(layers).sample(count, seed=seed))


@pytest.mark.parametrize("name", ["dvae", "dvae-emb"])
def test_decisions_add_up_to_the_loss(name: str) -> None:
    model = build_model(name, **SIZES, operation_scale=5.0)
    batch = sample(1)
    latents = model.encode(batch)[0].detach()
    table = decision_table(model, batch, latents)
    assert len(table) == 7 + 28
    loss = model.loss_terms(batch, latents).total.detach()
    assert table["nats"].sum() == pytest.approx(float(loss), rel=1e-5)
    assert np.allclose(table["probability"], np.exp(-table["nats"]))


def test_decisions_name_what_was_asked() -> None:
    model = build_model("dvae", **SIZES)
    batch = GraphBatch.from_architectures([Architecture((5, 0), (1,))])
    table = decision_table(model, batch, torch.zeros(1, 4))
    assert table["question"].tolist() == [
        "type of vertex 1?", "edge 0 → 1?",
        "type of vertex 2?", "edge 1 → 2?", "edge 0 → 2?",
        "type of vertex 3?", "edge 2 → 3?", "edge 1 → 3?", "edge 0 → 3?",
    ]  # fmt: skip
    assert table["truth"].tolist() == [
        "max-pool 3×3", "yes", "conv 3×3", "yes", "yes", "END", "yes", "no", "no",
    ]  # fmt: skip
    assert table["free"].tolist() == [True] * 6 + [False] * 3


@pytest.mark.parametrize("layers", [1, 2])
def test_free_decisions_give_the_probability_of_a_sample(layers: int) -> None:
    model = build_model("dvae-emb", **SIZES, max_vertices=4, operation_scale=20.0, seed=2)
    latent = torch.full((1, 4), 3.0)
    count = 20_000
    generator = torch.Generator().manual_seed(0)
    drawn = model.decode(latent.expand(count, -1), sample=True, generator=generator)
    valid = drawn[(drawn.num_vertices == layers + 2) & drawn.is_valid()]
    graph = valid[0]
    chance = math.exp(-decision_table(model, graph, latent).query("free")["nats"].sum())
    share = float(drawn.equals(graph).float().mean())
    assert chance * count > 20
    assert share == pytest.approx(chance, abs=4 * math.sqrt(chance / count))


def test_decisions_are_of_one_graph() -> None:
    with pytest.raises(ValueError, match="one graph is wanted, not 2"):
        decision_table(build_model("dvae", **SIZES), sample(2), torch.zeros(2, 4))


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_a_one_hot_model_computes_what_an_embedding_model_computes(scale: float) -> None:
    model = build_model("dvae-emb", **SIZES, operation_scale=scale, seed=1)
    twin = one_hot_equivalent(model, build_model("dvae", **SIZES, seed=2))
    batch = sample(8)
    for ours, theirs in zip(model.elbo(batch, noise=False), twin.elbo(batch, noise=False),
                            strict=True):  # fmt: skip
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    latents = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    assert model.decode(latents).equals(twin.decode(latents)).all()


def test_the_equivalent_model_must_fit() -> None:
    model = build_model("dvae-emb", **SIZES)
    with pytest.raises(ValueError, match="scale 1"):
        one_hot_equivalent(model, build_model("dvae", **SIZES, operation_scale=2.0))
    with pytest.raises(ValueError, match="does not fit"):
        one_hot_equivalent(model, build_model("dvae", hidden_size=17, latent_size=4))


def test_relabelling_share_finds_marked_pairs_and_nothing_in_noise() -> None:
    marked = np.zeros((6, 6), dtype=bool)
    marked[:3, :3] = marked[3:, 3:] = True
    noise = np.random.default_rng(0).normal(size=(6, 6))
    noise = noise + noise.T
    # The marking has 3! 3! 2 = 72 symmetries, so no share can be below 0.1.
    assert relabelling_share(noise + 10 * marked, marked) == pytest.approx(72 / 720)
    shares = [
        relabelling_share(values + values.T, marked)
        for values in np.random.default_rng(1).normal(size=(200, 6, 6))
    ]
    assert np.mean(shares) == pytest.approx(0.55, abs=0.08)  # mean of 1/10, 2/10, ..., 10/10


@pytest.mark.parametrize(
    ("values", "marked"),
    [
        (np.zeros((3, 3)), np.zeros((3, 3), dtype=bool)),
        (np.zeros((3, 3)), np.ones((3, 3), dtype=bool)),
        (np.zeros((3, 4)), np.ones((3, 4), dtype=bool)),
        (np.zeros((9, 9)), np.eye(9, k=1, dtype=bool)),
    ],
)
def test_relabelling_share_refuses_what_it_cannot_compare(
    values: np.ndarray, marked: np.ndarray
) -> None:
    with pytest.raises(ValueError, match=r"wanted|marked"):
        relabelling_share(values, marked)


def test_workflow_is_one_described_picture_that_fits_its_frame() -> None:
    (svg,) = ElementTree.fromstring(workflow_svg().html)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == svg.findtext(f"{SVG}title")
    _, _, width, height = map(float, svg.get("viewBox", "").split())
    boxes = svg.findall(f"{SVG}g/{SVG}rect")
    assert len(boxes) == 7
    for box in boxes:
        x, y, w, h = (float(box.get(name, "nan")) for name in ("x", "y", "width", "height"))
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height
    for graph in svg.findall(f"{SVG}g/{SVG}svg"):
        assert float(graph.get("x", "nan")) + float(graph.get("width", "nan")) <= width
    own = [node.get("style", "") for node in svg.findall(f"{SVG}g/*") if node.tag != f"{SVG}svg"]
    assert all("currentColor" in style or "var(--paper-nas-" in style for style in own)


def half_labelled(name: str, label: str) -> ArchitectureDataset:
    """A set whose score is no accuracy, and half of whose rows have one."""
    dataset = tiny_dataset(32)
    half = np.where(np.arange(32) % 2, dataset.accuracy, np.nan)
    return replace(dataset, name=name, accuracy=-half, labels={label: half})


def test_a_claim_about_the_paper_s_data_is_checked_on_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert on_paper_data(half_labelled("enas-cifar10", "x"), "the number of rows")
    assert capsys.readouterr().out == ""
    assert not on_paper_data(half_labelled("enas-digits", "x"), "the number of rows")
    said = capsys.readouterr().out
    assert said == "Note: Not checked on enas-digits: the number of rows.\n"


def test_missing_results_come_with_the_command_that_makes_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    not_there_yet("the curves", "make this", "make that")
    said = capsys.readouterr().out
    assert said == (
        "Note: Not there yet: the curves.\n  Make it with: make this\n  Make it with: make that\n"
    )


@pytest.mark.parametrize(
    ("name", "label"),
    [("enas-cifar10", "weight_sharing_accuracy"), ("enas-digits", "standalone_accuracy")],
)
def test_rows_with_accuracy_leave_out_the_others(name: str, label: str) -> None:
    dataset = half_labelled(name, label)
    scored = rows_with_accuracy(dataset)
    assert scored.architectures == dataset.architectures[1::2]
    assert np.array_equal(scored.accuracy, dataset.labels[label][1::2])
