"""Section 4, Tables 1 and 2: reconstruction and generation, and the prediction of accuracy."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from paper_nas.config import PRESETS
from paper_nas.datasets import ArchitectureDataset
from paper_nas.paper_numbers import PaperNumbers
from paper_nas.reports import MODEL_LABELS, PAPER_FIGURES, Row
from paper_nas.scorecard.commands import ESTIMATOR, evaluate, evaluate_more, predict_more
from paper_nas.scorecard.evidence import (
    LARGE,
    PAIR,
    REPORT,
    Entry,
    Evidence,
    choose,
    needs_data,
)
from paper_nas.scorecard.verdicts import (
    MISSING,
    NOT_FINISHED,
    PARTLY_WITHIN,
    TOLERANCES,
    UNFINISHED,
    Finding,
    Part,
    gain_part,
    judged,
    measured,
    missing,
    used,
)

CHAPTER1, CHAPTER2 = "04_reconstruction_and_validity", "05_predicting_accuracy"
PAIRS = (PAIR, ("gcn", "gcn-emb"))
"""Each model without embeddings, and with them."""

BASELINES = ("dvae", "gcn", "svae", "graphrnn")
LONGER = "fast"
"""The preset for a training that had not finished: the hidden size of the paper."""

FIGURES = {"rmse": "RMSE", "pearson": "Pearson's r"}


def key_of(table: str, model: str, figure: str) -> str:
    """Id of a number of a table."""
    return f"{table}.{model.replace('-', '_')}.{figure}"


def seeds_in_words(seeds: Sequence[int]) -> str:
    """Seeds of trainings, for a note."""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


# ---- Table 1 ------------------------------------------------------------------------------------


def _last_loss(evidence: Evidence, row: Row) -> float | None:
    """Reconstruction loss in the last epoch, mean over the trainings, in nats."""
    trainings = [name for name in row.results if name.startswith("training/")]
    last = [evidence.history(name)[-1]["reconstruction"] for name in trainings]
    return statistics.fmean(last) if last else None


def finished(evidence: Evidence, row: Row) -> bool:
    """Whether the trainings of a row, as far as they are stored, had learned what they could."""
    loss = _last_loss(evidence, row)
    return loss is None or loss <= UNFINISHED


def rows_of(evidence: Evidence, models: Sequence[str]) -> list[Row]:
    """The rows of some models under one preset: of one whose trainings had finished, if any."""
    done = {
        preset: {model: row for model, row in rows.items() if finished(evidence, row)}
        for preset, rows in evidence.table1.items()
    }
    return choose(done, models) or choose(evidence.table1, models)


def _longer(evidence: Evidence, rows: Sequence[Row], models: Sequence[str]) -> str:
    """The next training for some rows: at the longer preset if one of them is not finished."""
    unfinished = [row.model for row in rows if not finished(evidence, row)]
    if unfinished:
        return evaluate_more(evidence, unfinished, LONGER)
    return evaluate_more(evidence, models)


def _with_iterations(evidence: Evidence, row: Row, figure: str) -> str:
    """The figure of trainings with as many iterations as the paper's, if it has several."""
    number = evidence.paper.numbers.get(f"model.iterations.{row.model.replace('-', '_')}")
    if number is None or number.value <= 1:
        return ""
    times, preset = int(number.value), row.settings["preset"]
    chain = f"{row.model}_{preset}_iterations-{times}"
    last = row.settings["epochs"]
    found = {r.configuration: r for r in evidence.rows1 if r.configuration.startswith(chain)}
    if chain not in found:
        return f"T = {row.iteration}; with T = {times}, as in the paper, not stored yet"
    before = [found.get(f"{chain}_t-{t}_e-{last}") for t in range(1, times)]
    loss, count = _last_loss(evidence, found[chain]), len(found[chain].seeds)
    facts = [f"{count} training{'s' if count > 1 else ''}"]
    facts[0] += "" if loss is None else f", ends at {loss:.1f} nats"
    if all(before):
        shown = ", ".join(f"{r.figures[figure].mean:.1f}" for r in before if r)
        facts.append(f"after the iterations before it: {shown}")
    mean = found[chain].figures[figure].mean
    return f"with T = {times}, as in the paper: {mean:.1f} ({'; '.join(facts)})"


