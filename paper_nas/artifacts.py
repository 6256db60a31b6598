"""Files that outlive a process: atomic writes, checksums, manifests, the store of results.

A result is a folder with its files and a ``manifest.json``, written last, that says which command
made them, from which configuration, data and code, on which machine, and what it cost. A missing
or damaged result raises; nothing is ever replaced by a default.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import platform
import secrets
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import numpy as np
import torch
from safetensors.torch import load as load_tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor

import paper_nas

MANIFEST = "manifest.json"
OWN_CHECKSUM = "sha256"
"""In the file of a manifest, besides its fields: the checksum of what it says in them."""

NPZ = ".npz"
LIBRARIES = ("torch", "gpytorch", "numpy", "scipy", "scikit-learn", "safetensors")


class ResultError(Exception):
    """A stored result cannot be used; the message says why and what to do."""


class ResultMissing(ResultError):
    """A result, or one of its files, is not there."""


class ResultDamaged(ResultError):
    """A file is not what its manifest says, or cannot be read."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it when the block ends without an error.

    A reader sees the old file or the new one, never a part; after an error nothing has changed. A
    process that is killed leaves the temporary file behind, which nobody reads.

    Raises:
        OSError: The file cannot be written; the message names it and says what to do.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _reach_the_disk(temporary)
        temporary.replace(path)
    except OSError as reason:
        raise _unwritten(path, reason) from reason
    finally:
        _remove(temporary)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file atomically; raises as :func:`atomic_path` does."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_together(folder: str | Path, contents: Mapping[str, bytes]) -> None:
    """Write files that belong together into one folder.

    All are on the disk before the first takes its name; they take their names in the order given.
    Of processes that do so at once, one comes after the other, so that no files of two are mixed.

    Args:
        folder: The folder; it need not exist yet.
        contents: File name to content.

    Raises:
        OSError: There is no room, or no permission; what was there is as it was.
    """
    folder = Path(folder)
    staged = {name: _temporary(folder / name) for name in contents}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, temporary in staged.items():
            temporary.write_bytes(contents[name])
            _reach_the_disk(temporary)
        with _alone_in(folder):
            for name, temporary in staged.items():
                temporary.replace(folder / name)
    except OSError as reason:
        raise _unwritten(folder, reason) from reason
    finally:
        _remove(*staged.values())


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _reach_the_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(OSError):  # it is not there, or its folder can no longer be written
            path.unlink()


