"""Files that outlive a process: atomic writes, checksums, manifests, the store of results.

A result is a folder with its files and a ``manifest.json``, written last, that says which command
made them, from which configuration, data and code, on which machine, and what it cost. A missing
or damaged result raises; nothing is ever replaced by a default.
"""

from paper_nas.artifacts.files import atomic_path, file_sha256, write_bytes, write_together
from paper_nas.artifacts.formats import (
    ResultDamaged,
    ResultError,
    ResultMissing,
    read_arrays,
    read_tensors,
    write_arrays,
    write_json,
    write_tensors,
)
from paper_nas.artifacts.manifests import MANIFEST, OWN_CHECKSUM, Clock, Manifest
from paper_nas.artifacts.origin import (
    command_line,
    library_versions,
    machine_state,
    package_state,
    sgemm_rate,
)
from paper_nas.artifacts.store import ResultStore

__all__ = [
    "MANIFEST",
    "OWN_CHECKSUM",
    "Clock",
    "Manifest",
    "ResultDamaged",
    "ResultError",
    "ResultMissing",
    "ResultStore",
    "atomic_path",
    "command_line",
    "file_sha256",
    "library_versions",
    "machine_state",
    "package_state",
    "read_arrays",
    "read_tensors",
    "sgemm_rate",
    "write_arrays",
    "write_bytes",
    "write_json",
    "write_tensors",
    "write_together",
]
