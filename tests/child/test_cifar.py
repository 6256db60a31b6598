"""Finding and reading CIFAR-10's archive of raw records."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pooch
import pytest

from paper_nas.child import cifar
from paper_nas.child.cifar import (
    CIFAR_FILE,
    CIFAR_TEST,
    find_cifar_archive,
    read_cifar_archive,
    read_records,
)
from paper_nas.datasets import ChecksumMismatch, DatasetUnavailable, MalformedRow
from tests.child.samples import cifar_records, tiny_cifar_files, write_cifar_archive


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up archive that passes for the published one."""
    path = tmp_path / "data" / CIFAR_FILE
    path.parent.mkdir()
    write_cifar_archive(path, tiny_cifar_files())
    monkeypatch.setattr(cifar, "CIFAR_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setenv("PAPER_NAS_DATA", str(path.parent))
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")
    return path


def test_records_are_read_plane_by_plane() -> None:
    record = bytearray(cifar.RECORD)
    record[0] = 7
    record[1 + 1 * 1024 + 2 * 32 + 3] = 200  # green, row 2, column 3
    images, labels = read_records(bytes(cifar.RECORD) + bytes(record), "here")
    assert labels.tolist() == [0, 7]
    assert images.shape == (2, 3, 32, 32)
    assert np.argwhere(images).tolist() == [[1, 1, 2, 3]]
    assert images[1, 1, 2, 3] == 200


def test_the_archive_is_read_in_the_order_of_its_files(archive: Path) -> None:
    images, labels, test_images, test_labels = read_cifar_archive(find_cifar_archive())
    contents = tiny_cifar_files()
    whole = b"".join(contents[f"data_batch_{n}.bin"] for n in range(1, 6))
    expected = np.frombuffer(whole, np.uint8).reshape(20, -1)
    assert labels.tolist() == expected[:, 0].tolist()
    assert np.array_equal(images.reshape(20, -1), expected[:, 1:])
    tested = np.frombuffer(contents[CIFAR_TEST], np.uint8).reshape(6, -1)
    assert test_labels.tolist() == tested[:, 0].tolist()
    assert np.array_equal(test_images.reshape(6, -1), tested[:, 1:])


def test_a_cut_record_and_a_wrong_label_are_named() -> None:
    good = cifar_records(3, 0)
    with pytest.raises(MalformedRow, match=r"here: 9,218 bytes.*truncated"):
        read_records(good[:-1], "here")
    bad = bytearray(good)
    bad[cifar.RECORD] = 10
    with pytest.raises(MalformedRow, match="here, record 2: label 10"):
        read_records(bytes(bad), "here")


def test_another_file_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / CIFAR_FILE
    path.write_bytes(b"not an archive")
    with pytest.raises(MalformedRow, match="not the binary version"):
        read_cifar_archive(path)
    files = tiny_cifar_files()
    del files["data_batch_3.bin"]
    write_cifar_archive(path, files)
    with pytest.raises(MalformedRow, match=r"data_batch_3\.bin"):
        read_cifar_archive(path)
    write_cifar_archive(path, tiny_cifar_files())
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(MalformedRow, match="not the binary version"):
        read_cifar_archive(path)


def test_the_variable_may_name_another_file_beside_it(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = archive.parent / "final_structures6.txt"
    beside.write_text("")
    for named in (archive, beside, archive.parent):
        monkeypatch.setenv("PAPER_NAS_DATA", str(named))
        assert find_cifar_archive() == archive


def no_network(url: str, output_file: str, _pooch: object) -> None:
    raise OSError("no network")


def test_nowhere_to_be_found(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooch, "HTTPDownloader", lambda **_: no_network)
    cache = archive.parents[1] / "cache"
    cache.mkdir()
    monkeypatch.setenv("PAPER_NAS_DATA", str(cache))
    with pytest.raises(DatasetUnavailable, match=f"holds no {CIFAR_FILE}"):
        find_cifar_archive()
    monkeypatch.delenv("PAPER_NAS_DATA")
    with pytest.raises(DatasetUnavailable, match="could not be downloaded") as caught:
        find_cifar_archive()
    assert "PAPER_NAS_DATA" in str(caught.value)
    assert cifar.CIFAR_URL in str(caught.value)
    (cache / CIFAR_FILE).write_bytes(archive.read_bytes())
    assert find_cifar_archive() == cache / CIFAR_FILE


def test_a_download_is_checked_and_kept(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(url: str, output_file: str, _pooch: object) -> None:
        assert url == cifar.CIFAR_URL
        Path(output_file).write_bytes(archive.read_bytes())

    monkeypatch.delenv("PAPER_NAS_DATA")
    monkeypatch.setattr(pooch, "HTTPDownloader", lambda **_: download)
    found = find_cifar_archive()
    assert found == archive.parents[1] / "cache" / CIFAR_FILE
    assert found.read_bytes() == archive.read_bytes()
    found.unlink()
    monkeypatch.setattr(cifar, "CIFAR_SHA256", "0" * 64)
    with pytest.raises(ChecksumMismatch, match="not the published file"):
        find_cifar_archive()


def test_another_archive_is_refused_and_kept(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar, "CIFAR_SHA256", "0" * 64)
    content = archive.read_bytes()
    with pytest.raises(ChecksumMismatch, match="Nothing was deleted") as caught:
        find_cifar_archive()
    assert archive.read_bytes() == content
    assert hashlib.sha256(content).hexdigest() in str(caught.value)
