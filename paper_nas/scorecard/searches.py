"""Section 4.3, Figures 5 and 6: Bayesian optimisation, and what the found architectures share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import stats

from paper_nas.models import build_model
from paper_nas.oracles import read_winners
from paper_nas.scorecard.commands import project_more, projected, search
from paper_nas.scorecard.design import ONE_HOT, smoothness
from paper_nas.scorecard.embeddings import LEARNED
from paper_nas.scorecard.evidence import PAIR, PAPER_DATASET, REPORT, Entry, Evidence
from paper_nas.scorecard.trials import (
    COMPARED,
    ON_MUTATIONS,
    SEARCHES,
    better_search,
    compared_by,
    next_search,
)
from paper_nas.scorecard.verdicts import Finding, Part, judged, missing, untestable, used
from paper_nas.search import (
    MEASURES,
    Evaluation,
    LatentBO,
    Proposal,
    StartSet,
    StoredTrial,
    against_random_subsets,
    fold_winners,
    log_expected_improvement,
    similarity_figures,
)
from paper_nas.space import Architecture, EnasSpace

CHAPTER = "06_bayesian_optimisation"

BEST, DRAWS = 50, 199
"""Architectures of a trial that are compared, and random subsets they are held against."""

QUANTILES = 100_000
"""Of a normal distribution, for an expectation that is not computed by a formula."""

FULL_TRAINING = "python -m paper_nas search-top --setting paper --device cuda"
REASON = "Full training on CIFAR-10: needs the images and a GPU for days"


# ---- scores of searches -------------------------------------------------------------------------


def _better(evidence: Evidence, key: str) -> Finding:
    """The paper's pair of searches; the same pair with other candidates is named beside."""
    beside = [better_search(evidence, setting, *ON_MUTATIONS) for setting in COMPARED]
    notes = ["Compared by the scores of the search; the paper's final accuracies need full "
             "trainings on CIFAR-10", *(part.words for part in beside if part.stored)]  # fmt: skip
    return judged(
        *(better_search(evidence, setting, *SEARCHES) for setting in COMPARED),
        note="; ".join(notes), command=next_search(evidence),
    )  # fmt: skip


def _over(rivals: Sequence[str], methods: Sequence[str] = SEARCHES[1:], note: str = "") -> Entry:
    """The paper's searches end better than rivals, in every setting that is compared."""

    def judge(evidence: Evidence, key: str) -> Finding:
        parts = [
            better_search(evidence, setting, rival, method)
            for setting in COMPARED
            for method in methods
            for rival in rivals
        ]
        return judged(*parts, note=note, command=next_search(evidence, (*rivals, *methods)))

    return Entry("claim", "", CHAPTER, judge)


def _suitable(evidence: Evidence, key: str) -> Finding:
    return judged(
        *(better_search(evidence, setting, *SEARCHES) for setting in COMPARED), whole=False,
        note="Of the pair D-VAE and DVAE-EMB; the GCN models are not searched",
        command=next_search(evidence),
    )  # fmt: skip


def _smoother_searches(evidence: Evidence, key: str) -> Finding:
    """Does the smoother of two latent spaces give the better search?"""
    names = [projected(model) for model in PAIR]
    if not evidence.names.issuperset(names):
        return missing(project_more(evidence, PAIR))
    rough, smooth = (smoothness(evidence, name, "latent")["moran"] for name in names)
    pair = SEARCHES if smooth > rough else SEARCHES[::-1]
    part = better_search(evidence, "hard", *pair)
    return judged(
        part._replace(results=(*part.results, *names)), whole=False,
        note=f"Moran's I {rough:.2f} for D-VAE and {smooth:.2f} for DVAE-EMB, of one training each",
        command=next_search(evidence, settings=("hard",)),
    )  # fmt: skip


# ---- what the best have in common ---------------------------------------------------------------


def _architectures(evaluations: Sequence[Evaluation]) -> list[Architecture]:
    return [e.architecture for e in evaluations if e.architecture is not None]


def _best(evidence: Evidence, trial: StoredTrial) -> list[Architecture]:
    """The best different architectures of a trial."""
    return _architectures(evidence.trial(trial.name).top(BEST))


def _measured(measure: str, first: str, second: str) -> Entry:
    """A measure of the best architectures is larger for the second method than for the first."""

    def judge(evidence: Evidence, key: str) -> Finding:
        return judged(*measured(evidence, measure, first, second), command=next_search(evidence),
                      note=f"Of the best {BEST} of each trial")  # fmt: skip

    return Entry("claim", "", CHAPTER, judge)


