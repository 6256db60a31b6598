"""What frames the paper: abstract, introduction, related work and conclusion.

Most of these claims repeat one of a later section; they are judged as that one.
"""

from __future__ import annotations

from paper_nas.scorecard import embeddings, searches, spaces, trials
from paper_nas.scorecard.curves import SHORTER_TIME
from paper_nas.scorecard.evidence import Entry, Evidence
from paper_nas.scorecard.verdicts import Finding, Part, judged, untestable

CHAPTER = "12_scorecard"


def _untestable(reason: str) -> Entry:
    return Entry("claim", "", CHAPTER, lambda evidence, key: untestable(reason))


def _alike(evidence: Evidence, key: str) -> Finding:
    """The best share patterns of wiring and of operations, and structure tells performance."""
    shared = trials.SEARCHES[1]
    strong = spaces.INDICATORS.judge(evidence, key)
    without = Part("structure and performance: needs the data", None, stored=False)
    return judged(
        searches.shared_patterns(evidence, shared), *searches.operations(evidence),
        *(strong.parts or (without,)), live=strong.live,
        command=trials.next_search(evidence, ("random", *trials.SEARCHES)),
    )  # fmt: skip


_SIMILAR = embeddings.CLAIMS["embedding.similar"]
_BEST = searches.CLAIMS["search.training"]

FIRST: dict[str, Entry] = {
    "abstract.relations": _SIMILAR,
    "abstract.smoother": spaces.SMOOTHER,
    "abstract.task": searches.CLAIMS["search.better"],
    "abstract.best": Entry("claim", "", searches.CHAPTER, _BEST.judge),
    "abstract.patterns": Entry("claim", "", searches.CHAPTER, _alike),
    "intro.crucial": _untestable("About the work of others, which is not rebuilt here"),
    "intro.orthogonal": embeddings.ORTHOGONAL,
    "intro.best": Entry("claim", "", searches.CHAPTER, _BEST.judge),
    "intro.indicators": spaces.INDICATORS,
    "related.discrete": searches.IN_ARCHITECTURES,
    "related.supervised": _untestable("About NAO, which is not rebuilt here"),
    "related.strings": _untestable(
        "In this space every layer feeds the next, so the vertices have one order only and there "
        "is nothing to permute"
    ),
    "related.onehot": embeddings.NOT_IN_ONE_HOT,
}

LAST: dict[str, Entry] = {
    "conclusion.relations": _SIMILAR,
    "conclusion.exhaustive": _untestable(
        "A judgement, not a measurement; the checklist of chapter 12 says what such a study holds"
    ),
    "conclusion.time": SHORTER_TIME,
    "conclusion.smoother": spaces.SMOOTHER,
    "conclusion.enhanced": embeddings.CLAIMS["embedding.portable"],
}
