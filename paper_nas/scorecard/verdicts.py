"""What a verdict of the scorecard means: every rule that decides one stands here.

A *number* is reproduced if our mean lies within the tolerance of its kind (:data:`TOLERANCES`) of
the paper's value, or within twice the standard deviation over our trainings where that is more; but
never further than three tolerances, since a spread that wide confirms nothing. It is partly
reproduced within three tolerances; else not. A *setting* is reproduced if all the results that it
concerns were made with it, partly if some were. A *claim* is taken apart into statements that hold
or do not (:class:`Part`), by the rules of the chapters: it is reproduced if all hold, partly if
some do. As long as a statement that is still open could change the verdict, there is none. A
difference between two models counts if it exceeds twice its standard error over trainings
(:func:`paper_nas.reports.seed_gain`), one between two searches if a permutation of trials gives
p <= .05 with more than three trials each; where both search by a trained model, their trainings
must differ as well.

What rests on one training says so; a difference between two models, or between searches by two
models, is then not judged at all. What rests on a training that had not finished
(:data:`UNFINISHED`) is not judged either.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from paper_nas.paper_numbers import PaperNumber
from paper_nas.reports import seed_gain

REPRODUCED, PARTLY, NOT = "reproduced", "partly", "not reproduced"
MISSING, UNTESTABLE = "not there yet", "not testable here"

MEANINGS: dict[str, str] = {
    REPRODUCED: "A number: within the tolerance of its kind, or within twice our standard "
    "deviation over trainings where that is more, but never beyond three tolerances. A setting: "
    "all results concerned were made with it. A claim: all statements that it consists of hold.",
    PARTLY: "A number: within three tolerances, so that the size is right. A setting: some results "
    "were made with it. A claim: some of its statements hold; or all do, but they cover only part "
    "of it, or the paper's own table contradicts the wording.",
    NOT: "A number is further away, a setting is another, no statement of a claim holds.",
    MISSING: "Our result, or enough of it for a verdict, is not stored yet, or rests on a training "
    "that had not finished; the command is named.",
    UNTESTABLE: "The reason is named, and the command that would do it, where there is one.",
}
"""Every verdict, best first, and when it is given."""

VERDICTS = tuple(MEANINGS)
DECIDED = (REPRODUCED, PARTLY, NOT)

PARTLY_WITHIN = 3
"""Tolerances within which a number is partly reproduced, and beyond which no spread helps."""

ANSWERS = {True: "yes", False: "no", None: "open"}
"""Whether a statement holds, in words."""

NOT_FINISHED = "of trainings that are not finished: not judged"

MOST_PARTS = 4
"""Statements of a claim that are written out in its line."""

UNFINISHED = 0.1
"""Nats: a training that ends above has not learned all that it could (chapter 4)."""

WORST_P = 0.05
FEWEST_TRIALS = 4
"""With three trials each, no permutation test gives a p below .1."""


class Tolerance(NamedTuple):
    """How far apart two numbers of one kind may be and still say the same.

    Attributes:
        reach: In the unit of the number.
        decimals: Digits shown after the point.
        why: The argument for it.
    """

    reach: float
    decimals: int
    why: str


TOLERANCES: dict[str, Tolerance] = {
    "share": Tolerance(
        0.5, 2, "Table 1, accuracy and validity, in points: well below the 1.26 between D-VAE and "
        "GCN, so that within it no two kinds of encoders are confused"
    ),
    "uniqueness": Tolerance(
        2.0, 2, "Table 1, uniqueness, in points: about the gap between DVAE-EMB and D-VAE, 1.89"
    ),
    "rmse": Tolerance(
        0.05, 3, "Table 2, RMSE: half of the gap between D-VAE and S-VAE, .094; as in chapter 5"
    ),
    "pearson": Tolerance(
        0.025, 3, "Table 2, Pearson's r: half of the gap between D-VAE and S-VAE, .047"
    ),
    "correlation": Tolerance(
        0.01, 4, "Figures 7 and 8: one unit of the last printed digit, since one of the two is cut "
        "off rather than rounded; as in chapter 7"
    ),
    "turn": Tolerance(
        15.0, 0, "Figure 4, when KL turns, in epochs: a curve over 300 epochs can be read to about "
        "a twentieth of its length"
    ),
}  # fmt: skip
"""By kind of number."""


@dataclass(frozen=True)
class Finding:
    """What we found on one entry of the paper.

    Attributes:
        verdict: A member of :data:`VERDICTS`.
        ours: Our value, or the statements of a claim, in words; empty if there is nothing yet.
        difference: Ours less the paper's, for numbers.
        reason: Why there is no verdict, in words that stand alone.
        note: What else a reader should know.
        parts: The statements of a claim.
        results: Stored results that it rests on.
        live: Dotted name of the function that computed it here, if it does not rest on results.
        seeds: Fewest trainings of a model that it rests on; ``None`` where none is involved.
        command: What makes our number, or would make it; behind a verdict that rests on results it
            is the one that made the first of them (:func:`paper_nas.scorecard.scorecard`).
    """

    verdict: str
    ours: str = ""
    difference: str = ""
    reason: str = ""
    note: str = ""
    parts: tuple[Part, ...] = ()
    results: tuple[str, ...] = ()
    live: str = ""
    seeds: int | None = None
    command: str = ""

    @property
    def in_words(self) -> str:
        """The verdict, with an admission if it rests on one training."""
        return self.verdict + (", one seed" if self.rests_on_one_seed else "")

    @property
    def rests_on_one_seed(self) -> bool:
        """Whether a verdict was given on one training of some model."""
        return self.verdict in DECIDED and self.seeds == 1


class Part(NamedTuple):
    """One statement of a claim.

    Attributes:
        words: What was compared, and what came out.
        holds: ``None`` as long as it cannot be judged.
        results: Stored results behind it.
        seeds: Fewest trainings of a model behind it; ``None`` where none is involved.
        stored: Whether there is anything to compare yet.
    """

    words: str
    holds: bool | None
    results: tuple[str, ...] = ()
    seeds: int | None = None
    stored: bool = True


def judge_number(paper: float, values: Sequence[float], kind: str) -> str:
    """The verdict on a number.

    Args:
        paper: The paper's value.
        values: Ours, one per training.
        kind: A key of :data:`TOLERANCES`.

    >>> judge_number(99.96, [99.9, 99.7], "share"), judge_number(99.96, [60.0], "share")
    ('reproduced', 'not reproduced')
    """
    tolerance = TOLERANCES[kind].reach
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    gap = abs(statistics.fmean(values) - paper) - 1e-9  # rounding is no difference
    if gap <= max(tolerance, min(2 * spread, PARTLY_WITHIN * tolerance)):
        return REPRODUCED
    return PARTLY if gap <= PARTLY_WITHIN * tolerance else NOT


def judge_parts(holds: Sequence[bool | None], whole: bool = True) -> str:
    """The verdict on a claim, given as soon as no open statement can change it.

    Args:
        holds: Of each statement.
        whole: Whether the claim may count as reproduced if all of them hold.

    >>> judge_parts([True, False, None]), judge_parts([True, None]), judge_parts([True], False)
    ('partly', 'not there yet', 'partly')
    """
    known = {part for part in holds if part is not None}
    if known == {True, False}:
        return PARTLY
    if not holds or None in holds:
        return MISSING
    if known == {False}:
        return NOT
    return REPRODUCED if whole else PARTLY


def measured(
    paper: PaperNumber,
    values: Sequence[float],
    kind: str,
    *,
    results: Iterable[str] = (),
    live: str = "",
    seeds: int | None = None,
    note: str = "",
    command: str = "",
) -> Finding:
    """A number of ours beside the paper's.

    Args:
        paper: The number.
        values: Ours, one per training.
        kind: A key of :data:`TOLERANCES`.
        results: Stored results behind them.
        live: As in :class:`Finding`.
        seeds: Likewise.
        note: Likewise.
        command: Likewise.
    """
    digits = TOLERANCES[kind].decimals
    mean = statistics.fmean(values)
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return Finding(
        verdict=judge_number(paper.value, values, kind),
        ours=f"{mean:.{digits}f}{spread}",
        difference=f"{mean - paper.value:+.{digits}f}",
        note=note,
        results=tuple(results),
        live=live,
        seeds=seeds,
        command=command,
    )


def used(
    paper: PaperNumber,
    values: Sequence[float],
    *,
    results: Iterable[str] = (),
    live: str = "",
    note: str = "",
    command: str = "",
) -> Finding:
    """A setting, or a count, that is equal to the paper's or is not.

    Args:
        paper: The number.
        values: Ours, of every result concerned; at least one.
        results: Stored results behind them.
        live: As in :class:`Finding`.
        note: Likewise.
        command: Likewise.
    """
    same = [abs(value - paper.value) < 1e-9 for value in values]
    shown = sorted(set(values))
    differences = {value - paper.value for value in shown} - {0.0}
    return Finding(
        verdict=REPRODUCED if all(same) else PARTLY if any(same) else NOT,
        ours=", ".join(f"{value:,g}" for value in shown),
        difference=", ".join(f"{value:+,g}" for value in sorted(differences)) or "0",
        note=note,
        results=tuple(results),
        live=live,
        command=command,
    )


def judged(
    *parts: Part, whole: bool = True, live: str = "", note: str = "", command: str = ""
) -> Finding:
    """A claim, from its statements.

    Args:
        parts: The statements.
        whole: See :func:`judge_parts`.
        live: As in :class:`Finding`.
        note: Likewise.
        command: Likewise.
    """
    seeds = [part.seeds for part in parts if part.seeds is not None and part.holds is not None]
    return Finding(
        verdict=judge_parts([part.holds for part in parts], whole),
        ours=_in_short(parts),
        note=note,
        parts=tuple(parts),
        results=tuple(dict.fromkeys(name for part in parts for name in part.results)),
        live=live,
        seeds=min(seeds) if seeds else None,
        command=command,
    )


def _in_short(parts: Sequence[Part]) -> str:
    """The statements with an answer each; of many, how many hold."""
    there, absent = [p for p in parts if p.stored], [p for p in parts if not p.stored]
    if len(there) > MOST_PARTS:
        holding = sum(part.holds is True for part in there)
        unclear = sum(part.holds is None for part in there)
        text = f"{holding} of {len(there)} statements hold"
        text += f", {unclear} open" if unclear else ""
    else:
        text = "; ".join(f"{ANSWERS[part.holds]}: {part.words}" for part in there)
    if not there:
        return "not stored yet" if absent else ""
    return text + (f"; {len(absent)} of {len(parts)} not stored yet" if absent else "")


def missing(command: str, note: str = "", reason: str = "") -> Finding:
    """Nothing to judge by yet."""
    return Finding(MISSING, reason=reason, note=note, command=command)


def untestable(reason: str, command: str = "", note: str = "") -> Finding:
    """Not to be had on the machine that this project is made for."""
    return Finding(UNTESTABLE, reason=reason, note=note, command=command)


def gain_part(
    words: str,
    old: Sequence[float],
    new: Sequence[float],
    *,
    less_is_better: bool = False,
    results: Iterable[str] = (),
    digits: int = 2,
    finished: bool = True,
) -> Part:
    """The statement that one model does better than another, judged over trainings.

    Args:
        words: What is compared.
        old: One value per training of the model that should be behind; perhaps none yet.
        new: Likewise of the other.
        less_is_better: For errors.
        results: Stored results behind the values.
        digits: Shown after the point.
        finished: Whether all of the trainings had finished.
    """
    if not old or not new:
        return Part(f"{words}: not stored yet", None, tuple(results), stored=False)
    gain = seed_gain(old, new, less_is_better)
    seeds = min(len(old), len(new))
    if seeds < 2:
        return Part(f"{words}: {gain.gain:+.{digits}f}, {gain.verdict}", None, tuple(results), 1)
    error = f" ± {gain.error:.{digits}f}"
    text = f"{words}: {gain.gain:+.{digits}f}{error}"
    if not finished:
        return Part(f"{text}, {NOT_FINISHED}", None, tuple(results), seeds)
    return Part(f"{text}, {gain.verdict}", gain.verdict == "better", tuple(results), seeds)


def gains_part(words: str, gains: Sequence[float], *, results: Iterable[str] = ()) -> Part:
    """The statement that a gain within each training is above zero, judged over trainings.

    Args:
        words: What is compared.
        gains: One value per training; perhaps none yet.
        results: Stored results behind the values.
    """
    return gain_part(words, [0.0] * len(gains), gains, results=results)
