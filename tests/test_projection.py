"""Projections, neighbours and smoothness: on points whose answer is known, and as a command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore
from paper_nas.commands import project as project_command
from paper_nas.commands import train as train_command
from paper_nas.projection import (
    latent_smoothness,
    nearest_neighbours,
    neighbours_alike,
    pattern_families,
    project_latents,
)
from paper_nas.regression import one_hot_code
from paper_nas.space import Architecture
from tests.samples import tiny_dataset


def test_neighbours_are_the_nearest_of_other_families() -> None:
    rng = np.random.default_rng(0)
    points, families = rng.normal(size=(60, 5)), rng.integers(12, size=60)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    expected = np.argsort(distance, axis=1)[:, :7]
    np.testing.assert_array_equal(nearest_neighbours(points, 7), expected)
    distance[families[:, None] == families[None]] = np.inf
    expected = np.argsort(distance, axis=1)[:, :7]
    np.testing.assert_array_equal(nearest_neighbours(points, 7, families), expected)


def test_a_row_is_not_its_own_neighbour_even_among_copies() -> None:
    nearest = nearest_neighbours(np.zeros((9, 2)), 8)
    assert (np.sort(nearest, axis=1) == [np.delete(np.arange(9), i) for i in range(9)]).all()


@pytest.mark.parametrize(("count", "families"), [(0, None), (5, None), (3, [0, 0, 0, 1, 2])])
def test_neighbours_that_are_not_there_are_refused(count, families) -> None:
    with pytest.raises(ValueError, match="cannot be had"):
        nearest_neighbours(np.arange(10.0).reshape(5, 2), count, families)


def test_smoothness_by_hand() -> None:
    """Scores 0, 1, 5 at 0, 1, 3: the nearest of each are 1, 0 and 1."""
    [found] = latent_smoothness([[0.0], [1.0], [3.0]], [0.0, 1.0, 5.0], (1,), permutations=0)
    y = (np.array([0.0, 1.0, 5.0]) - 2) / np.std([0.0, 1.0, 5.0])
    mean = y[[1, 0, 1]]
    assert found.neighbours == 1
    assert found.pearson == pytest.approx(np.corrcoef(y, mean)[0, 1])
    assert found.rmse == pytest.approx(np.sqrt(np.mean((y - mean) ** 2)))
    assert found.moran == pytest.approx(np.sum(y * mean) / np.sum(y**2))
    assert found.best == 0.0
    assert found.permuted_moran == -1.0  # nothing was permuted


def test_a_gradient_is_smooth_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(size=(800, 2))
    smooth = latent_smoothness(points, points[:, 0], (1, 10), permutations=50)
    assert [s.neighbours for s in smooth] == [1, 10]
    for s in smooth:
        assert min(s.pearson, s.moran) > 0.95
        assert s.best > 0.5
        assert s.permuted_pearson < 0.2
        assert s.permuted_moran < 0.2
        assert s.permuted_best < 0.3
    rough = latent_smoothness(points, rng.normal(size=800), (10,), permutations=50)[0]
    assert abs(rough.pearson) < 0.15
    assert rough.best < 0.15
    assert smooth[1].rmse < 0.2 < 1 < rough.rmse


def test_families_leave_no_score_to_look_up() -> None:
    rng = np.random.default_rng(1)
    points, scores = np.repeat(rng.normal(size=(200, 3)), 3, axis=0), rng.normal(size=200)
    families, scores = np.repeat(np.arange(200), 3), np.repeat(scores, 3)
    looked_up = latent_smoothness(points, scores, (1,), permutations=5)[0]
    assert looked_up.pearson == pytest.approx(1)
    honest = latent_smoothness(points, scores, (1,), families, permutations=5)[0]
    assert abs(honest.pearson) < 0.25
    with pytest.raises(ValueError, match="must vary"):
        latent_smoothness(points, np.ones(600))


def test_both_projections_keep_clusters_apart_and_repeat_themselves() -> None:
    rng = np.random.default_rng(2)
    label = np.repeat([0, 1], 60)
    points = rng.normal(size=(120, 6)) + 12 * label[:, None]
    found = project_latents(points, seed=3, iterations=300)
    for places in (found.tsne, found.pca):
        assert places.shape == (120, 2)
        assert places.dtype == np.float32
        assert (label[nearest_neighbours(places, 5)] == label[:, None]).all()
    assert found.explained[0] > 0.8 > found.explained[1]
    again = project_latents(points, seed=3, iterations=300)
    np.testing.assert_array_equal(found.tsne, again.tsne)
    assert again.divergence == found.divergence > 0
    with pytest.raises(ValueError, match="more than 30 rows"):
        project_latents(points[:30])


def test_a_space_of_skips_is_arranged_by_skips() -> None:
    dataset = tiny_dataset(400)
    alike = neighbours_alike(dataset.skip_patterns(), dataset, 5)
    assert alike.skips > alike.skips_by_chance + 0.15
    assert alike.operations == pytest.approx(alike.operations_by_chance, abs=0.03)
    assert alike.operations_by_chance == pytest.approx(1 / 6, abs=0.01)


def test_one_hot_code_and_families_by_hand() -> None:
    rows = [((0, 5), (1,)), ((0, 5), (0,)), ((3, 5), (1,))]
    dataset = replace(tiny_dataset(3), architectures=[Architecture(*row) for row in rows])
    table = one_hot_code(dataset.architectures)
    assert table.shape == (3, 13)
    assert table[0].nonzero()[0].tolist() == [0, 11, 12]
    assert ((table[0] - table) ** 2).sum(axis=1).tolist() == [0, 1, 2]
    first, second, third = pattern_families(dataset)
    assert first == third != second


def test_the_command_stores_projections_without_rows_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (train_command, project_command):
        monkeypatch.setattr(module, "load_dataset", lambda name: tiny_dataset(160))
    folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    where = ["--preset", "smoke", "--quiet", *folders]
    assert cli.main(["project", "dvae-emb", *where]) == 1
    assert "checkpoint" in capsys.readouterr().err
    assert cli.main(["train", "dvae-emb", *where, "--keep-weights"]) == 0
    assert cli.main(["project", "dvae-emb", *where]) == 0
    assert cli.main(["project", "dvae-emb", *where, "--epoch", "0"]) == 0
    assert cli.main(["project", "one-hot", *where]) == 0
    store = ResultStore(tmp_path / "results")
    trained, untrained, raw = (
        f"projections/{name}"
        for name in (
            "dvae-emb_smoke_seed-0_epoch-3",
            "dvae-emb_smoke_seed-0_epoch-0",
            "one-hot_enas-cifar10",
        )
    )
    assert {trained, untrained, raw} <= set(store.names())
    arrays = store.load_arrays(trained, "projection.npz")
    assert {k: (v.shape, v.dtype.name) for k, v in arrays.items()} == {
        "tsne": ((160, 2), "float16"),
        "pca": ((160, 2), "float16"),
    }
    figures = store.load_json(trained, "smoothness.json")
    assert set(figures["spaces"]) == {"latent", "tsne", "pca"}
    assert [s["neighbours"] for s in figures["spaces"]["latent"]["all"]] == [1, 10, 100]
    assert set(store.load_json(raw, "smoothness.json")["spaces"]) > {"skips"}
    other = store.load_arrays(untrained, "projection.npz")
    assert not np.array_equal(arrays["pca"], other["pca"])
    capsys.readouterr()
    assert cli.main(["project", "all", *where]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"up to date: {raw}",
        "stored projections/dvae_smoke_seed-0_epoch-0",
        f"up to date: {untrained}",
    ]


def test_all_passes_over_what_is_not_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(project_command, "load_dataset", lambda name: tiny_dataset(160))
    monkeypatch.setattr(project_command, "_run", lambda job, dataset, store: None)
    folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    assert cli.main(["project", "all", *folders]) == 0
    words = capsys.readouterr().out
    assert words.count("passed over: no snapshot") == 6  # epochs 1, 3, 10 of two models
    assert words.count("stored projections/") == 3  # one-hot, and both untrained
