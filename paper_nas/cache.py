"""Results of trainings on disk: named by what decides them, and checked when they are read.

A damaged file is reported with a warning and then replaced; it is never trusted.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pooch
from torch import Tensor

from paper_nas.artifacts import ResultDamaged, read_tensors, write_json, write_tensors

REVISION = 1
"""Belongs into the key of whatever a child network computed: to be raised when a change of its code
changes results."""


class CacheDamaged(UserWarning):
    """A file of the cache is not what was written; its content is computed again."""


def default_cache() -> Path:
    """Where trained networks are kept unless told otherwise: in the user's cache folder."""
    return Path(pooch.os_cache("paper_nas")) / "networks"


class Cache:
    """A folder of results, one file each.

    A *key* is a JSON object that holds everything a result depends on. The file's name is the
    key's checksum, and the file holds the key and a checksum of the content.

    Args:
        folder: The folder; it need not exist yet.
    """

    def __init__(self, folder: str | Path) -> None:
        """Remember the folder."""
        self.folder = Path(folder)

    def path(self, key: Mapping[str, Any], suffix: str) -> Path:
        """The file of a key."""
        return self.folder / f"{_sha256(_canonical(key))[:32]}.{suffix}"

    def read_json(self, key: Mapping[str, Any]) -> Any:
        """The value of a key, or ``None`` if there is no undamaged file."""
        path = self.path(key, "json")
        if not path.is_file():
            return None
        try:
            stored = json.loads(path.read_bytes())
            value = stored["value"]
            _check(stored["key"], key, stored["sha256"], _sha256(_canonical(value)))
        except (ValueError, TypeError, KeyError) as reason:
            _report(path, reason)
            return None
        return value

    def write_json(self, key: Mapping[str, Any], value: Any) -> None:
        """Keep a value, atomically."""
        stored = {"key": dict(key), "sha256": _sha256(_canonical(value)), "value": value}
        write_json(self.path(key, "json"), stored)

    def read_tensors(self, key: Mapping[str, Any]) -> dict[str, Tensor] | None:
        """The tensors of a key, or ``None`` if there is no undamaged file."""
        path = self.path(key, "safetensors")
        if not path.is_file():
            return None
        try:
            tensors, header = read_tensors(path)
            _check(json.loads(header["key"]), key, header["sha256"], _tensors_sha256(tensors))
        except (ResultDamaged, ValueError, TypeError, KeyError) as reason:
            _report(path, reason)
            return None
        return tensors

    def tensors(
        self, key: Mapping[str, Any], make: Callable[[], Mapping[str, Tensor]]
    ) -> dict[str, Tensor]:
        """The tensors of a key, made and kept if there is no undamaged file."""
        found = self.read_tensors(key)
        if found is None:
            found = dict(make())
            self.write_tensors(key, found)
        return found

    def write_tensors(self, key: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Keep named tensors as safetensors, atomically, with key and checksum in the header."""
        header = {"key": _canonical(key), "sha256": _tensors_sha256(tensors)}
        write_tensors(self.path(key, "safetensors"), tensors, header)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(repr((name, str(tensor.dtype), list(tensor.shape))).encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _check(found: Any, key: Mapping[str, Any], expected: str, sha256: str) -> None:
    if _canonical(found) != _canonical(key):
        raise ValueError("it belongs to another key")
    if expected != sha256:
        raise ValueError("its content has another checksum than it says")


def _report(path: Path, reason: Exception) -> None:
    warnings.warn(
        CacheDamaged(
            f"{path} is damaged ({type(reason).__name__}: {reason}). It is not used; the result is "
            f"computed again and the file replaced"
        ),
        stacklevel=3,
    )
