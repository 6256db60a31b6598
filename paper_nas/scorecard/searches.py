"""Section 4.3, Figures 5 and 6: Bayesian optimisation, and what the found architectures share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from paper_nas.oracles import read_winners
from paper_nas.reports import MODEL_LABELS
from paper_nas.scorecard.design import ONE_HOT, smoothness
from paper_nas.scorecard.embeddings import LEARNED, projected
from paper_nas.scorecard.evidence import REPORT, Entry, Evidence, command_of
from paper_nas.scorecard.verdicts import (
    FEWEST_TRIALS,
    WORST_P,
    Finding,
    Part,
    judged,
    missing,
    untestable,
    used,
)
from paper_nas.search import (
    MEASURES,
    Evaluation,
    StoredTrial,
    against_random_subsets,
    compare_trials,
    fold_winners,
    similarity_figures,
)
from paper_nas.space import Architecture

CHAPTER = "06_bayesian_optimisation"
PAIR = ("latent-bo_dvae", "latent-bo_dvae-emb")
"""The paper's two searches."""

COMPARED = {"hard": "CIFAR-10", "digits": "digits"}
"""Settings of chapter 6 in which there is something to find, and what a line calls them."""

BEST, DRAWS = 50, 199
"""Architectures of a trial that are compared, and random subsets they are held against."""

FULL_TRAINING = "python -m paper_nas search-top --setting paper --device cuda"
REASON = "Full training on CIFAR-10: needs the images and a GPU for days"


def _search(method: str, setting: str = "hard") -> str:
    strategy, _, model = method.partition("_")
    option = f" --model {model}" if model else ""
    return f"python -m paper_nas search {strategy}{option} --setting {setting} --trials 10"


# ---- comparing trials ---------------------------------------------------------------------------


def compared(
    words: str,
    first: Sequence[float],
    second: Sequence[float],
    results: Sequence[str],
    digits: int = 3,
) -> Part:
    """The statement that the second of two methods has the larger value, judged over trials.

    Args:
        words: What is compared.
        first: One value per trial; perhaps none yet.
        second: Likewise.
        results: Stored trials behind them.
        digits: Shown after the point.
    """
    if not first or not second:
        return Part(f"{words}: not stored yet", None, tuple(results), stored=False)
    found = compare_trials(first, second)
    text = f"{words}: {found.first:.{digits}f} and {found.second:.{digits}f}"
    if min(len(first), len(second)) < FEWEST_TRIALS:
        return Part(f"{text}, too few trials", None, tuple(results))
    holds = found.p <= WORST_P and found.second > found.first
    p = "p < 0.01" if found.p < 0.01 else f"p = {found.p:.2f}"
    return Part(f"{text}, {p}", holds, tuple(results))


def better_search(evidence: Evidence, setting: str, old: str, new: str) -> Part:
    """Whether a method ends with a better score than another one: exact where there are such.

    Args:
        evidence: The results.
        setting: Key of :data:`COMPARED`.
        old: The method that should be behind.
        new: The other.
    """
    figure = "best_exact" if setting == "hard" else "best"
    trials = [evidence.trials.get((setting, method), []) for method in (old, new)]
    scores = [[math.nan if t.summary[figure] is None else t.summary[figure] for t in found]
              for found in trials]  # fmt: skip
    finite = [[score for score in values if math.isfinite(score)] for values in scores]
    words = f"{COMPARED[setting]}, best score, {_label(old)} and {_label(new)}"
    names = [t.name for found in trials for t in found]
    return compared(words, finite[0], finite[1], names, digits=4)


def _label(method: str) -> str:
    strategy, _, model = method.partition("_")
    return f"{strategy} of {MODEL_LABELS[model]}" if model else strategy


def _better(evidence: Evidence, key: str) -> Finding:
    return judged(
        *(better_search(evidence, setting, *PAIR) for setting in COMPARED),
        note="Compared by the scores of the search; the paper's final accuracies need "
        "full trainings on CIFAR-10",
        command=_search(PAIR[1]),
    )


