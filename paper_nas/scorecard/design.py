"""Sections 3.1, 3.2 and 4 of the paper: the data, the graphs, the models, how they are trained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

import networkx as nx
import numpy as np
import torch

from paper_nas.config import PRESETS, TrainingConfig
from paper_nas.datasets import ArchitectureDataset
from paper_nas.graphs import GraphBatch
from paper_nas.models import build_model
from paper_nas.models.vae import NOISE_FACTOR
from paper_nas.reports import MODEL_LABELS
from paper_nas.scorecard.commands import evaluate, train
from paper_nas.scorecard.evidence import PRESET, REPORT, Entry, Evidence, choose, needs_data
from paper_nas.scorecard.verdicts import Finding, Part, judged, missing, used
from paper_nas.space import END, OPERATION_NAMES, START, EnasSpace

ONE_HOT = "projections/one-hot_enas-cifar10"
NEIGHBOURS = 10
SAMPLE = 500
"""Random architectures that a statement about all graphs is tried on."""


# ---- the data -----------------------------------------------------------------------------------


def _of_data(
    label: str, values: Callable[[ArchitectureDataset], Iterable[float]], note: str = ""
) -> Entry:
    """A count of the data; every value must be the paper's."""

    def judge(evidence: Evidence, key: str) -> Finding:
        return needs_data(
            evidence,
            lambda data: used(
                evidence.paper[key], list(values(data)), note=note,
                live="paper_nas.datasets.load_dataset", command=REPORT,
            ),
        )  # fmt: skip

    return Entry("setting", label, "01_architectures", judge)


def _share(train: bool) -> Callable[[ArchitectureDataset], Iterable[float]]:
    """The split in per cent, to the nearest tenth: 17,118 of 19,020 rows are 90 % exactly."""

    def values(data: ArchitectureDataset) -> Iterable[float]:
        rows = data.train_index if train else data.test_index
        yield round(100 * len(rows) / len(data), 1)

    return values


def _vertices(kind: int) -> Callable[[ArchitectureDataset], Iterable[float]]:
    return lambda data: {a.vertex_types.count(kind) for a in data.architectures}


def _kernel(label: str, prefixes: str, which: Callable[[list[int]], int]) -> Entry:
    def judge(evidence: Evidence, key: str) -> Finding:
        sizes = [int(found[1]) for name in OPERATION_NAMES
                 if (found := re.fullmatch(rf"(?:{prefixes})(\d)x\1", name))]  # fmt: skip
        return used(
            evidence.paper[key], [which(sizes)], live="paper_nas.space.OPERATION_NAMES",
            command=REPORT,
        )  # fmt: skip

    return Entry("setting", label, "01_architectures", judge)


DATA: dict[str, Entry] = {
    "data.architectures": _of_data(
        "architectures", lambda data: [len(data)],
        "after 1,000 rows that the released code drops without a word",
    ),
    "data.layers": _of_data(
        "layers of each", lambda data: {a.num_layers for a in data.architectures}
    ),
    "data.inputs": _of_data("input vertices of each", _vertices(START)),
    "data.outputs": _of_data("output vertices of each", _vertices(END)),
    "data.operations": _of_data(
        "operations", lambda data: [len(np.unique(data.operation_choices()))]
    ),
    "data.kernel.small": _kernel("smaller kernel of a convolution", "conv|sep", min),
    "data.kernel.large": _kernel("larger kernel of a convolution", "conv|sep", max),
    "data.kernel.pooling": _kernel("pooling window", "avgpool|maxpool", max),
    "data.train_share": _of_data("training part", _share(True)),
    "data.test_share": _of_data(
        "part for evaluation", _share(False), "no validation part; ours is cut from the training"
    ),
}  # fmt: skip


# ---- settings of the models ---------------------------------------------------------------------


def _prior(label: str, which: int) -> Entry:
    """The mean and deviation at which the KL term is zero."""

    def judge(evidence: Evidence, key: str) -> Finding:
        model = build_model("dvae", hidden_size=8, latent_size=2)
        batch = GraphBatch.from_architectures(EnasSpace().sample(1, seed=0))
        grid = [(m, s) for m in (-1.0, 0.0, 1.0) for s in (0.5, 1.0, 2.0)]
        with torch.no_grad():
            terms = [
                float(model.elbo_at(batch, torch.full((1, 2), m), torch.full((1, 2), 2 * np.log(s)),
                                    noise=False)[0].kl)
                for m, s in grid
            ]  # fmt: skip
        best = grid[int(np.argmin(terms))]
        return used(
            evidence.paper[key], [best[which]], live="paper_nas.models.vae.GraphVae.elbo_at",
            note="of the KL term; where latents really lie, see the validity of Table 1",
            command=REPORT,
        )  # fmt: skip

    return Entry("setting", label, "02_models", judge)


