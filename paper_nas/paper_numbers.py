"""The paper's own numbers and claims, read from ``book/paper_numbers.yml``.

They stand in that one file, each with its place in the paper and the words it was copied from, so
that no page types them in again.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")

FILE = Path("book") / "paper_numbers.yml"

OWN, QUOTED = "own", "quoted from D-VAE"
ORIGINS = (OWN, QUOTED)
"""Whether a number is the paper's own, or taken over from the paper on D-VAE."""


class PaperNumbersError(Exception):
    """The file is missing or malformed, or holds no such entry; the message says which."""


@dataclass(frozen=True)
class PaperNumber:
    """One number of the paper.

    Attributes:
        value: The number, in :attr:`unit`.
        unit: Its unit; empty for a pure number.
        where: Section, table or figure.
        quote: The paper's words.
        spread: What the paper writes behind a plus-minus sign, if anything.
        origin: One of :data:`ORIGINS`.
    """

    value: float
    unit: str
    where: str
    quote: str
    spread: float | None = None
    origin: str = OWN


@dataclass(frozen=True)
class Claim:
    """One statement of the paper that has no number.

    Attributes:
        where: Section, table or figure.
        quote: The paper's words.
        origin: One of :data:`ORIGINS`.
    """

    where: str
    quote: str
    origin: str = OWN


@dataclass(frozen=True)
class PaperNumbers:
    """All of them by id, for example ``numbers["table1.dvae.accuracy"].value``.

    Attributes:
        numbers: Numbers by id.
        claims: Claims by id.
        path: The file they come from.
    """

    numbers: Mapping[str, PaperNumber]
    claims: Mapping[str, Claim]
    path: Path

    def __getitem__(self, key: str) -> PaperNumber:
        """The number with this id.

        Raises:
            PaperNumbersError: There is none; the message names the most similar ids.
        """
        return _find(self.numbers, key, self.path)

    def claim(self, key: str) -> Claim:
        """The claim with this id.

        Raises:
            PaperNumbersError: There is none; the message names the most similar ids.
        """
        return _find(self.claims, key, self.path)


def load_paper_numbers(path: str | Path | None = None) -> PaperNumbers:
    """Read the file.

    Args:
        path: The file; by default ``book/paper_numbers.yml`` of the project, which is looked for
            above the package's folder and above the working directory. It is part of the project's
            repository, not of the installed package.

    Raises:
        PaperNumbersError: The file is not there, or an entry is malformed.
    """
    found = Path(path) if path is not None else _default_path()
    try:
        content = yaml.safe_load(found.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PaperNumbersError(f"{found} does not exist") from None
    except yaml.YAMLError as reason:
        raise PaperNumbersError(f"{found} is not YAML: {reason}") from reason
    if not isinstance(content, dict) or not {"numbers", "claims"} <= content.keys():
        raise PaperNumbersError(f"{found} must hold the mappings 'numbers' and 'claims'")
    try:
        numbers = {key: _number(key, entry) for key, entry in content["numbers"].items()}
        claims = {key: Claim(**_texts(key, entry)) for key, entry in content["claims"].items()}
    except (TypeError, ValueError, AttributeError) as reason:
        raise PaperNumbersError(f"{found}: {reason}") from reason
    return PaperNumbers(numbers, claims, found)


def _default_path() -> Path:
    here = Path(__file__).resolve().parent
    for folder in (*here.parents, *(Path.cwd() / "_").parents):
        if (folder / FILE).is_file():
            return folder / FILE
    raise PaperNumbersError(
        f"{FILE} is neither above {here} nor above {Path.cwd()}. It is part of the project's "
        "repository: work in a clone of it, or give load_paper_numbers the path of the file"
    )


def _number(key: str, entry: dict[str, Any]) -> PaperNumber:
    values: dict[str, Any] = {k: entry[k] for k in ("value", "spread") if k in entry}
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            raise ValueError(f"{key}: {name} is not a number: {value!r}")
    texts: dict[str, Any] = dict(_texts(key, {k: v for k, v in entry.items() if k not in values}))
    return PaperNumber(**values, **texts)


def _texts(key: str, fields: dict[str, Any]) -> dict[str, str]:
    for name, value in fields.items():
        if not isinstance(value, str):
            raise TypeError(f"{key}: {name} is not text: {value!r}")
    if fields.get("origin", OWN) not in ORIGINS:
        raise ValueError(f"{key}: origin must be one of {ORIGINS}, not {fields['origin']!r}")
    return fields


def _find(entries: Mapping[str, T], key: str, path: Path) -> T:
    if key in entries:
        return entries[key]
    similar = ", ".join(difflib.get_close_matches(key, entries, n=4, cutoff=0.4)) or "none similar"
    raise PaperNumbersError(f"{path} has no {key!r}; did you mean one of these: {similar}?")