def _unwritten(path: Path, reason: OSError) -> OSError:
    return OSError(
        reason.errno,
        f"cannot write {path} ({reason.strerror}); make room there or name another folder, then "
        f"run the command again",
    )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait for other processes to leave the block with the same folder; a dead one has left."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a network drive without locks: a mix is found when it is read
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON atomically; NaN and infinities are refused.

    Raises:
        ValueError: The value holds a number that JSON has not.
    """
    write_bytes(path, _json_bytes(value))


def _json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], header: Mapping[str, str] | None = None
) -> None:
    """Write named tensors as safetensors, atomically, with optional text in the header."""
    write_bytes(path, _tensor_bytes(tensors, header))


def _tensor_bytes(tensors: Mapping[str, Tensor], header: Mapping[str, str] | None) -> bytes:
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
    write_bytes(path, _array_bytes(arrays))


def _array_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
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


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sgemm_rate(repeats: int = 20) -> float:
    """Measured rate of a 512 x 501 x 1503 float32 matrix product, in GFLOP/s of CPU time.

    Runs on as many threads as torch is set to; the rate is per CPU second, hence per core.
    """
    left, right = torch.randn(512, 501), torch.randn(501, 1503)
    for _ in range(3):
        left @ right
    start = time.process_time()
    for _ in range(repeats):
        left @ right
    return 2 * 512 * 501 * 1503 * repeats / (time.process_time() - start) / 1e9


@dataclass(frozen=True)
class Manifest:
    """Where a result comes from.

    Attributes:
        command: The command line.
        configuration: Every setting that the result depends on.
        seed: The seed.
        dataset: Name and SHA-256 of the data.
        package: Version of the package, git commit, and whether tracked files were changed.
        libraries: Versions of Python and the numerical libraries.
        machine: Processor, cores, threads used, sgemm rate in GFLOP/s per core.
        cpu_seconds: CPU time of the computation.
        wall_seconds: Wall-clock time of the computation.
        created: When the command began, UTC, ISO 8601.
        step: Name and version of the step that made it (:mod:`paper_nas.steps`).
        inputs: SHA-256 of each file of another result that it was made from, by result and file.
        files: SHA-256 of each file of the result.
    """

    command: str
    configuration: dict[str, Any]
    seed: int
    dataset: dict[str, str]
    cpu_seconds: float
    wall_seconds: float
    package: dict[str, Any] = field(default_factory=lambda: package_state())
    libraries: dict[str, str] = field(default_factory=lambda: library_versions())
    machine: dict[str, Any] = field(default_factory=lambda: machine_state())
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    step: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """Version of the step that made it; 1 for what was stored before steps had versions."""
        return int(self.step.get("version", 1))

    def origin(self) -> dict[str, Any]:
        """What a report says of where a result comes from, ready for JSON."""
        return {
            "command": self.command,
            "commit": self.package.get("commit"),
            "modified": self.package.get("modified"),
            "cpu_seconds": self.cpu_seconds,
            "created": self.created,
            "files": self.files,
        }


def _read_manifest(content: bytes) -> Manifest:
    """A manifest from its file; those from before there was a checksum of its own have none.

    Raises:
        ValueError: It is no JSON, or was changed after it was written.
        TypeError: A value is not what its field is declared to hold.
    """
    described = json.loads(content)
    if not isinstance(described, dict):
        raise TypeError("it is no object")
    checksum = described.pop(OWN_CHECKSUM, None)
    if checksum not in (None, hashlib.sha256(_json_bytes(described)).hexdigest()):
        raise ValueError("it was changed after it was written")
    manifest = Manifest(**described)
    for name, kind in get_type_hints(Manifest).items():
        kinds = (int, float) if kind is float else (get_origin(kind) or kind)
        if not isinstance(getattr(manifest, name), kinds):
            raise TypeError(f"{name} is {getattr(manifest, name)!r:.40}")
    if not all(isinstance(value, str) for value in manifest.files.values()):
        raise TypeError("a checksum of files is no text")
    if not isinstance(manifest.step.get("version", 1), int):
        raise TypeError("the version of its step is no number")
    return manifest


def package_state() -> dict[str, Any]:
    """Version of the package, and the git commit it ran from where there is one."""
    state: dict[str, Any] = {"version": paper_nas.__version__, "commit": None, "modified": None}
    root = Path(paper_nas.__file__).parent
    try:
        state["commit"] = _git(root, "rev-parse", "HEAD")
        state["modified"] = bool(_git(root, "status", "--porcelain", "-uno", "--", "."))
    except (OSError, subprocess.CalledProcessError):
        pass
    return state


def _git(folder: Path, *words: str) -> str:
    result = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }


def machine_state() -> dict[str, Any]:
    """What the computation ran on."""
    return {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "sgemm_gflops": round(sgemm_rate(), 1),
    }


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def command_line() -> str:
    """The running command, as one would type it."""
    words = list(sys.argv)
    if words and words[0].endswith("__main__.py"):
        words[0] = f"python -m {Path(words[0]).parent.name}"
    return " ".join(words)


class Clock:
    """Takes the time of a command from when it is made, for the manifest of its result."""

    def __init__(self) -> None:
        """Start."""
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def stop(self, manifest: Manifest, elsewhere: float = 0.0) -> Manifest:
        """The manifest with its costs.

        Args:
            manifest: Of the result.
            elsewhere: CPU seconds that were spent for it in other processes or earlier.
        """
        return replace(
            manifest,
            cpu_seconds=elsewhere + time.process_time() - self.cpu,
            wall_seconds=time.perf_counter() - self.wall,
        )


class ResultStore:
    """A folder of results, each a folder with a manifest.

    Args:
        root: The folder; by default ``results`` of the repository that the package lies in.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        """Remember the folder; it need not exist yet."""
        self.root = Path(paper_nas.__file__).parents[1] / "results" if root is None else Path(root)

    def names(self) -> list[str]:
        """Names of all results, in order."""
        return sorted(str(path.parent.relative_to(self.root)) for path in self._manifests())

    def _manifests(self) -> Iterator[Path]:
        return self.root.glob(f"**/{MANIFEST}")

    def write(
        self,
        name: str,
        manifest: Manifest,
        *,
        json_files: Mapping[str, Any] | None = None,
        tensor_files: Mapping[str, Mapping[str, Tensor]] | None = None,
        array_files: Mapping[str, Mapping[str, np.ndarray]] | None = None,
        headers: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Manifest:
        """Write a result: its files first, then its manifest; see :func:`write_together`.

        Args:
            name: Folder of the result below the root, for example ``"training/dvae"``.
            manifest: Its ``files`` are filled in here.
            json_files: File name to a value for JSON.
            tensor_files: File name to named tensors for safetensors.
            array_files: File name, which ends in ``.npz``, to named arrays.
            headers: Name of a file of tensors to the text of its header.

        Returns:
            The manifest as written.

        Raises:
            ValueError: An array file is not called ``.npz``, or holds Python objects.
            OSError: The folder cannot be written; the result is as it was.
        """
        if wrong := [file for file in array_files or {} if not file.endswith(NPZ)]:
            raise ValueError(f"files of arrays must end in {NPZ}: {wrong}")
        contents = {file: _json_bytes(value) for file, value in (json_files or {}).items()}
        for file, tensors in (tensor_files or {}).items():
            contents[file] = _tensor_bytes(tensors, (headers or {}).get(file))
        for file, arrays in (array_files or {}).items():
            contents[file] = _array_bytes(arrays)
        sums = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
        complete = replace(manifest, files=sums)
        described = asdict(complete)
        checksum = hashlib.sha256(_json_bytes(described)).hexdigest()
        contents[MANIFEST] = _json_bytes({**described, OWN_CHECKSUM: checksum})
        write_together(self.root / name, contents)
        return complete

    def is_current(self, name: str, configuration: Mapping[str, Any], version: int = 1) -> bool:
        """Whether there is such a result, of this configuration and this version of its step.

        One that is damaged is not current: it is to be made again.
        """
        try:
            manifest = self.manifest(name)
            for file in manifest.files:
                self.path(name, file)
        except ResultError:
            return False
        return manifest.configuration == configuration and manifest.version == version

    def manifest(self, name: str) -> Manifest:
        """The manifest of a result.

        Raises:
            ResultMissing: There is no such result.
            ResultDamaged: The manifest cannot be read.
        """
        path = self.root / name / MANIFEST
        if not path.is_file():
            raise ResultMissing(f"no result {name!r} in {self.root}; there are {self.names()}")
        try:
            return _read_manifest(path.read_bytes())
        except (ValueError, TypeError, RecursionError) as reason:
            raise ResultDamaged(
                f"{path} cannot be read ({reason}); restore it, or make the result again"
            ) from reason

    def path(self, name: str, file: str) -> Path:
        """Path of a file of a result, after a check against the manifest.

        Raises:
            ResultMissing: The result or the file is not there.
            ResultDamaged: The file is not the one that the manifest names.
        """
        manifest = self.manifest(name)
        path = self.root / name / file
        if file not in manifest.files or not path.is_file():
            raise ResultMissing(
                f"result {name!r} has no file {file!r}; it was made by: {manifest.command}"
            )
        found, expected = file_sha256(path), manifest.files[file]
        if found != expected:
            raise ResultDamaged(
                f"{path} has SHA-256 {found}, its manifest says {expected}. Nothing was deleted; "
                f"make it again with: {manifest.command}"
            )
        return path

    def load_json(self, name: str, file: str) -> Any:
        """A JSON file of a result; raises as :meth:`path` does."""
        return json.loads(self.path(name, file).read_text(encoding="utf-8"))

    def load_tensors(self, name: str, file: str) -> dict[str, Tensor]:
        """A safetensors file of a result; raises as :meth:`path` does."""
        return read_tensors(self.path(name, file))[0]

    def load_arrays(self, name: str, file: str) -> dict[str, np.ndarray]:
        """The arrays of an npz file, or the tensors of a safetensors file, as NumPy arrays.

        Raises as :meth:`path` and :func:`read_arrays` do.
        """
        if file.endswith(NPZ):
            return read_arrays(self.path(name, file))
        return {key: value.numpy() for key, value in self.load_tensors(name, file).items()}