def _table1(model: str, figure: str) -> Entry:
    def judge(evidence: Evidence, key: str) -> Finding:
        rows = rows_of(evidence, [model])
        if not rows:
            return missing(evaluate(model))
        [row] = rows
        notes = [f"preset {row.settings['preset']}, {seeds_in_words(row.seeds)}"]
        if not (done := finished(evidence, row)):
            loss = _last_loss(evidence, row)
            notes.append(f"the training ends at {loss:.1f} nats: it is not finished")
        if figure == "uniqueness":
            notes.append("measures how unsure the decoder is, see the chapter")
        notes.append(_with_iterations(evidence, row, figure))
        found = measured(
            evidence.paper[key], row.figures[figure].values,
            "uniqueness" if figure == "uniqueness" else "share",
            results=row.results, seeds=len(row.seeds), note="; ".join(filter(None, notes)),
        )  # fmt: skip
        if done:
            return found
        # It says what the schedule gives, not the model, near the paper's value or not.
        return replace(found, verdict=MISSING, command=_longer(evidence, rows, [model]))

    return Entry("number", f"{MODEL_LABELS[model]}, {figure}", CHAPTER1, judge)


TABLE1: dict[str, Entry] = {
    key_of("table1", model, figure): _table1(model, figure)
    for model in MODEL_LABELS
    for figure in PAPER_FIGURES
}


def table1_gain(evidence: Evidence, old: str, new: str, figure: str) -> Part:
    """Whether a model has a larger figure of Table 1 than another one, over trainings.

    Args:
        evidence: The results.
        old: Name of the model that should be behind.
        new: Name of the other.
        figure: A key of :data:`paper_nas.reports.TABLE1`.
    """
    words = f"{MODEL_LABELS[new]} over {MODEL_LABELS[old]}, {figure}"
    rows = rows_of(evidence, [old, new])
    values = [row.figures[figure].values for row in rows] or [[], []]
    return gain_part(
        words, values[0], values[1], results=[n for r in rows for n in r.results],
        finished=all(finished(evidence, row) for row in rows),
    )  # fmt: skip


def _next_of_pairs(evidence: Evidence, models: Sequence[str]) -> str:
    rows = [row for model in models for row in rows_of(evidence, [model])]
    return _longer(evidence, rows, models)


def _gain_in_paper(paper: PaperNumbers, table: str, old: str, new: str, figure: str) -> float:
    gain = paper[key_of(table, new, figure)].value - paper[key_of(table, old, figure)].value
    return -gain if figure == "rmse" else gain


def _table1_better(evidence: Evidence, key: str) -> Finding:
    asked = [
        (old, new, figure)
        for old, new in PAIRS
        for figure in ("accuracy", "validity")
        if _gain_in_paper(evidence.paper, "table1", old, new, figure) > 0
    ]
    return judged(
        *(table1_gain(evidence, *each) for each in asked),
        note="; ".join(_equal_in_paper(evidence.paper)),
        command=_next_of_pairs(
            evidence, list(dict.fromkeys(m for o, n, _ in asked for m in (o, n)))
        ),
    )


def _equal_in_paper(paper: PaperNumbers) -> Iterator[str]:
    """Figures of a pair of models that are equal in the paper's own table."""
    for old, new in PAIRS:
        for figure in ("accuracy", "validity"):
            if _gain_in_paper(paper, "table1", old, new, figure) == 0:
                value = paper[key_of("table1", new, figure)].value
                yield (f"The {figure} of {MODEL_LABELS[old]} and {MODEL_LABELS[new]} is "
                       f"{value:g} % in the paper's own table")  # fmt: skip


