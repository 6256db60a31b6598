"""Sections 4.4 and 4.5, Figures 7 to 10: graph properties, and the latent space seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from paper_nas.datasets import ArchitectureDataset
from paper_nas.projection import pattern_families
from paper_nas.reports import MODEL_LABELS, Row
from paper_nas.scorecard.commands import (
    evaluate_more,
    next_training,
    project_more,
    projected,
    projections,
    with_weights,
)
from paper_nas.scorecard.design import ONE_HOT, smoothness
from paper_nas.scorecard.embeddings import RELATIVES, closer, embedded_distances
from paper_nas.scorecard.evidence import (
    PAIR,
    PRESET,
    REPORT,
    Entry,
    Evidence,
    choose,
    needs_data,
)
from paper_nas.scorecard.searches import SMOOTH_HELPS
from paper_nas.scorecard.verdicts import (
    Finding,
    Part,
    gain_part,
    judged,
    measured,
    missing,
    used,
)
from paper_nas.statistics import (
    PROPERTY_NAMES,
    correlate,
    correlation_intervals,
    equal_groups,
    released_groups,
)

PROPERTIES, LATENT = "07_graph_properties", "08_latent_space"
PAPERS = {"mean_path_length": 1, "transitivity": -1}
"""The two properties of the paper, and which way they go with accuracy."""

REPEATS = 200
ONTO = 0.99
"""Share of architectures with a decode of their own: a space is one to one (chapter 8)."""


# ---- section 4.4 --------------------------------------------------------------------------------


def _correlation(name: str) -> Entry:
    def judge(evidence: Evidence, key: str) -> Finding:
        def of(data: ArchitectureDataset) -> Finding:
            r = correlate(evidence.properties[name], data.accuracy).pearson
            return measured(
                evidence.paper[key], [r], "correlation", live="paper_nas.statistics.correlate",
                command=REPORT,
                note="START and END included; the released code takes the training part only",
            )  # fmt: skip

        return needs_data(evidence, of)

    return Entry("number", f"{PROPERTY_NAMES[name]} and accuracy, Pearson's r", PROPERTIES, judge)


def _count(value: Callable[[ArchitectureDataset], float], label: str, note: str = "") -> Entry:
    def judge(evidence: Evidence, key: str) -> Finding:
        return needs_data(
            evidence,
            lambda data: used(
                evidence.paper[key], [value(data)], note=note,
                live="paper_nas.statistics.released_groups", command=REPORT,
            ),
        )  # fmt: skip

    return Entry("setting", label, PROPERTIES, judge)


def _groups(data: ArchitectureDataset) -> float:
    return float(released_groups(data.accuracy[data.train_index]).max() + 1)


def _steps(values: np.ndarray, groups: np.ndarray, sign: int) -> list[int]:
    """Steps from group to group that go the wrong way, from 1."""
    means = [values[groups == g].mean() for g in range(groups.max() + 1)]
    return [int(step) + 1 for step in np.flatnonzero(sign * np.diff(means) <= 0)]


def _monotone(evidence: Evidence, key: str) -> Finding:
    def of(data: ArchitectureDataset) -> Finding:
        train = data.train_index
        groups = released_groups(data.accuracy[train])
        parts, notes = [], []
        for name, sign in PAPERS.items():
            wrong = _steps(evidence.properties[name][train], groups, sign)
            text = "throughout" if not wrong else f"not at step {', '.join(map(str, wrong))} of 5"
            parts.append(Part(f"{PROPERTY_NAMES[name]}: {text}", not wrong))
            if not _steps(evidence.properties[name], equal_groups(data.accuracy), sign):
                notes.append(PROPERTY_NAMES[name])
        last = int((groups == groups.max()).sum())
        note = f"The best group has {last} architectures. With six groups of equal size, "
        note += f"throughout: {', '.join(notes) or 'none'}"
        return judged(*parts, note=note, live="paper_nas.statistics.released_groups",
                      command=REPORT)  # fmt: skip

    return needs_data(evidence, of)


def _reveal(evidence: Evidence, key: str) -> Finding:
    return needs_data(
        evidence,
        lambda data: judged(
            *_intervals(evidence, data),
            live="paper_nas.statistics.correlation_intervals",
            command=REPORT,
        ),
    )


def _intervals(evidence: Evidence, data: ArchitectureDataset) -> list[Part]:
    """Each of the two correlations has an interval without zero, whole skip patterns drawn."""
    families = pattern_families(data)
    parts = []
    for name in PAPERS:
        found = correlation_intervals(
            evidence.properties[name], data.accuracy, families, repeats=REPEATS
        ).pearson
        words = (
            f"{PROPERTY_NAMES[name]}: r = {found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
        )
        parts.append(Part(words, found.low * found.high > 0))
    return parts


def _indicators(evidence: Evidence, key: str) -> Finding:
    """Strong: related, and more closely so than plainer properties of the same graphs."""

    def of(data: ArchitectureDataset) -> Finding:
        plain = abs(correlate(evidence.properties["density"], data.accuracy).pearson)
        own = {n: abs(correlate(evidence.properties[n], data.accuracy).pearson) for n in PAPERS}
        parts = [
            Part(f"{PROPERTY_NAMES[n]}, |r| = {r:.2f}, says more than the density, {plain:.2f}",
                 r > plain) for n, r in own.items()
        ]  # fmt: skip
        return judged(*_intervals(evidence, data), *parts, live="paper_nas.statistics.correlate",
                      command=REPORT)  # fmt: skip

    return needs_data(evidence, of)


NUMBERS: dict[str, Entry] = {
    "properties.architectures": _count(
        lambda data: float(len(data)), "architectures whose properties are taken",
        "in the released code of the training part only, 17,118",
    ),
    "properties.groups": _count(_groups, "groups by accuracy", "bins of fixed width"),
    "figure7.pearson": _correlation("mean_path_length"),
    "figure8.pearson": _correlation("transitivity"),
}  # fmt: skip

PROPERTY_CLAIMS: dict[str, Entry] = {
    "properties.reveal": Entry("claim", "", PROPERTIES, _reveal),
    "properties.monotone": Entry("claim", "", PROPERTIES, _monotone),
}

INDICATORS = Entry("claim", "", PROPERTIES, _indicators)
"""Of the introduction."""


# ---- section 4.5: what is mapped where ----------------------------------------------------------


def _snapshots(evidence: Evidence, epoch: int) -> list[Row]:
    """Rows of Table 1 of both models after an epoch that is not the last."""
    wanted = {f"{model}_{PRESET}_t-1_e-{epoch}" for model in PAIR}
    return [row for row in evidence.rows1 if row.configuration in wanted]


def _collisions(evidence: Evidence, row: Row) -> list[dict[str, float]]:
    names = [name for name in row.results if name.startswith("evaluation/")]
    return [evidence.json(name, "evaluation.json")["collisions"] for name in names]


def _collapse(evidence: Evidence, key: str) -> Finding:
    """Shared latent vectors, of which the paper speaks; what is decoded from them is beside."""
    parts, kept = [], []
    for row in _snapshots(evidence, 1):
        found = _collisions(evidence, row)
        same = max(c["identical"] for c in found)
        text = f"{row.label}: {100 * same:.2f} % share a latent vector"
        parts.append(Part(text, same > 0, tuple(row.results), len(row.seeds)))
        own = 100 * max(c["distinct_decodes"] for c in found)
        kept.append(f"{own:.0f} % of {row.label}")
    note = f"Of the architectures a decode of their own have {', '.join(kept)}" if kept else ""
    return judged(*parts, note=note, command=_evaluate_snapshot(evidence, 1))


def _evaluate_snapshot(evidence: Evidence, epoch: int) -> str:
    rows = {row.model: row.seeds for row in _snapshots(evidence, epoch)}
    model, seed = next_training({m: rows.get(m, []) for m in PAIR})
    then = f"python -m paper_nas evaluate {model} --preset {PRESET} --seed {seed} --epoch {epoch}"
    return with_weights(evidence, model, seed, then)


def _infeasible(evidence: Evidence, key: str) -> Finding:
    parts = [
        Part(f"{row.label}: {row.figures['accuracy'].mean:.2f} % of decodes give back what was "
             "encoded, less than half", row.figures["accuracy"].mean < 50, tuple(row.results),
             len(row.seeds))
        for row in _snapshots(evidence, 1)
    ]  # fmt: skip
    return judged(
        *parts, whole=False, note="No search was run from that epoch",
        command=_evaluate_snapshot(evidence, 1),
    )  # fmt: skip


def _onto(evidence: Evidence, key: str) -> Finding:
    parts = []
    for model in PAIR:
        for row in choose(evidence.table1, [model]):
            found = _collisions(evidence, row)
            apart = all(c["identical"] == 0 for c in found)
            kept = min(c["distinct_decodes"] for c in found)
            parts.append(Part(
                f"{row.label}: no shared latent vectors, {100 * kept:.2f} % with a decode of their "
                "own", apart and kept > ONTO, tuple(row.results), len(row.seeds),
            ))  # fmt: skip
    return judged(*parts, command=evaluate_more(evidence, PAIR))


def _span(evidence: Evidence, key: str) -> Finding:
    """More directions are used at the end than after the first epoch."""
    parts = []
    for model in PAIR:
        first, last = projected(model, epoch=1), projected(model)
        if {first, last} <= evidence.names:
            early, late = (sum(evidence.json(n, "smoothness.json")["explained"])
                           for n in (first, last))  # fmt: skip
            parts.append(Part(
                f"{MODEL_LABELS[model]}: two directions hold {100 * early:.0f} % of the variance "
                f"after the first epoch, {100 * late:.0f} % at the end", late < early,
                (first, last), 1,
            ))  # fmt: skip
    return judged(*parts, command="python -m paper_nas project all")


# ---- section 4.5: smoothness --------------------------------------------------------------------


def _of_seeds(evidence: Evidence, model: str, space: str, measure: str) -> dict[str, float]:
    """A measure of the last epoch's projection of each training, by name."""
    names = projections(evidence, model)
    return {name: smoothness(evidence, name, space)[measure] for name in names}


