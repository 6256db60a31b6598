"""Join the sources of the explorer into the one module that browsers load.

    python -m tools.assemble_explorer

The engine becomes a function of its own, which the page calls and whose text is the program of the
worker; the sources of the user interface follow it, `main.mjs` last. `paper_nas/explorer/src` has
the sources, a test checks that the committed `explorer.mjs` is what they give.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "paper_nas" / "explorer"
SOURCES = FOLDER / "src"
MODULE = FOLDER / "explorer.mjs"
ENGINE = (
    "engine_arrays.mjs",
    "engine_checksum.mjs",
    "engine_space.mjs",
    "engine_layers.mjs",
    "engine_models.mjs",
    "engine_gaussian.mjs",
    "engine_neighbours.mjs",
    "worker.mjs",
)
EXPORTED = (
    "architectureOf",
    "architectureOfRow",
    "checkFile",
    "createEngine",
    "failure",
    "formatArchitecture",
    "graphOf",
    "parseArchitecture",
    "plainSha256",
    "readArray",
    "serveEngine",
    "sha256",
    "unpackGraph",
    "workerSource",
)
"""Names of the engine that the user interface and the tests may use."""
HEADER = """\
// The latent explorer, put together from paper_nas/explorer/src by
// `python -m tools.assemble_explorer`: change the sources, not this file.
"""


def source(name: str) -> str:
    """The text of one source, under its name.

    Raises:
        ValueError: It imports something: the module must come whole.
    """
    text = (SOURCES / name).read_text(encoding="utf-8")
    if re.search(r"^\s*import\b", text, flags=re.MULTILINE):
        raise ValueError(f"{name} imports something; the sources share one scope instead")
    return f"// ---- {name}\n{text.rstrip()}\n"


def engine_function() -> str:
    """The engine as a function that returns the names in :data:`EXPORTED`."""
    body = "\n".join(source(name) for name in ENGINE)
    names = "".join(f"    {name},\n" for name in EXPORTED)
    return f'function paperNasEngine() {{\n"use strict";\n{body}\nreturn {{\n{names}}};\n}}\n'


def engine_module() -> str:
    """A module with the engine alone, for tests and benchmarks: ``export const engine``."""
    return f"{engine_function()}\nexport const engine = paperNasEngine();\n"


def interface_sources() -> list[str]:
    """Names of the sources of the user interface, in order."""
    names = sorted(path.name for path in SOURCES.glob("ui_*.mjs"))
    return [*names, *(["main.mjs"] if (SOURCES / "main.mjs").is_file() else [])]


def explorer_module() -> str:
    """The whole module."""
    names = "".join(f"  {name},\n" for name in EXPORTED)
    parts = [HEADER, engine_function(), f"const {{\n{names}}} = paperNasEngine();\n"]
    return "\n".join([*parts, *(source(name) for name in interface_sources())])


def main() -> None:
    """Write the module."""
    MODULE.write_text(explorer_module(), encoding="utf-8")
    print(f"wrote {MODULE} ({MODULE.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