def _efficient(evidence: Evidence, key: str) -> Finding:
    rivals = ("random", "evolution", "local")
    return judged(
        *(better_search(evidence, "hard", rival, PAIR[1]) for rival in rivals),
        command=_search(PAIR[1]),
    )


def _discover(evidence: Evidence, key: str) -> Finding:
    return judged(
        *(better_search(evidence, "hard", "random", method) for method in PAIR),
        note="Both latent spaces predict accuracy well (chapter 5)", command=_search(PAIR[1]),
    )  # fmt: skip


def _suitable(evidence: Evidence, key: str) -> Finding:
    return judged(
        better_search(evidence, "hard", *PAIR), whole=False,
        note="Of the pair D-VAE and DVAE-EMB; the GCN models are not searched",
        command=_search(PAIR[1]),
    )  # fmt: skip


def _smoother_searches(evidence: Evidence, key: str) -> Finding:
    """Does the smoother of two latent spaces give the better search?"""
    names = [projected(model) for model in ("dvae", "dvae-emb")]
    if not evidence.names.issuperset(names):
        return missing("python -m paper_nas project all")
    rough, smooth = (smoothness(evidence, name, "latent")["moran"] for name in names)
    pair = PAIR if smooth > rough else PAIR[::-1]
    part = better_search(evidence, "hard", *pair)
    return judged(
        part._replace(results=(*part.results, *names)), whole=False,
        note=f"Moran's I {rough:.2f} for D-VAE and {smooth:.2f} for DVAE-EMB, of one training each",
        command=_search(PAIR[1]),
    )  # fmt: skip


def _in_architectures(evidence: Evidence, key: str) -> Finding:
    """Do methods that search among architectures do worse than the paper's?"""
    rivals = ("evolution", "local", "boosting-bo")
    return judged(
        *(better_search(evidence, "hard", rival, PAIR[1]) for rival in rivals),
        note="The space grows exponentially: 6 to the power of layers, times 2 to the power of "
        "skips", command=_search("boosting-bo"),
    )  # fmt: skip


# ---- what the best have in common ---------------------------------------------------------------


def _architectures(evaluations: Sequence[Evaluation]) -> list[Architecture]:
    return [e.architecture for e in evaluations if e.architecture is not None]


def _best(evidence: Evidence, trial: StoredTrial) -> list[Architecture]:
    """The best different architectures of a trial."""
    return _architectures(evidence.trial(trial.name).top(BEST))


def _measured(measure: str, first: str, second: str) -> Callable[[Evidence, str], Finding]:
    """A measure of the best architectures is larger for the second method than for the first."""

    def judge(evidence: Evidence, key: str) -> Finding:
        parts = []
        for setting, where in COMPARED.items():
            trials = [evidence.trials.get((setting, method), []) for method in (first, second)]
            values = [
                [
                    similarity_figures(top)[measure]
                    for t in found
                    if len(top := _best(evidence, t)) > 1
                ]
                for found in trials
            ]
            words = f"{where}, {measure}, {_label(first)} and {_label(second)}"
            names = [t.name for found in trials for t in found]
            parts.append(compared(words, values[0], values[1], names))
        return judged(*parts, command=_search(PAIR[1]), note=f"Of the best {BEST} of each trial")

    return judge


def _excess(evidence: Evidence, setting: str, method: str) -> tuple[list[float], list[str]]:
    """How much more the best of each trial agree in their skips than random others of it."""
    excess, names = [], []
    for stored in evidence.trials.get((setting, method), []):
        best = _best(evidence, stored)
        rest = dict.fromkeys(_architectures(evidence.trial(stored.name).scored))
        others = [a for a in rest if a not in set(best)]
        if len(best) == BEST < len(others):
            agree = MEASURES["agreement of skips"]
            found = against_random_subsets(best, others, agree, DRAWS)
            excess.append(found.first - found.second)
            names.append(stored.name)
    return excess, names