def _over_seeds(evidence: Evidence, space: str, measure: str, words: str) -> Part:
    old, new = (_of_seeds(evidence, model, space, measure) for model in PAIR)
    return gain_part(f"DVAE-EMB over D-VAE, {words}", list(old.values()), list(new.values()),
                     results=[*old, *new])  # fmt: skip


def _against_codes(evidence: Evidence, model: str, measure: str, words: str) -> Part:
    """In t-SNE, compared with one-hot codes, which need no model (chapter 8)."""
    found = _of_seeds(evidence, model, "tsne", measure)
    if not found or ONE_HOT not in evidence.names:
        return Part(f"{words}: not stored yet", None, stored=False)
    mean, codes = np.mean(list(found.values())), smoothness(evidence, ONE_HOT, "tsne")[measure]
    return Part(f"{MODEL_LABELS[model]}, {words}: {mean:.2f}, one-hot codes {codes:.2f}",
                bool(mean > codes), (*found, ONE_HOT), len(found))  # fmt: skip


def _clusters(evidence: Evidence, key: str) -> Finding:
    return judged(
        _against_codes(evidence, "dvae-emb", "best", "share of the best among the best's "
                       "neighbours in t-SNE"),
        _over_seeds(evidence, "latent", "best", "the same in the latent space"),
        command=project_more(evidence, PAIR),
    )  # fmt: skip