def measured(evidence: Evidence, measure: str, first: str, second: str) -> list[Part]:
    """The statements of it, one for each setting.

    Args:
        evidence: The results.
        measure: A key of what :func:`paper_nas.search.similarity_figures` gives.
        first: The method that should have less of it.
        second: The other.
    """

    def value(trial: StoredTrial) -> float:
        top = _best(evidence, trial)
        return similarity_figures(top)[measure] if len(top) > 1 else math.nan

    return [compared_by(evidence, setting, (first, second), measure, value) for setting in COMPARED]


def operations(evidence: Evidence) -> list[Part]:
    """The best of DVAE-EMB have more 5×5 convolutions than those of D-VAE."""
    return measured(evidence, "share of 5×5 convolutions", *SEARCHES)


def _operations(evidence: Evidence, key: str) -> Finding:
    return judged(*operations(evidence), command=next_search(evidence),
                  note=f"Of the best {BEST} of each trial")  # fmt: skip


def shared_patterns(evidence: Evidence, method: str) -> Part:
    """Whether the best of a method share more of their wiring than the best of random search do."""

    def excess(trial: StoredTrial) -> float:
        """How much more the best agree in their skips than random others of the trial."""
        best = _best(evidence, trial)
        rest = dict.fromkeys(_architectures(evidence.trial(trial.name).scored))
        others = [a for a in rest if a not in set(best)]
        if not len(best) == BEST < len(others):
            return math.nan
        found = against_random_subsets(best, others, MEASURES["agreement of skips"], DRAWS)
        return found.first - found.second

    words = "excess agreement of skips"
    return compared_by(evidence, "hard", ("random", method), words, excess)


def _patterns(evidence: Evidence, key: str) -> Finding:
    return judged(
        *(shared_patterns(evidence, method) for method in SEARCHES),
        command=next_search(evidence, ("random", *SEARCHES), ("hard",)),
    )


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
        "skips alone",
    )  # fmt: skip


# ---- settings and full trainings ----------------------------------------------------------------


def _searched(evidence: Evidence, dataset: str = "") -> list[StoredTrial]:
    """Trials of the paper's two searches, perhaps on one data set only."""
    return [trial for (_, method), found in evidence.trials.items() if method in SEARCHES
            for trial in found if dataset in ("", trial.dataset)]  # fmt: skip


def _budget(value: Callable[[dict[str, Any]], float], label: str) -> Entry:
    def judge(evidence: Evidence, key: str) -> Finding:
        names = [trial.name for trial in _searched(evidence)]
        if not names:
            return missing(search(SEARCHES[1], "paper"))
        values = [value(evidence.store.manifest(name).configuration) for name in names]
        return used(evidence.paper[key], values, results=names)

    return Entry("setting", label, CHAPTER, judge)


def _trials(evidence: Evidence, key: str) -> Finding:
    found = _searched(evidence)
    if not found:
        return missing(search(SEARCHES[1], "paper"))
    counts = Counter((trial.setting, trial.label) for trial in found)
    return used(
        evidence.paper[key], [float(count) for count in counts.values()],
        results=[trial.name for trial in found], note="of each search, setting and training",
    )  # fmt: skip


def _top(evidence: Evidence, key: str) -> Finding:
    name = "search/top/digits"
    if name not in evidence.names:
        return missing("python -m paper_nas search-top --setting digits")
    counts = Counter(row["method"] for row in evidence.json(name, "top.json"))
    return used(
        evidence.paper[key], [float(c) for c in counts.values()], results=[name],
        note="on digits, where they can be trained",
    )  # fmt: skip


Step = Callable[[Evidence, list[str]], list[Part]]
"""Statements about stored trials, from their names."""


def _step(statements: Step, dataset: str = "", note: str = "") -> Entry:
    """A step of the paper's search, and whether the stored trials have it."""

    def judge(evidence: Evidence, key: str) -> Finding:
        names = [trial.name for trial in _searched(evidence, dataset)]
        if not names:
            return missing(search(SEARCHES[1], "paper"), note)
        return judged(*statements(evidence, names), note=note)

    return Entry("setting", "", CHAPTER, judge)


