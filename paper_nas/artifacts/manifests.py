"""Manifests: where results come from, and the files that say it."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, get_origin, get_type_hints

from paper_nas.artifacts.formats import json_bytes
from paper_nas.artifacts.origin import library_versions, machine_state, package_state

MANIFEST = "manifest.json"
OWN_CHECKSUM = "sha256"
"""In the file of a manifest, besides its fields: the checksum of what it says in them."""


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
    package: dict[str, Any] = field(default_factory=package_state)
    libraries: dict[str, str] = field(default_factory=library_versions)
    machine: dict[str, Any] = field(default_factory=machine_state)
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


def manifest_bytes(manifest: Manifest) -> bytes:
    """The file of a manifest, with a checksum of its own; :func:`read_manifest` reads it."""
    described = asdict(manifest)
    checksum = hashlib.sha256(json_bytes(described)).hexdigest()
    return json_bytes({**described, OWN_CHECKSUM: checksum})


def read_manifest(content: bytes) -> Manifest:
    """A manifest from its file; those from before there was a checksum of its own have none.

    Raises:
        ValueError: It is no JSON, or was changed after it was written.
        TypeError: A value is not what its field is declared to hold.
    """
    described = json.loads(content)
    if not isinstance(described, dict):
        raise TypeError("it is no object")
    checksum = described.pop(OWN_CHECKSUM, None)
    if checksum not in (None, hashlib.sha256(json_bytes(described)).hexdigest()):
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
