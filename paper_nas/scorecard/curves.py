"""Section 4.1, Figures 3 and 4: the losses during training.

What the figures say is judged where the paper is: on codes as published. Chapter 3 compares them
with larger ones, which notes mention.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator

import numpy as np

from paper_nas.config import PRESETS
from paper_nas.reports import MODEL_LABELS, seed_gain
from paper_nas.scorecard.commands import more_of_scale, train
from paper_nas.scorecard.embeddings import NOT_IN_ONE_HOT, RELATIVES, closer, embedded_distances
from paper_nas.scorecard.evidence import LARGE, PAIR, PRESET, PUBLISHED, Entry, Evidence
from paper_nas.scorecard.verdicts import (
    Finding,
    Part,
    gain_part,
    judged,
    measured,
    missing,
)

CHAPTER = "03_training_curves"
CLOSE_TO_ZERO = 0.5
"""Nats: below it a reconstruction loss is close to zero (chapter 3)."""
FALLEN = 0.10
"""Share by which KL must be lower to have fallen (chapter 3)."""
SHORT = PRESETS[PRESET]
"""What our trainings share."""


def _more(evidence: Evidence) -> str:
    return more_of_scale(evidence, PAIR, PUBLISHED)


def _final(evidence: Evidence, model: str, scale: float) -> list[float]:
    names = evidence.by_scale.get((model, scale), [])
    return [evidence.history(name)[-1]["reconstruction"] for name in names]


def _lower(evidence: Evidence, values: Callable[[Evidence, str, float], list[float]],
           words: str) -> tuple[Part, str]:  # fmt: skip
    """DVAE-EMB has a lower loss than D-VAE with codes as published; and what larger codes do."""
    results = [n for m in PAIR for n in evidence.by_scale.get((m, PUBLISHED), [])]
    old, new = (values(evidence, model, PUBLISHED) for model in PAIR)
    part = gain_part(f"DVAE-EMB against D-VAE, {words} lower by (nats)", old, new,
                     less_is_better=True, results=results)  # fmt: skip
    before, after = (values(evidence, model, LARGE) for model in PAIR)
    note = ""
    if before and after:
        found = seed_gain(before, after, less_is_better=True)
        error = "" if math.isnan(found.error) else f" ± {found.error:.2f}"
        note = f"With codes times {LARGE:g}: {found.gain:+.2f}{error}, {found.verdict}"
    return part, note


def _faster(evidence: Evidence, key: str) -> Finding:
    part, note = _lower(evidence, Evidence.areas, "mean loss over the epochs")
    return judged(part, note=note, command=_more(evidence))


def _end(evidence: Evidence, key: str) -> Finding:
    part, note = _lower(evidence, _final, "loss in the last epoch")
    return judged(part, note=note, command=_more(evidence))


def _sooner(evidence: Evidence, key: str) -> Finding:
    """Fewer epochs are less time only if an epoch costs no more."""
    part, note = _lower(evidence, Evidence.areas, "mean loss over the epochs")
    names = [evidence.by_scale.get((model, LARGE), []) for model in PAIR]
    seconds = [[evidence.store.manifest(n).cpu_seconds for n in found] for found in names]
    if all(len(values) > 1 for values in seconds):
        cost = seed_gain(seconds[0], seconds[1])
        note += (f"; a training of DVAE-EMB takes {cost.gain:+.0f} ± {cost.error:.0f} CPU seconds "
                 f"more than one of D-VAE, of {statistics.fmean(seconds[0]):.0f}")  # fmt: skip
    return judged(part, note=note, command=_more(evidence))


def _reason(evidence: Evidence, key: str) -> Finding:
    """Is it relations between operations, if a constant in front of one-hot codes does as much?"""
    published = evidence.areas("dvae-emb", PUBLISHED)
    base = evidence.by_scale.get(("dvae-emb", PUBLISHED), [])
    parts = [closer("relatives in the tables of DVAE-EMB", embedded_distances(evidence), RELATIVES)]
    for scale in sorted(s for m, s in evidence.by_scale if m == "dvae" and s > PUBLISHED):
        constant = evidence.areas("dvae", scale)
        words = f"one-hot codes times {scale:g} do less for the mean loss than the embedding"
        part = gain_part(words, constant, published, less_is_better=True,
                         results=[*evidence.by_scale["dvae", scale], *base])  # fmt: skip
        parts.append(part)
    return judged(*parts, command=_more(evidence))


# ---- Figure 4 -----------------------------------------------------------------------------------


def _curves(
    evidence: Evidence, scales: tuple[float, ...] = (PUBLISHED,)
) -> Iterator[tuple[str, np.ndarray, np.ndarray, list[str]]]:
    """Label, KL and reconstruction loss by epoch (means over trainings), and their names."""
    for scale in scales:
        for model in PAIR:
            names = evidence.by_scale.get((model, scale), [])
            histories = [evidence.history(name) for name in names]
            kl, loss = (
                np.array([[row[what] for row in history] for history in histories])
                for what in ("kl", "reconstruction")
            )
            if names:
                label = f"{MODEL_LABELS[model]}, codes × {scale:g}"
                yield label, kl.mean(axis=0), loss.mean(axis=0), names


def _small(evidence: Evidence, key: str) -> Finding:
    parts = [
        Part(f"{label}: {kl[0]:.1f} nats in the first epoch, at most {kl.max():.1f}",
             bool(kl[0] < kl.max() / 2), tuple(names), len(names))
        for label, kl, _, names in _curves(evidence)
    ]  # fmt: skip
    return judged(*parts, command=_more(evidence), note=_first_epoch(evidence))


def _first_epoch(evidence: Evidence) -> str:
    late = [f"{label} {kl[0]:.1f} of {kl.max():.1f}"
            for label, kl, _, _ in _curves(evidence, (LARGE,))]  # fmt: skip
    if not late:
        return ""
    return ("An epoch is a mean over its steps; with larger codes most of the growth falls into "
            f"the first: {'; '.join(late)}")  # fmt: skip


def _grows(evidence: Evidence, key: str) -> Finding:
    parts = []
    for label, kl, _, names in _curves(evidence):
        top = int(kl.argmax())
        steady = top > 0 and bool((np.diff(kl[: top + 1]) > 0).mean() >= 2 / 3)
        parts.append(
            Part(f"{label}: rises until epoch {top + 1}", steady, tuple(names), len(names))
        )
    return judged(*parts, command=_more(evidence))


def _fall(kl: np.ndarray, loss: np.ndarray) -> tuple[str, bool | None]:
    """Whether KL falls once the loss is near zero and not before, by the rule of chapter 3.

    Args:
        kl: ``[epochs]``.
        loss: Of reconstruction, likewise.

    Returns:
        What was seen, and the answer; ``None`` where too few epochs are left to judge.
    """
    near = np.flatnonzero(loss < CLOSE_TO_ZERO)
    then = int(near[0]) if near.size else len(kl) - 1
    before, after = kl[then] / kl[: then + 1].max() - 1, kl[-1] / kl[then] - 1
    when = f"the loss is close to zero, epoch {then + 1}" if near.size else "the end, never close"
    text = f"until {when}, KL changes by {100 * before:+.0f} % from its maximum"
    if before < -FALLEN:
        return text, False
    if near.size < 3:
        return f"{text}, too late to judge", None
    return f"{text}, afterwards by {100 * after:+.0f} %", bool(after < -FALLEN)


def _falls(evidence: Evidence, key: str) -> Finding:
    """KL falls once the loss is near zero, and not before."""
    parts = []
    for label, kl, loss, names in _curves(evidence):
        text, holds = _fall(kl, loss)
        parts.append(Part(f"{label}: {text}", holds, tuple(names), len(names)))
    late = [f"{label}: {_fall(kl, loss)[0]}"
            for label, kl, loss, _ in _curves(evidence, (LARGE,))]  # fmt: skip
    return judged(*parts, note="; ".join(late), command=_more(evidence))


def _turn(evidence: Evidence, key: str) -> Finding:
    """In which epoch KL is largest; only trainings as long as the paper's can be compared."""
    stands = evidence.paper[key]
    names = evidence.named(rf"training/(?:{'|'.join(PAIR)})_paper_seed-\d+")
    if names:
        return measured(
            stands, [float(_largest(evidence, name)) for name in names], "turn", results=names,
            seeds=len(names),
        )  # fmt: skip
    short = [n for m in PAIR for n in evidence.by_scale.get((m, LARGE), [])]
    tops = sorted(_largest(evidence, name) for name in short)
    note = "An epoch of our schedule is not one of the paper's"
    if tops:
        note += f"; on ours, KL is largest in epoch {tops[0]} to {tops[-1]} of {SHORT.epochs}"
    return missing(train(PAIR[1], PRESETS["paper"].seed, "paper"), note)