def patterns(evidence: Evidence, key: str) -> Finding:
    """Whether the best share more of their wiring than the best of random search do."""
    parts = []
    if any(evidence.trials.get(("hard", method)) for method in PAIR):
        chance, base = _excess(evidence, "hard", "random")
        for method in PAIR:
            excess, names = _excess(evidence, "hard", method)
            words = f"excess agreement of skips, random search and {_label(method)}"
            parts.append(compared(words, chance, excess, [*base, *names]))
    if not parts:
        return missing(_search(PAIR[1]))
    return judged(*parts, command=_search(PAIR[1]))


def _distribution(evidence: Evidence, key: str) -> Finding:
    """How many different things are listed as found by DVAE-EMB?"""
    networks = [n for n in fold_winners() if "DVAE-EMB" in n.models]
    listed = sum(w.model == "DVAE-EMB" for w in read_winners())
    wirings = Counter(n.architecture.skips for n in networks)
    common = max(wirings.values())
    return judged(
        Part(f"the {listed} listed winners are more than one network: {len(networks)}",
             len(networks) > 1),
        Part(f"they are more than one wiring with an exception: {common} of {len(networks)} "
             "networks share one", common < len(networks) - 1),
        note="Separable convolutions are plain ones in the final network of the released code; the "
        "score of the search sees nothing but the wiring",
        live="paper_nas.search.fold_winners", command=REPORT,
    )  # fmt: skip


def _points(evidence: Evidence, key: str) -> Finding:
    name = projected("dvae-emb")
    if not evidence.names.issuperset((name, ONE_HOT)):
        return missing("python -m paper_nas project all")
    found = smoothness(evidence, name, "latent")
    codes, skips = (smoothness(evidence, ONE_HOT, s)["best"] for s in ("latent", "skips"))
    return judged(
        Part(f"of the neighbours of the best 5 %, {100 * found['best']:.0f} % are among the best, "
             f"by chance at most {100 * found['permuted_best']:.0f} %",
             found["best"] > found["permuted_best"], (name, ONE_HOT), 1),
        note=f"Without any model: {100 * codes:.0f} % by one-hot codes, {100 * skips:.0f} % by "
        "skips alone", command=command_of(evidence, [name]),
    )  # fmt: skip


# ---- settings and full trainings ----------------------------------------------------------------


def _budget(value: Callable[[dict[str, Any]], float], label: str) -> Entry:
    def judge(evidence: Evidence, key: str) -> Finding:
        names = [t.name for (_, method), found in evidence.trials.items() if method in PAIR
                 for t in found]  # fmt: skip
        if not names:
            return missing(_search(PAIR[1], "paper"))
        values = [value(evidence.store.manifest(name).configuration) for name in names]
        return used(evidence.paper[key], values, results=names, command=command_of(evidence, names))

    return Entry("setting", label, CHAPTER, judge)


def _trials(evidence: Evidence, key: str) -> Finding:
    groups = {k: found for k, found in evidence.trials.items() if k[1] in PAIR}
    if not groups:
        return missing(_search(PAIR[1], "paper"))
    names = [t.name for found in groups.values() for t in found]
    return used(
        evidence.paper[key], [float(len(found)) for found in groups.values()], results=names,
        note="of each search and setting", command=command_of(evidence, names),
    )  # fmt: skip


def _top(evidence: Evidence, key: str) -> Finding:
    name = "search/top/digits"
    if name not in evidence.names:
        return missing("python -m paper_nas search-top --setting digits")
    counts = Counter(row["method"] for row in evidence.json(name, "top.json"))
    return used(
        evidence.paper[key], [float(c) for c in counts.values()], results=[name],
        note="on digits, where they can be trained", command=command_of(evidence, [name]),
    )  # fmt: skip


def _as_described(text: str, holds: bool, note: str = "") -> Entry:
    """A step of the paper's search that ours has, or has in part."""

    def judge(evidence: Evidence, key: str) -> Finding:
        names = [t.name for (_, method), found in evidence.trials.items() if method in PAIR
                 for t in found]  # fmt: skip
        if not names:
            return missing(_search(PAIR[1], "paper"), note)
        return judged(
            Part(text, True, tuple(names)), whole=holds, note=note,
            command=command_of(evidence, names),
        )  # fmt: skip

    return Entry("setting", "", CHAPTER, judge)