def _acquisition(evidence: Evidence, names: list[str]) -> list[Part]:
    """The criterion of ours beside an expectation that is computed from its definition."""
    mean, sd = (x.ravel() for x in np.meshgrid(np.linspace(-1, 1, 9), np.linspace(0.4, 1.6, 9)))
    normal = stats.norm.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES)
    improved = np.array(
        [np.maximum(0, m + s * normal).mean() for m, s in zip(mean, sd, strict=True)]
    )
    ours = np.exp(log_expected_improvement(mean, sd**2, 0.0))
    off = float(np.abs(ours / improved - 1).max())
    by_it = sum(evidence.json(n, "trial.json")["strategy"] == LatentBO.name for n in names)
    return [
        Part(f"what is maximised is the logarithm of EI, which has the same maximum: within "
             f"{100 * off:.1g} % of the mean improvement of a normal", off < 0.01),
        Part(f"{by_it} of {len(names)} trials choose their batches so", by_it == len(names),
             tuple(names)),
    ]  # fmt: skip


def _scores(evidence: Evidence, names: list[str]) -> list[Part]:
    looked_up = sum(evidence.json(n, "trial.json")["oracle"] == "skip-pattern" for n in names)
    trials = [evidence.trial(name) for name in names]
    scored, exact = (
        sum(int(np.isfinite(trial.scores(exact=only)).sum()) for trial in trials)
        for only in (False, True)
    )
    return [
        Part(f"scores are looked up by skip pattern in {looked_up} of {len(names)} trials",
             looked_up == len(names), tuple(names)),
        Part(f"every score is a recorded one: {100 * exact / max(scored, 1):.0f} % are, a fitted "
             "model gives the others and says so", exact == scored, tuple(names)),
    ]  # fmt: skip


def _refitted(evidence: Evidence, names: list[str]) -> list[Part]:
    model = build_model("dvae-emb", hidden_size=8, latent_size=2)
    start = EnasSpace().sample(4, seed=0)
    strategy = LatentBO(model)
    strategy.begin(StartSet("four", start, np.arange(4.0)), 0)
    before = len(strategy.points)
    strategy.tell([Proposal(EnasSpace().sample(1, seed=1)[0], np.zeros(2))], [1.0])
    added = len(strategy.points) - before
    fresh = sum(evidence.json(n, "trial.json")["settings"].get("refit") == "fresh" for n in names)
    return [
        Part(f"a scored architecture adds {added} point to the process", added == 1),
        Part(f"which is then fitted from scratch: in {fresh} of {len(names)} trials, else from "
             "where the last fit ended", fresh == len(names), tuple(names)),
    ]  # fmt: skip


def _full_training(evidence: Evidence, key: str) -> Finding:
    """An accuracy after full training: what the repositories list, for comparison."""
    value = evidence.paper[key].value
    listed = {round(100 * w.full_training_accuracy, 2) for w in read_winners()
              if w.full_training_accuracy is not None}  # fmt: skip
    notes = []
    if key.startswith("figure5"):
        there = "names" if value in listed else "does not name"
        notes.append(f"The list in the released code {there} this accuracy")
    if key == "search.best_in_text.dvae_emb":
        first = evidence.paper["figure5.first"].value
        place = [evidence.paper[f"figure5.{place}"].value for place in PLACES].index(value)
        notes.append(f"Figure 5 gives {first:.2f} as the best, this is its {PLACES[place]}")
    return untestable(REASON, FULL_TRAINING, "; ".join(notes))


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
    "search.acquisition": _step(_acquisition),
    "search.scores": _step(_scores, PAPER_DATASET),
    "search.retrained": _step(_refitted, note="--refit fresh does as the paper"),
    "search.training": Entry("setting", "", CHAPTER, _out_of_reach),
    "search.better": Entry("claim", "", CHAPTER, _better),
    "search.efficient": _over(("random", "evolution", "local")),
    "search.distribution": Entry("claim", "", CHAPTER, _distribution),
    "search.smoother": _measured("neighbouring layers alike", *SEARCHES),
    "search.diversity": _measured("entropy of operations (bits)", *SEARCHES[::-1]),
    "search.operations": Entry("claim", "", CHAPTER, _operations),
    "search.learned": LEARNED,
    "search.points": Entry("claim", "", "08_latent_space", _points),
    "search.patterns": Entry("claim", "", CHAPTER, _patterns),
}

DISCOVER = _over(("random", "local"), SEARCHES)
SUITABLE = Entry("claim", "", CHAPTER, _suitable)
"""Of section 4.2."""

SMOOTH_HELPS = Entry("claim", "", CHAPTER, _smoother_searches)
"""Of section 4.5."""

IN_ARCHITECTURES = _over(
    ("evolution", "local", "boosting-bo"),
    note="The space grows exponentially: 6 to the power of layers, times 2 to the power of skips",
)
"""Of section 2: methods that search among architectures do worse than the paper's."""
