"""Every number and claim of the paper beside ours, with a verdict that a stated rule gives.

:func:`scorecard` judges each entry of ``book/paper_numbers.yml`` by the stored results and, where
they are at hand, by the data. The rules stand in ``verdicts``; ``evidence`` reads results; the
other modules have a judge for each entry of a part of the paper; ``card`` puts the lines together.
"""

from paper_nas.scorecard.card import (
    KINDS,
    SECTIONS,
    Line,
    lines_as_json,
    lines_as_text,
    number_in_words,
    scorecard,
    summary,
)
from paper_nas.scorecard.evidence import Entry, Evidence
from paper_nas.scorecard.verdicts import (
    DECIDED,
    MEANINGS,
    TOLERANCES,
    VERDICTS,
    Finding,
    Part,
    judge_number,
    judge_parts,
)

__all__ = [
    "DECIDED",
    "KINDS",
    "MEANINGS",
    "SECTIONS",
    "TOLERANCES",
    "VERDICTS",
    "Entry",
    "Evidence",
    "Finding",
    "Line",
    "Part",
    "judge_number",
    "judge_parts",
    "lines_as_json",
    "lines_as_text",
    "number_in_words",
    "scorecard",
    "summary",
]
