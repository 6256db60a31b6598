"""Section 3.3 of the paper: what operation embeddings are, and what they are said to learn."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LinearRegression

from paper_nas.config import TrainingConfig
from paper_nas.models import build_model
from paper_nas.operations import OneHotOperations
from paper_nas.reports import MODEL_LABELS
from paper_nas.scorecard.commands import WEIGHTS, more_of_scale, predict_more, projected
from paper_nas.scorecard.design import smoothness
from paper_nas.scorecard.evidence import (
    LARGE,
    PRESET,
    PUBLISHED,
    REPORT,
    Entry,
    Evidence,
    choose,
)
from paper_nas.scorecard.tables import PAIRS, table2_gains
from paper_nas.scorecard.verdicts import Finding, Part, gains_part, judged, missing
from paper_nas.space import OPERATION_NAMES
from paper_nas.training import fresh_model

RELATIVES = (
    ("conv3x3", "conv5x5"), ("sep3x3", "sep5x5"), ("conv3x3", "sep3x3"), ("conv5x5", "sep5x5"),
    ("avgpool3x3", "maxpool3x3"),
)  # fmt: skip
"""Pairs of operations that are alike in what they compute (chapter 2)."""

FIRST_OPERATION = 2
"""Vertex types before it are START and END."""

IMAGES = 20
"""Random images that two operations are compared on."""

MOVED = 0.1
"""Share of their length by which trained input weights must have moved to count as changed."""

INPUTS = (
    "encoder.gru_forward.weight_ih",
    "encoder.gru_backward.weight_ih",
    "decoder.gru.weight_ih",
)
"""The matrices that read operation codes."""


# ---- distances between operations ---------------------------------------------------------------


def _distances(vectors: np.ndarray) -> np.ndarray:
    """``[6, 6]`` distances between operations, in units of their mean."""
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    return np.asarray(apart / apart[np.triu_indices(len(apart), 1)].mean())


def _trainings(evidence: Evidence, model: str) -> list[str]:
    """The trainings under the factor of the codes that most of them have."""
    found = [evidence.by_scale.get((model, scale), []) for scale in (PUBLISHED, LARGE)]
    return max(found, key=len)


def embedded_distances(evidence: Evidence) -> dict[str, np.ndarray]:
    """Distances in the tables at the end of the trainings of DVAE-EMB, by name."""
    return {
        name: _distances(np.array(evidence.history(name)[-1]["operation_table"])[FIRST_OPERATION:])
        for name in _trainings(evidence, "dvae-emb")
    }


def _read_inputs(tensors: dict[str, torch.Tensor]) -> np.ndarray:
    """What a D-VAE adds to its gates for each operation, ``[6, numbers]``."""
    columns = torch.cat([tensors[name].float() for name in INPUTS])[:, FIRST_OPERATION:]
    return columns.T.detach().numpy()


def _one_hot_inputs(evidence: Evidence) -> dict[str, np.ndarray]:
    """The same after training, by name of the training, as far as weights are stored."""
    kept = [n for n in _trainings(evidence, "dvae") if WEIGHTS in evidence.store.manifest(n).files]
    return {n: _read_inputs(evidence.store.load_tensors(n, WEIGHTS)) for n in kept}


def closer(
    label: str, distances: dict[str, np.ndarray], pairs: tuple[tuple[str, str], ...]
) -> Part:
    """Whether some pairs of operations lie closer than the others of the same training.

    Args:
        label: Whose distances they are.
        distances: ``[6, 6]`` of each training, in units of the mean.
        pairs: Names of operations.
    """
    numbers = {tuple(sorted(map(OPERATION_NAMES.index, pair))) for pair in pairs}
    every = set(itertools.combinations(range(len(OPERATION_NAMES)), 2))
    gains = [
        statistics.fmean(float(table[pair]) for pair in every - numbers)
        - statistics.fmean(float(table[pair]) for pair in numbers)
        for table in distances.values()
    ]
    words = f"{label}, closer than other pairs by (in mean distances)"
    return gains_part(words, gains, results=distances)


def _train(evidence: Evidence, model: str) -> str:
    """One more training under the factor of the codes that most have."""
    counts = {s: len(evidence.by_scale.get((model, s), [])) for s in (LARGE, PUBLISHED)}
    return more_of_scale(evidence, (model,), max(counts, key=lambda s: counts[s]))


def _similar(evidence: Evidence, key: str) -> Finding:
    return judged(
        closer("relatives in the tables of DVAE-EMB", embedded_distances(evidence), RELATIVES),
        note="These data cannot teach it: operations are drawn independently (chapter 10)",
        command=_train(evidence, "dvae-emb"),
    )


def _learned(evidence: Evidence, key: str) -> Finding:
    return judged(
        closer("the two 5×5 convolutions in the tables of DVAE-EMB", embedded_distances(evidence),
               (("conv5x5", "sep5x5"),)),
        note="In the released table of constants they are close; chapter 2",
        command=_train(evidence, "dvae-emb"),
    )  # fmt: skip


def _not_in_one_hot(evidence: Evidence, key: str) -> Finding:
    inputs = {name: _distances(x) for name, x in _one_hot_inputs(evidence).items()}
    found = closer("relatives in the input weights of D-VAE", inputs, RELATIVES)
    none = None if found.holds is None else not found.holds
    return judged(
        Part(f"D-VAE shows none: {found.words}", none, found.results, found.seeds, found.stored),
        closer(
            "DVAE-EMB shows some: relatives in its tables", embedded_distances(evidence), RELATIVES
        ),
        command=_train(evidence, "dvae"),
    )


# ---- one-hot codes ------------------------------------------------------------------------------


def _equal(evidence: Evidence, key: str) -> Finding:
    codes = OneHotOperations().table().numpy()[FIRST_OPERATION:]
    upper = np.triu_indices(len(codes), 1)
    apart = _distances(codes)[upper]
    return judged(
        Part(f"all {len(apart)} pairs of one-hot codes are equally far apart",
             bool(np.allclose(apart, 1.0))),
        live="paper_nas.operations.OneHotOperations", command=REPORT,
    )  # fmt: skip


def _treated_alike(evidence: Evidence, key: str) -> Finding:
    trained = _one_hot_inputs(evidence)
    if not trained:
        return missing(_train(evidence, "dvae"))
    upper = np.triu_indices(len(OPERATION_NAMES), 1)
    spread = [float(_distances(x)[upper].std()) for x in trained.values()]
    fresh = float(np.mean([_distances(_before(evidence, n))[upper].std() for n in trained]))
    after = statistics.fmean(spread)
    return judged(
        *_equal(evidence, key).parts,
        Part(
            f"so is what a trained D-VAE makes of them: distances vary by {100 * after:.0f} %, "
            f"before training by {100 * fresh:.0f} %", after <= 2 * fresh,
            tuple(trained), len(trained),
        ),
        note="The first layer multiplies a one-hot code by a matrix: a learned vector (chapter 2)",
    )  # fmt: skip


def _before(evidence: Evidence, training: str) -> np.ndarray:
    """The input weights that a training of D-VAE began with."""
    settings = dict(evidence.store.manifest(training).configuration)
    model = fresh_model(settings.pop("model"), TrainingConfig.from_json_dict(settings))
    return _read_inputs(dict(model.state_dict()))


def _fixed(evidence: Evidence, key: str) -> Finding:
    trained = _one_hot_inputs(evidence)
    if not trained:
        return missing(_train(evidence, "dvae"))
    moves = [float(np.linalg.norm(x - start) / np.linalg.norm(start))
             for x, start in ((x, _before(evidence, n)) for n, x in trained.items())]  # fmt: skip
    return judged(
        Part("the codes themselves are fixed", not list(OneHotOperations().parameters())),
        Part(
            "training cannot change what the network makes of an operation: its input weights "
            f"move by {100 * statistics.fmean(moves):.0f} % of their length",
            max(moves) < MOVED, tuple(trained), len(trained),
        ),
    )  # fmt: skip


def _computational(evidence: Evidence, key: str) -> Finding:
    """How much of what two operations compute can a 5×5 convolution compute as well?"""
    images = torch.rand((IMAGES, 1, 12, 12), generator=torch.Generator().manual_seed(0))
    kernel = torch.randn((1, 1, 3, 3), generator=torch.Generator().manual_seed(1))
    patches = F.unfold(images, 5, padding=2).transpose(1, 2).reshape(-1, 25).numpy()
    targets = {
        "a 3×3 convolution": F.conv2d(images, kernel, padding=1),
        "3×3 max-pooling": F.max_pool2d(images, 3, stride=1, padding=1),
    }
    share = {name: LinearRegression().fit(patches, y := found.flatten().numpy()).score(patches, y)
             for name, found in targets.items()}  # fmt: skip
    small, pooling = share.values()
    words = ", ".join(f"{100 * value:.0f} % of {name}" for name, value in share.items())
    return judged(
        Part(f"a 5×5 convolution can compute {words} (R² on random images)", small > pooling),
        note="Labels do not show it: in the paper's data no operation has an effect (chapter 10)",
        live="torch.nn.functional.conv2d", command=REPORT,
    )  # fmt: skip


# ---- embeddings ---------------------------------------------------------------------------------


def _shared(evidence: Evidence, key: str) -> Finding:
    model = build_model("dvae-emb", hidden_size=8, latent_size=2)
    tables = [n for n, p in model.named_parameters() if n.startswith("operations.")]
    widths = {n: p.shape[1] for n, p in model.named_parameters() if n in INPUTS}
    return judged(
        Part(f"DVAE-EMB has one table, {', '.join(tables)}", len(tables) == 1),
        Part(f"{len(widths)} recurrent units of encoder and decoder read it",
             len(widths) == len(INPUTS) and set(widths.values()) == {model.operations.width}),
        live="paper_nas.models.build_model", command=REPORT,
    )  # fmt: skip


def _start(evidence: Evidence, key: str) -> Finding:
    rows = choose(evidence.table1, ["dvae-emb"])
    if not rows:
        return missing(_train(evidence, "dvae-emb"))
    results = tuple(rows[0].results)
    drawn = rows[0].settings["initial_table"] == "normal"
    return judged(
        Part("our trainings draw the table from N(0, 1)", drawn, results),
        note="The released code overwrites it with constants from an earlier run; "
        "--initial-table released does so",
    )


def _handed_on(evidence: Evidence, key: str) -> Finding:
    """Do iterations that begin with the table of the last one learn faster than any first one?"""
    later = evidence.named(rf"training/dvae-emb_{PRESET}_iterations-\d+_seed-\d+")
    wanted = evidence.paper["model.iterations.dvae_emb"].value
    command = f"python -m paper_nas train dvae-emb --preset {PRESET} --iterations {wanted:g}"
    luck = evidence.areas("dvae-emb", LARGE)
    if not later or not luck:
        return missing(command)
    parts = []
    for name in later:
        rounds: dict[int, list[float]] = {}
        for row in evidence.history(name):
            rounds.setdefault(row["iteration"], []).append(row["reconstruction"])
        slowest = max(statistics.fmean(x) for t, x in rounds.items() if t > 1)
        parts.append(Part(
            f"every later iteration has a mean loss, at most {slowest:.2f}, below all "
            f"{len(luck)} trainings with T = 1, at least {min(luck):.2f}", slowest < min(luck),
            (name, *evidence.by_scale["dvae-emb", LARGE]), len(later),
        ))  # fmt: skip
    return judged(*parts, note=f"With codes times {LARGE:g}, not as published", command=command)


def _smooth(evidence: Evidence, key: str) -> Finding:
    name = projected("dvae-emb")
    if name not in evidence.names:
        return missing("python -m paper_nas project dvae-emb")
    alike = evidence.json(name, "smoothness.json")["spaces"]["latent"]["alike"]
    found = smoothness(evidence, name, "latent")
    shares = [
        Part(
            f"neighbours share {100 * alike[what]:.0f} % of the {what}, by chance "
            f"{100 * alike[f'{what}_by_chance']:.0f} %",
            alike[what] > alike[f"{what}_by_chance"], (name,), 1,
        )
        for what in ("operations", "skips")
    ]  # fmt: skip
    return judged(
        *shares,
        Part(f"Moran's I of accuracy {found['moran']:.2f}, by chance at most "
             f"{found['permuted_moran']:.2f}", found["moran"] > found["permuted_moran"], (name,),
             1),
        note=_same_of_dvae(evidence),
    )  # fmt: skip


def _same_of_dvae(evidence: Evidence) -> str:
    """What the latent space of D-VAE has of it."""
    if (name := projected("dvae")) not in evidence.names:
        return ""
    alike = evidence.json(name, "smoothness.json")["spaces"]["latent"]["alike"]
    shares = " and ".join(f"{100 * alike[what]:.0f} % of the {what}"
                          for what in ("operations", "skips"))  # fmt: skip
    moran = smoothness(evidence, name, "latent")["moran"]
    return f"In the latent space of D-VAE neighbours share {shares}; Moran's I {moran:.2f}"


def _portable(evidence: Evidence, key: str) -> Finding:
    apart = []
    for old, new in PAIRS:
        without, embedded = (build_model(m, hidden_size=8, latent_size=2) for m in (old, new))
        names = [{n for n, _ in m.named_parameters()} for m in (without, embedded)]
        apart.append(all(n.startswith("operations.") for n in names[0] ^ names[1]))
    gains = [table2_gains(evidence, *pair)["rmse"] for pair in PAIRS]
    labels = " and ".join(MODEL_LABELS[old] for old, _ in PAIRS)
    return judged(
        Part(f"{labels} change in nothing but the table", all(apart)),
        *gains,
        command=predict_more(evidence, [model for pair in PAIRS for model in pair]),
    )


CLAIMS: dict[str, Entry] = {
    "embedding.portable": Entry("claim", "", "05_predicting_accuracy", _portable),
    "onehot.equal": Entry("claim", "", "02_models", _treated_alike),
    "onehot.relations": Entry("claim", "", "02_models", _computational),
    "onehot.data": Entry("claim", "", "02_models", _fixed),
    "embedding.shared": Entry("claim", "", "02_models", _shared),
    "embedding.similar": Entry("claim", "", "08_latent_space", _similar),
    "embedding.smooth": Entry("claim", "", "08_latent_space", _smooth),
    "embedding.start": Entry("claim", "", "02_models", _start),
    "embedding.pretraining": Entry("claim", "", "03_training_curves", _handed_on),
}

ORTHOGONAL = Entry("claim", "", "02_models", _equal)
"""Of the introduction."""

LEARNED = Entry("claim", "", "08_latent_space", _learned)
"""Of section 4.3."""

NOT_IN_ONE_HOT = Entry("claim", "", "08_latent_space", _not_in_one_hot)
"""Of sections 2 and 4.1."""
