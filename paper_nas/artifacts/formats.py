"""JSON, safetensors and npz files, as bytes and on the disk, and the errors of reading them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load as load_tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor

from paper_nas.artifacts.files import write_bytes

NPZ = ".npz"


class ResultError(Exception):
    """A stored result cannot be used; the message says why and what to do."""


class ResultMissing(ResultError):
    """A result, or one of its files, is not there."""


class ResultDamaged(ResultError):
    """A file is not what its manifest says, or cannot be read."""


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON atomically; NaN and infinities are refused.

    Raises:
        ValueError: The value holds a number that JSON has not.
    """
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """The file of :func:`write_json`; raises as it does."""
    return (json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], header: Mapping[str, str] | None = None
) -> None:
    """Write named tensors as safetensors, atomically, with optional text in the header."""
    write_bytes(path, tensor_bytes(tensors, header))


def tensor_bytes(tensors: Mapping[str, Tensor], header: Mapping[str, str] | None) -> bytes:
    """The file of :func:`write_tensors`."""
    kept = {name: value.detach().contiguous() for name, value in tensors.items()}
    content: bytes = tensors_to_bytes(kept, dict(header) if header else None)
    return content


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file: its tensors, and the text of its header.

    Raises:
        ResultMissing: There is no such file.
        ResultDamaged: It is truncated or no safetensors file.
    """
    path = Path(path)
    if not path.is_file():
        raise ResultMissing(f"no file at {path}")
    content = path.read_bytes()
    try:
        tensors = load_tensors_from_bytes(content)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except Exception as reason:  # safetensors and torch raise many kinds
        raise ResultDamaged(f"{path} cannot be read ({reason}); it may be truncated") from reason
    return tensors, header


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as a compressed npz file, atomically; equal arrays give equal bytes.

    (``np.savez_compressed`` promises no fixed time stamp and keeps the order of the names.)

    Raises:
        ValueError: An array of Python objects, which only pickle could store.
    """
    write_bytes(path, array_bytes(arrays))


def array_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The file of :func:`write_arrays`; raises as it does."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # one value on every platform
            array = io.BytesIO()
            np.lib.format.write_array(array, np.asanyarray(arrays[name]), allow_pickle=False)
            archive.writestr(entry, array.getvalue(), compresslevel=9)
    return content.getvalue()


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read an npz file; nothing is unpickled.

    Raises:
        ResultMissing: There is no such file.
        ResultDamaged: It is truncated, no npz file, or holds Python objects.
    """
    path = Path(path)
    if not path.is_file():
        raise ResultMissing(f"no file at {path}")
    content = io.BytesIO(path.read_bytes())
    try:
        with zipfile.ZipFile(content) as archive:
            return dict(_read_array(archive, entry) for entry in archive.infolist())
    except Exception as reason:  # zipfile and NumPy raise many kinds
        raise ResultDamaged(f"{path} cannot be read ({reason}); it may be truncated") from reason


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[str, np.ndarray]:
    name = entry.filename
    if not name.endswith(".npy") or entry.extra or entry.comment:  # in these another could hide
        raise ValueError(f"{name!r} is not as arrays are written")
    content = io.BytesIO(archive.read(entry))
    return name.removesuffix(".npy"), np.lib.format.read_array(content, allow_pickle=False)