def _full_training(evidence: Evidence, key: str) -> Finding:
    """An accuracy after full training: what the repositories list, for comparison."""
    value = evidence.paper[key].value
    listed = {round(100 * w.full_training_accuracy, 2) for w in read_winners()
              if w.full_training_accuracy is not None}  # fmt: skip
    notes = [REASON]
    if key.startswith("figure5"):
        there = "names" if value in listed else "does not name"
        notes.append(f"the list in the released code {there} this accuracy")
    if key == "search.best_in_text.dvae_emb":
        first = evidence.paper["figure5.first"].value
        notes.append(f"Figure 5 gives {first:.2f} as the best, this is its second")
    return untestable("; ".join(notes), FULL_TRAINING)


def _out_of_reach(evidence: Evidence, key: str) -> Finding:
    return untestable(REASON, FULL_TRAINING)


PLACES = ("first", "second", "third", "fourth", "fifth")
NUMBERS: dict[str, Entry] = {
    "search.rounds": _budget(lambda c: float(c["rounds"]), "rounds"),
    "search.trials": Entry("setting", "trials", CHAPTER, _trials),
    "search.batch": _budget(lambda c: float(c["batch"]), "latent vectors per round"),
    "search.top": Entry("setting", "architectures trained in the end", CHAPTER, _top),
    "search.best_in_text.dvae_emb": Entry("number", "best of DVAE-EMB, text", CHAPTER,
                                          _full_training),
    "search.best_in_text.dvae": Entry("number", "best of D-VAE, text", CHAPTER, _full_training),
    "search.floor.dvae_emb": Entry("number", "the five of DVAE-EMB are above", CHAPTER,
                                   _out_of_reach),
    **{f"figure{figure}.{place}": Entry("number", f"{model}, {place}", CHAPTER, _full_training)
       for figure, model in ((5, "DVAE-EMB"), (6, "D-VAE")) for place in PLACES},
}  # fmt: skip

CLAIMS: dict[str, Entry] = {
    "search.acquisition": _as_described(
        "batches are chosen by the logarithm of expected improvement, which has the same maximum",
        True,
    ),
    "search.scores": _as_described(
        "recorded weight-sharing accuracies are looked up by skip pattern", False,
        "Where a pattern is not on record, a fitted model answers, and the score says so",
    ),
    "search.retrained": _as_described(
        "scored architectures are added and the process is refitted", True,
        "Each fit begins where the last ended; --refit fresh does as the paper",
    ),
    "search.training": Entry("setting", "", CHAPTER, _out_of_reach),
    "search.better": Entry("claim", "", CHAPTER, _better),
    "search.efficient": Entry("claim", "", CHAPTER, _efficient),
    "search.distribution": Entry("claim", "", CHAPTER, _distribution),
    "search.smoother": Entry("claim", "", CHAPTER, _measured("neighbouring layers alike", *PAIR)),
    "search.diversity": Entry("claim", "", CHAPTER,
                              _measured("entropy of operations (bits)", *PAIR[::-1])),
    "search.operations": Entry("claim", "", CHAPTER,
                               _measured("share of 5×5 convolutions", *PAIR)),
    "search.learned": LEARNED,
    "search.points": Entry("claim", "", "08_latent_space", _points),
    "search.patterns": Entry("claim", "", CHAPTER, patterns),
}  # fmt: skip

DISCOVER = Entry("claim", "", CHAPTER, _discover)
SUITABLE = Entry("claim", "", CHAPTER, _suitable)
"""Of section 4.2."""

SMOOTH_HELPS = Entry("claim", "", CHAPTER, _smoother_searches)
"""Of section 4.5."""

IN_ARCHITECTURES = Entry("claim", "", CHAPTER, _in_architectures)
"""Of section 2."""
