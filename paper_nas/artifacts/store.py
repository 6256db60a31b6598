"""The store of results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

import paper_nas
from paper_nas.artifacts.files import file_sha256, write_together
from paper_nas.artifacts.formats import (
    NPZ,
    ResultDamaged,
    ResultError,
    ResultMissing,
    array_bytes,
    json_bytes,
    read_arrays,
    read_tensors,
    tensor_bytes,
)
from paper_nas.artifacts.manifests import MANIFEST, Manifest, manifest_bytes, read_manifest


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
        contents = {file: json_bytes(value) for file, value in (json_files or {}).items()}
        for file, tensors in (tensor_files or {}).items():
            contents[file] = tensor_bytes(tensors, (headers or {}).get(file))
        for file, arrays in (array_files or {}).items():
            contents[file] = array_bytes(arrays)
        sums = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
        complete = replace(manifest, files=sums)
        contents[MANIFEST] = manifest_bytes(complete)
        write_together(self.root / name, contents)
        return complete

    def is_current(self, name: str, configuration: Mapping[str, Any], version: int) -> bool:
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
            return read_manifest(path.read_bytes())
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