def _rough(evidence: Evidence, key: str) -> Finding:
    found = _against_codes(evidence, "dvae", "moran", "Moran's I in t-SNE")
    rough = None if found.holds is None else not found.holds
    return judged(
        found._replace(words=f"not smoother than one-hot codes. {found.words}", holds=rough),
        command=project_more(evidence, PAIR[:1]),
    )


def _smoother(evidence: Evidence, key: str) -> Finding:
    return judged(
        _over_seeds(evidence, "latent", "moran", "Moran's I"),
        _over_seeds(evidence, "latent", "best", "the best together"),
        command=project_more(evidence, PAIR),
    )


def _only_structure(evidence: Evidence, key: str) -> Finding:
    """What makes a space smooth: skips, operations, or both? Without any model."""
    if ONE_HOT not in evidence.names:
        return missing("python -m paper_nas project one-hot")
    skips, both = (smoothness(evidence, ONE_HOT, s)["moran"] for s in ("skips", "latent"))
    chance = smoothness(evidence, ONE_HOT, "skips")["permuted_moran"]
    return judged(
        Part(f"the skips alone are smooth: Moran's I {skips:.2f}, by chance at most {chance:.2f}",
             skips > chance, (ONE_HOT,)),
        Part(f"operations make them smoother: {both:.2f} with both", both > skips, (ONE_HOT,)),
        note="No accuracy enters any training of ours either",
    )  # fmt: skip


def _benefit(evidence: Evidence, key: str) -> Finding:
    return judged(
        closer("relatives in the tables of DVAE-EMB", embedded_distances(evidence), RELATIVES),
        _over_seeds(evidence, "latent", "moran", "Moran's I"),
        command=project_more(evidence, PAIR),
    )


def _dimensions(evidence: Evidence, key: str) -> Finding:
    names = [n for n in map(projected, PAIR) if n in evidence.names]
    if not names:
        return missing("python -m paper_nas project all")
    widths = [float(evidence.store.load_arrays(n, "projection.npz")["tsne"].shape[1])
              for n in names]  # fmt: skip
    return used(evidence.paper[key], widths, results=names,
                note="t-SNE started from the principal components, in place of noise")  # fmt: skip


LATENT_NUMBERS: dict[str, Entry] = {
    "latent.dimensions": Entry("setting", "dimensions of the picture", LATENT, _dimensions),
}
CLAIMS: dict[str, Entry] = {
    "latent.collapse": Entry("claim", "", LATENT, _collapse),
    "latent.infeasible": Entry("claim", "", LATENT, _infeasible),
    "latent.span": Entry("claim", "", LATENT, _span),
    "latent.onto": Entry("claim", "", "04_reconstruction_and_validity", _onto),
    "latent.clusters": Entry("claim", "", LATENT, _clusters),
    "latent.search": SMOOTH_HELPS,
    "latent.unsupervised": Entry("claim", "", LATENT, _only_structure),
    "latent.rough": Entry("claim", "", LATENT, _rough),
    "latent.benefit": Entry("claim", "", LATENT, _benefit),
}

SMOOTHER = Entry("claim", "", LATENT, _smoother)
"""Of the abstract and the conclusion."""