def _threshold(evidence: Evidence, key: str) -> Finding:
    """Greedy decodes have it; are the decodes of Table 1 greedy?"""
    rows = choose(evidence.table1, ["dvae-emb"])
    if not rows:
        return missing(evaluate("dvae-emb"))
    figures, results = rows[0].figures, tuple(rows[0].results)
    own, greedy = (figures[name].values for name in ("accuracy", "greedy accuracy"))
    return judged(
        Part("a greedy decode has an edge where its probability is above "
             f"{evidence.paper[key].value:g}", _greedy_edges(evidence.paper[key].value)),
        Part(f"the accuracy of Table 1, {fmean(own):.2f} %, is that of greedy decodes, "
             f"{fmean(greedy):.2f} %", own == greedy, results),
        note="Both tables draw every edge, as the released code does",
    )  # fmt: skip


def _greedy_edges(threshold: float) -> bool:
    """Whether an untrained D-VAE, decoding greedily, adds the edges above a probability."""
    model = build_model("dvae", hidden_size=32, latent_size=8, seed=1)
    latents = torch.randn((SAMPLE, 8), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        graphs = model.decode(latents)
        logits = model.teacher_forced_logits(graphs, latents)[1]
    size = graphs.max_vertices
    inner = torch.arange(size)[None] < (graphs.num_vertices - 1)[:, None]  # without END
    upper = torch.ones((size, size), dtype=torch.bool).triu(1)
    asked = inner[:, :, None] & inner[:, None, :] & upper & (graphs.types != END)[:, None, :]
    return bool(((logits.sigmoid() > threshold) == (graphs.adjacency > 0))[asked].all())


def _configured(label: str, models: Sequence[str], setting: str, note: str = "") -> Entry:
    """A setting of the trainings that the two tables rest on."""

    def judge(evidence: Evidence, key: str) -> Finding:
        rows = [row for model in models for row in choose(evidence.table1, [model])]
        if not rows:
            return missing(train(models[0], 0, "paper"))
        name = rows[0].settings["preset"]
        values = [float(row.settings[setting]) for row in rows]
        results = [n for row in rows for n in row.results]
        said = f"of preset {name}" + (f"; {note}" if note else "")
        return used(evidence.paper[key], values, results=results, note=said)

    return Entry("setting", label, "03_training_curves", judge)


def _iterations(evidence: Evidence, key: str) -> Finding:
    """Of the trainings behind Table 1, and of those that differ from them in this alone."""
    rows = choose(evidence.table1, ["dvae-emb"])
    later = evidence.named(rf"training/dvae-emb_{PRESET}_iterations-\d+_seed-\d+")
    names = [n for row in rows for n in row.results if n.startswith("training/")] + later
    if not names:
        return missing(train("dvae-emb", 0))
    values = [float(evidence.store.manifest(n).configuration["iterations"]) for n in names]
    return used(
        evidence.paper[key], values, results=names,
        note=f"{len(names) - len(later)} trainings stand behind Table 1, {len(later)} beside it",
    )  # fmt: skip


SETTINGS: dict[str, Entry] = {
    "model.prior.mean": _prior("prior, mean", 0),
    "model.prior.sd": _prior("prior, standard deviation", 1),
    "model.edge_threshold": Entry(
        "setting", "probability from which an edge is added", "02_models", _threshold
    ),
    "model.embedding_size": _configured(
        "width of the embedding", ("dvae-emb", "gcn-emb"), "embedding_size"
    ),
    "model.iterations.dvae_emb": Entry(
        "setting", "T of DVAE-EMB", "03_training_curves", _iterations
    ),
    "model.iterations.gcn_emb": _configured("T of GCN-EMB", ("gcn-emb",), "iterations"),
    "training.epochs": _configured(
        "epochs", tuple(MODEL_LABELS), "epochs",
        f"the preset paper has {PRESETS['paper'].epochs}",
    ),
}  # fmt: skip


# ---- claims of sections 3.1 and 3.2 -------------------------------------------------------------


def _graphs(evidence: Evidence, key: str) -> Finding:
    graphs = [a.to_networkx() for a in EnasSpace().sample(SAMPLE, seed=0)]
    acyclic = all(nx.is_directed_acyclic_graph(graph) for graph in graphs)
    labelled = all("operation" in data for g in graphs for _, data in g.nodes(data=True))
    return judged(
        Part(f"{SAMPLE} random architectures are directed and acyclic", acyclic),
        Part("each vertex has a label", labelled),
        live="paper_nas.space.EnasSpace", command=REPORT,
    )  # fmt: skip


def _asymmetric(evidence: Evidence, key: str) -> Finding:
    batch = GraphBatch.from_architectures(EnasSpace().sample(SAMPLE, seed=0))
    same = (batch.adjacency == batch.adjacency.transpose(1, 2)).flatten(1).all(dim=1)
    ordered = bool((batch.adjacency.tril() == 0).all())
    return judged(
        Part(f"no adjacency matrix of {SAMPLE} is symmetric", not bool(same.any())),
        Part("every edge goes from a lower to a higher number", ordered),
        live="paper_nas.graphs.GraphBatch", command=REPORT,
    )  # fmt: skip


def _objective(evidence: Evidence, key: str) -> Finding:
    beta = TrainingConfig().beta
    return judged(
        Part(f"the KL term has the weight 1: it has {beta:g}", beta == 1.0),
        Part(
            f"the latent is drawn from the posterior: its noise is multiplied by {NOISE_FACTOR:g}",
            NOISE_FACTOR == 1.0,
        ),
        note="As in the released code, which we follow; and what is minimised is the negative of "
        "equation 1",
        live="paper_nas.config.TrainingConfig", command=REPORT,
    )  # fmt: skip


def _unsupervised(evidence: Evidence, key: str) -> Finding:
    rows = [row for model in MODEL_LABELS for row in choose(evidence.table1, [model])]
    if not rows:
        return missing(evaluate("dvae-emb"))
    # Results from before there was such a setting had no such term.
    blind = all(row.settings.get("label_weight", 0.0) == 0.0 for row in rows)
    results = tuple(n for row in rows for n in row.results)
    return judged(
        Part("no accuracy enters the training of a model of Tables 1 and 2", blind, results)
    )


def smoothness(evidence: Evidence, result: str, space: str) -> dict[str, float]:
    """Measures of :class:`paper_nas.projection.Smoothness` of a stored projection.

    Neighbours with the same skip pattern are left out.

    Args:
        evidence: Where it is.
        result: Its name.
        space: ``"latent"``, ``"tsne"``, ``"pca"`` or ``"skips"``.
    """
    measures = evidence.json(result, "smoothness.json")["spaces"][space]["other_patterns"]
    [found] = [m for m in measures if m["neighbours"] == NEIGHBOURS]
    values: dict[str, float] = found
    return values


def _assumption(evidence: Evidence, key: str) -> Finding:
    if ONE_HOT not in evidence.names:
        return missing("python -m paper_nas project one-hot")
    skips = smoothness(evidence, ONE_HOT, "skips")
    both = smoothness(evidence, ONE_HOT, "latent")["moran"]
    return judged(
        Part(
            f"architectures with similar skips have similar accuracy: Moran's I "
            f"{skips['moran']:.2f}, by chance at most {skips['permuted_moran']:.2f}",
            skips["moran"] > skips["permuted_moran"], (ONE_HOT,),
        ),
        Part(
            f"similar operators add to it: Moran's I {both:.2f} with operations in the code",
            both > skips["moran"], (ONE_HOT,),
        ),
        note="In these data accuracy does not depend on the operations",
    )  # fmt: skip


CLAIMS: dict[str, Entry] = {
    "graph.definition": Entry("claim", "", "01_architectures", _graphs),
    "graph.asymmetric": Entry("claim", "", "01_architectures", _asymmetric),
    "model.objective": Entry("claim", "", "02_models", _objective),
    "model.unsupervised": Entry("claim", "", "05_predicting_accuracy", _unsupervised),
    "model.assumption": Entry("claim", "", "10_what_this_benchmark_can_tell", _assumption),
}
