"""The scorecard: one line for each number and each claim of the paper."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from paper_nas.artifacts import ResultStore
from paper_nas.datasets import ArchitectureDataset
from paper_nas.paper_numbers import Claim, PaperNumber, PaperNumbers
from paper_nas.scorecard import curves, design, embeddings, frame, searches, spaces, tables
from paper_nas.scorecard.evidence import Entry, Evidence, command_of
from paper_nas.scorecard.verdicts import DECIDED, VERDICTS, Finding

KINDS = {
    "number": "numbers, measured",
    "claim": "claims",
    "setting": "settings and counts",
}
"""Kinds of entries, and what a summary calls them."""


def _some(entries: Mapping[str, Entry], prefix: str) -> dict[str, Entry]:
    return {key: entry for key, entry in entries.items() if key.startswith(prefix)}


SECTIONS: dict[str, dict[str, Entry]] = {
    "Abstract, introduction and related work": frame.FIRST,
    "3.1 and 3.2: graphs and auto-encoders": {
        **design.CLAIMS, **_some(design.SETTINGS, "model.prior"),
        **_some(design.SETTINGS, "model.edge"),
    },
    "3.3: operation embeddings": {
        **embeddings.CLAIMS, **_some(design.SETTINGS, "model.embedding"),
        **_some(design.SETTINGS, "model.iterations"),
    },
    "4: the data and the training": {**design.DATA, **_some(design.SETTINGS, "training")},
    "4.1, Table 1: reconstruction and validity": {**tables.TABLE1, **tables.TABLE1_CLAIMS},
    "4.1, Figures 3 and 4: training": {**curves.CLAIMS, **curves.NUMBERS},
    "4.2, Table 2: predicting accuracy": {
        **tables.TABLE2, **tables.TABLE2_SETTINGS, **tables.TABLE2_CLAIMS,
        "table2.discover": searches.DISCOVER, "table2.suitable": searches.SUITABLE,
    },
    "4.3, Figures 5 and 6: search": {**searches.NUMBERS, **searches.CLAIMS},
    "4.4, Figures 7 and 8: graph properties": {**spaces.NUMBERS, **spaces.PROPERTY_CLAIMS},
    "4.5, Figures 9 and 10: the latent space": {**spaces.LATENT_NUMBERS, **spaces.CLAIMS},
    "5: conclusion": frame.LAST,
}  # fmt: skip
"""How every entry of ``book/paper_numbers.yml`` is judged, by section of the paper."""


@dataclass(frozen=True)
class Line:
    """One number or claim of the paper, and what we found.

    Attributes:
        key: Its id in ``book/paper_numbers.yml``.
        section: A key of :data:`SECTIONS`.
        kind: A key of :data:`KINDS`.
        label: A few words.
        chapter: Stem of the chapter that treats it.
        where: Section, table or figure of the paper.
        origin: See :data:`paper_nas.paper_numbers.ORIGINS`.
        paper: The paper's value with its unit, or its wording.
        quote: The paper's wording.
        finding: What we found.
    """

    key: str
    section: str
    kind: str
    label: str
    chapter: str
    where: str
    origin: str
    paper: str
    quote: str
    finding: Finding


def scorecard(
    store: ResultStore, paper: PaperNumbers, dataset: ArchitectureDataset | None = None
) -> list[Line]:
    """A line for every number and claim of the paper, by section.

    Args:
        store: Where the results are.
        paper: The paper's numbers and claims.
        dataset: The data of the paper; without them, what is computed from them is not there yet.

    Raises:
        ValueError: A number or claim for which there is no entry in :data:`SECTIONS`, or an entry
            without a number or claim; or other data than the paper's.
        ResultDamaged: A stored result is not what its manifest says.
    """
    entries = [(section, key) for section, group in SECTIONS.items() for key in group]
    known = Counter(key for _, key in entries)
    wanted: dict[str, PaperNumber | Claim] = {**paper.numbers, **paper.claims}
    if problems := sorted((known.keys() ^ wanted.keys()) | {k for k, n in known.items() if n > 1}):
        raise ValueError(
            f"the scorecard and {paper.path} do not have each of these once: {problems}; see "
            "SECTIONS in paper_nas/scorecard/card.py"
        )
    evidence = Evidence(store, paper, dataset)
    return [_line(evidence, section, key, wanted[key]) for section, key in entries]


def _line(evidence: Evidence, section: str, key: str, source: PaperNumber | Claim) -> Line:
    """A verdict on results names the command that made the first of them."""
    entry = SECTIONS[section][key]
    finding = entry.judge(evidence, key)
    if finding.verdict in DECIDED and finding.results:
        finding = replace(finding, command=command_of(evidence, finding.results))
    return Line(
        key=key,
        section=section,
        kind=entry.kind,
        label=entry.label or source.quote,
        chapter=entry.chapter,
        where=source.where,
        origin=source.origin,
        paper=number_in_words(source) if isinstance(source, PaperNumber) else source.quote,
        quote=source.quote,
        finding=finding,
    )


def number_in_words(number: PaperNumber) -> str:
    """A number as the paper writes it, with all its digits, and the unit.

    >>> number_in_words(PaperNumber(0.92, "", "Table 2", "D-VAE 0.384 0.920 ±0.001", 0.001))
    '0.920 ± 0.001'
    """
    written = [w for w in re.findall(r"-?\d+(?:,\d{3})*(?:\.\d+)?", number.quote)
               if float(w.replace(",", "")) == number.value]  # fmt: skip
    text = written[0] if written else f"{number.value:g}"
    if number.spread is not None:
        text += f" ± {number.spread:g}"
    return f"{text} {number.unit}".strip()


def summary(lines: Iterable[Line]) -> dict[str, dict[str, int]]:
    """Number of lines by kind and verdict; every kind and verdict is there."""
    counts = {kind: dict.fromkeys(VERDICTS, 0) for kind in KINDS}
    for line in lines:
        counts[line.kind][line.finding.verdict] += 1
    return counts


def lines_as_json(lines: Iterable[Line], store: ResultStore) -> list[dict[str, Any]]:
    """Lines as values for JSON, with the origin of every result behind them."""
    content = []
    for line in lines:
        values = asdict(line)
        finding = values.pop("finding")
        finding["parts"] = [
            {"statement": part.words, "holds": part.holds} for part in line.finding.parts
        ]
        finding["one_seed"] = line.finding.rests_on_one_seed
        finding["results"] = {n: store.manifest(n).origin() for n in line.finding.results}
        content.append({**values, **finding})
    return content


def _cut(text: str, width: int) -> str:
    """Text in a column, with a sign where it was cut."""
    return f"{text:{width}}" if len(text) <= width else f"{text[: width - 1]}…"


def lines_as_text(lines: Iterable[Line]) -> str:
    """Lines as text, by section, with a summary at the end."""
    lines, text, section = list(lines), [], ""
    for line in lines:
        if line.section != section:
            section = line.section
            text += ["", section]
        found = line.finding
        what = f"{line.label}: {line.paper}" if line.kind != "claim" else line.quote
        if line.paper == line.quote:
            what = line.quote
        ours = (found.ours or found.reason) + (f" ({found.difference})" if found.difference else "")
        text.append(f"  {line.key:28} {_cut(what, 69)}  {_cut(ours, 40)}  {found.in_words}")
    text.append("")
    for kind, counts in summary(lines).items():
        shown = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        text.append(f"{sum(counts.values())} {KINDS[kind]}: {shown}")
    return "\n".join(text).lstrip("\n")
