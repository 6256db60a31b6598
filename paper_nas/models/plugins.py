"""Models from a file of one's own: imported once, and known to results by its checksum.

The file is Python that calls :func:`paper_nas.models.register_model`. It runs with all rights of
the process, so it should be one's own; nothing loads one unasked.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from paper_nas.models.registry import NameTaken, forget_model, model_names

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class PluginError(Exception):
    """A file cannot be used as a plugin; the message says why."""


@dataclass(frozen=True)
class Plugin:
    """A file that was loaded.

    Attributes:
        path: The file.
        sha256: Of its content when it was loaded.
        models: Names that it registered.
    """

    path: Path
    sha256: str
    models: tuple[str, ...]

    def origin(self) -> dict[str, str]:
        """What a result says of it, ready for JSON; the folder is nobody else's business."""
        return {"file": self.path.name, "sha256": self.sha256}


_LOADED: dict[Path, Plugin] = {}


def load_plugin(path: str | Path) -> Plugin:
    """Import a file that registers one or more models.

    Loading it again does nothing if it is unchanged; else its models are replaced.

    Args:
        path: A file of Python.

    Raises:
        OSError: The file cannot be read.
        PluginError: It registers no model, or one under a name that is taken or that results
            cannot have.
    """
    path = Path(path).resolve()
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    former = _LOADED.get(path)
    if former and former.sha256 == digest:
        return former
    for name in former.models if former else ():
        forget_model(name)
    known = set(model_names())
    try:
        _run(path, content, digest)
        found = tuple(name for name in model_names() if name not in known)
        _check_names(path, found)
    except BaseException:
        for name in set(model_names()) - known:
            forget_model(name)
        _LOADED.pop(path, None)
        raise
    _LOADED[path] = Plugin(path, digest, found)
    return _LOADED[path]


def _run(path: Path, content: bytes, digest: str) -> None:
    """What an import does, with the very bytes that the checksum is of."""
    module = ModuleType(f"paper_nas_plugin_{digest[:8]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)
    except NameTaken as reason:
        raise PluginError(f"{path}: {reason}; choose another name") from reason


def _check_names(path: Path, names: tuple[str, ...]) -> None:
    if not names:
        raise PluginError(f"{path} registers no model: see register_model in paper_nas.models")
    if wrong := [name for name in names if not _NAME.fullmatch(name)]:
        raise PluginError(
            f"{path} registers {wrong}: names of models are lower-case words joined by hyphens"
        )


def plugin_of(model: str) -> Plugin | None:
    """The loaded plugin that registered a model; ``None`` for a model of the package."""
    return next((plugin for plugin in _LOADED.values() if model in plugin.models), None)