def _table1_reason(evidence: Evidence, key: str) -> Finding:
    smaller = [table1_gain(evidence, old, new, "accuracy") for old, new in PAIRS]
    operations = [table1_gain(evidence, old, new, "operations") for old, new in PAIRS]
    return judged(
        *smaller, *operations,
        note=f"Operations: share of decodes with every operation right. Codes times {LARGE:g}",
        command=_next_of_pairs(evidence, [model for pair in PAIRS for model in pair]),
    )  # fmt: skip


def _prior(evidence: Evidence, key: str) -> Finding:
    """Is the published validity that of vectors from the prior, or of matched ones?"""
    parts = []
    for model in MODEL_LABELS:
        if rows := rows_of(evidence, [model]):
            [row] = rows
            prior, matched = (row.figures[n].mean for n in ("validity, N(0, 1)", "validity"))
            published = evidence.paper[key_of("table1", model, "validity")].value
            text = f"{row.label}: {prior:.1f} % from N(0, 1), {matched:.1f} % matched"
            near = abs(prior - published) <= PARTLY_WITHIN * TOLERANCES["share"].reach
            done = finished(evidence, row)
            text += "" if done else f", {NOT_FINISHED}"
            parts.append(Part(text, near if done else None, tuple(row.results), len(row.seeds)))
    return judged(
        *parts,
        note="Statements: the validity of vectors from N(0, 1) is near the paper's. The released "
        "code gives the vectors the mean and the width of the training part's",
        command=_next_of_pairs(evidence, tuple(MODEL_LABELS)),
    )


TABLE1_CLAIMS: dict[str, Entry] = {
    "table1.prior": Entry("claim", "", CHAPTER1, _prior),
    "table1.better": Entry("claim", "", CHAPTER1, _table1_better),
    "table1.reason": Entry("claim", "", CHAPTER1, _table1_reason),
}


# ---- Table 2 ------------------------------------------------------------------------------------


def _table2(model: str, figure: str) -> Entry:
    def judge(evidence: Evidence, key: str) -> Finding:
        best = choose(evidence.table2.get("collapsed", {}), [model])
        beside = ""
        if best and best[0].figures[figure].mean is not None:
            beside = f"the estimator of chapter 5: {best[0].figures[figure].mean:.3f}"
        rows = choose(evidence.table2.get(ESTIMATOR, {}), [model])
        if not rows:
            return missing(predict_more(evidence, [model]), beside)
        [row] = rows
        notes = [f"preset {row.preset}, {seeds_in_words(row.seeds)}", beside]
        wanted = evidence.paper.numbers.get(f"model.iterations.{model.replace('-', '_')}")
        ours = PRESETS[str(row.preset)].iterations
        if wanted is not None and wanted.value != ours:
            notes.append(f"T = {ours}, where the paper has {wanted.value:g}")
        return measured(
            evidence.paper[key], row.figures[figure].values, figure, results=row.results,
            seeds=len(row.seeds), note="; ".join(filter(None, notes)),
        )  # fmt: skip

    return Entry("number", f"{MODEL_LABELS[model]}, {FIGURES[figure]}", CHAPTER2, judge)


TABLE2: dict[str, Entry] = {
    key_of("table2", model, figure): _table2(model, figure)
    for model in MODEL_LABELS
    for figure in FIGURES
}


def _inducing(evidence: Evidence, key: str) -> Finding:
    return _setting(evidence, key, lambda c: float(c["gp"]["inducing_points"]))


def _repeats(evidence: Evidence, key: str) -> Finding:
    return _setting(evidence, key, lambda c: float(len(c["gp_seeds"])))


def _setting(evidence: Evidence, key: str, value: Callable[[dict[str, Any]], float]) -> Finding:
    rows = [row for by_preset in evidence.table2.get(ESTIMATOR, {}).values()
            for row in by_preset.values()]  # fmt: skip
    manifests = {name: m for row in rows for name, m in row.results.items()}
    if not manifests:
        return missing(predict_more(evidence, PAIR[::-1]))
    values = [value(manifest.configuration) for manifest in manifests.values()]
    return used(evidence.paper[key], values, results=manifests)