def _largest(evidence: Evidence, training: str) -> int:
    return int(np.argmax([row["kl"] for row in evidence.history(training)])) + 1


def _common(evidence: Evidence, key: str) -> Finding:
    """The pattern: up from a low start to a maximum within, and down again."""
    parts = [
        Part(
            f"{label}: {kl[0]:.1f} nats at first, {kl.max():.1f} in epoch {kl.argmax() + 1}, "
            f"{kl[-1]:.1f} at last",
            bool(max(kl[0], kl[-1]) < (1 - FALLEN) * kl.max()), tuple(names), len(names),
        )
        for label, kl, _, names in _curves(evidence)
    ]  # fmt: skip
    return judged(*parts, command=_more(evidence))


CLAIMS: dict[str, Entry] = {
    "figure3.faster": Entry("claim", "", CHAPTER, _faster),
    "figure3.lower": Entry("claim", "", CHAPTER, _end),
    "figure3.reason": Entry("claim", "", CHAPTER, _reason),
    "figure3.relations": NOT_IN_ONE_HOT,
    "figure4.common": Entry("claim", "", CHAPTER, _common),
    "figure4.start": Entry("claim", "", CHAPTER, _small),
    "figure4.growth": Entry("claim", "", CHAPTER, _grows),
    "figure4.fall": Entry("claim", "", CHAPTER, _falls),
}

NUMBERS: dict[str, Entry] = {
    "training.kl_turns": Entry("number", "epoch in which KL turns", CHAPTER, _turn),
}

SHORTER_TIME = Entry("claim", "", CHAPTER, _sooner)
"""Of the conclusion."""
