"""Files that are written whole or not at all, alone or together."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it when the block ends without an error.

    A reader sees the old file or the new one, never a part; after an error nothing has changed. A
    process that is killed leaves the temporary file behind, which nobody reads.

    Raises:
        OSError: The file cannot be written; the message names it and says what to do.
    """
    path = Path(path)
    with _staged(path.parent, [path.name], path) as (temporary,):
        yield temporary


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
    with _staged(folder, list(contents), folder) as temporaries:
        for temporary, content in zip(temporaries, contents.values(), strict=True):
            temporary.write_bytes(content)


@contextmanager
def _staged(folder: Path, names: Sequence[str], told: Path) -> Iterator[list[Path]]:
    """Temporary paths in a folder that take these names, in order, when the block ends well.

    Args:
        folder: The folder; it need not exist yet.
        names: Of the files. Where there are several, no other process's come in between.
        told: What the message of an error names.
    """
    paths = [folder / name for name in names]
    temporaries = [_temporary(path) for path in paths]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield temporaries
        for temporary in temporaries:
            _reach_the_disk(temporary)
        with _alone_in(folder) if len(paths) > 1 else nullcontext():
            for temporary, path in zip(temporaries, paths, strict=True):
                temporary.replace(path)
    except OSError as reason:
        raise _unwritten(told, reason) from reason
    finally:
        _remove(*temporaries)


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


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