TABLE2_SETTINGS: dict[str, Entry] = {
    "table2.inducing_points": Entry("setting", "inducing points", CHAPTER2, _inducing),
    "table2.repeats": Entry("setting", "repeats of the regression", CHAPTER2, _repeats),
}


def table2_gains(
    evidence: Evidence, old: str, new: str, estimator: str = ESTIMATOR
) -> dict[str, Part]:
    """Whether a model predicts better than another one, by figure, over trainings.

    Args:
        evidence: The results.
        old: Name of the model that should be behind.
        new: Name of the other.
        estimator: ``"released"`` or ``"collapsed"``.
    """
    rows = choose(evidence.table2.get(estimator, {}), [old, new])
    results = [name for row in rows for name in row.results]
    parts = {}
    for figure, name in FIGURES.items():
        values = [row.figures[figure].values for row in rows] or [[], []]
        parts[figure] = gain_part(
            f"{MODEL_LABELS[new]} over {MODEL_LABELS[old]}, {name}", values[0], values[1],
            less_is_better=figure == "rmse", results=results, digits=3,
        )  # fmt: skip
    return parts


def _behind(paper: PaperNumbers, pairs: Sequence[tuple[str, str]]) -> str:
    """Where the paper's own table contradicts a claim."""
    return "; ".join(
        f"{MODEL_LABELS[new]} is behind {MODEL_LABELS[old]} in the paper's own table"
        for old, new in pairs
        if _gain_in_paper(paper, "table2", old, new, "rmse") < 0
    )


def _over(pairs: Sequence[tuple[str, str]], note: str = "", whole: bool = True) -> Entry:
    """The second model of each pair predicts better, where the paper's own table says so."""

    def judge(evidence: Evidence, key: str) -> Finding:
        behind = _behind(evidence.paper, pairs)
        parts = [
            part
            for old, new in pairs
            for figure, part in table2_gains(evidence, old, new).items()
            if _gain_in_paper(evidence.paper, "table2", old, new, figure) > 0
        ]
        notes = "; ".join(filter(None, (behind, note)))
        command = predict_more(evidence, list(dict.fromkeys(m for pair in pairs for m in pair)))
        return judged(*parts, whole=whole and not behind, note=notes, command=command)

    return Entry("claim", "", CHAPTER2, judge)


def _unit(evidence: Evidence, key: str) -> Finding:
    """An error in per cent of accuracy above the spread of the accuracies predicts nothing."""

    def judge(data: ArchitectureDataset) -> Finding:
        points = 100 * float(data.accuracy[data.train_index].std())
        worst = max(evidence.paper[key_of("table2", m, "rmse")].value for m in MODEL_LABELS)
        return judged(
            Part(
                f"in points of accuracy the largest RMSE, {worst:.3f}, lies below that of always "
                f"predicting the mean, {points:.3f}", worst < points,
            ),
            note="They are in units of the standard deviation of the training accuracies, as the "
            "released code shows; correlations have no unit",
            live="paper_nas.datasets.load_dataset", command=REPORT,
        )  # fmt: skip

    return needs_data(evidence, judge)


TABLE2_CLAIMS: dict[str, Entry] = {
    "table2.unit": Entry("claim", "", CHAPTER2, _unit),
    "table2.better": _over([(old, new) for _, new in PAIRS for old in BASELINES]),
    "table2.asynchronous": _over(
        [("gcn-emb", "dvae-emb")],
        "the GCN models change the decoder as well, so this is no evidence on message passing "
        "alone (chapter 4)", whole=False,
    ),
    "table2.gcn": _over([("gcn", "gcn-emb")]),
    "table2.strings": _over([(old, new) for old in ("svae", "graphrnn") for _, new in PAIRS]),
}  # fmt: skip
