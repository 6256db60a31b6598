"""Speed of the models on one thread, against the rate of a plain matrix product in the same run.

``python -m benchmarks.train_step [--model dvae] [--repeats 9] [--json]``

The released programs were timed on another day; their times are scaled by the sgemm rates of the
two runs. For the D-VAE models, moreover: a training step of one graph at hidden size 501 needs 54
million multiply-adds forward and twice that backward, 0.324 GFLOP (only the products that no
rearrangement can save are counted); the *share* is the rate at which a step does this useful work,
over the sgemm rate measured just before and after it. Seconds are CPU seconds. Pause other work on
the machine first; beside other work only the ratios mean something.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from paper_nas.artifacts import ResultStore, sgemm_rate
from paper_nas.config import PRESETS
from paper_nas.graphs import GraphBatch
from paper_nas.models import MODEL_NAMES, GraphVae
from paper_nas.space import EnasSpace
from paper_nas.training import fresh_model, load_trained

USEFUL_GFLOP = {"dvae": 0.324, "dvae-emb": 0.324}
"""Work of one graph in a training step."""

EVALUATION_DECODES, DECODES_PER_LATENT = 190_200, 100
"""The paper's reconstruction accuracy: each of 1,902 test graphs decoded 100 times."""


@dataclass(frozen=True)
class Released:
    """CPU seconds of the released code (measured before the project; one thread).

    Attributes:
        step: A training step of 32 graphs.
        encode: One graph.
        decode: One latent, sampled.
        sgemm: Rate of the matrix product when these were measured, in GFLOP/s.
    """

    step: float
    encode: float
    decode: float
    sgemm: float


RELEASED = {
    "dvae": Released(1.22, 2.9e-3, 6.5e-3, 55.0),
    "dvae-emb": Released(1.33, 2.5e-3, 6.8e-3, 55.0),
    "gcn": Released(1.29, 3.4e-3, 6.2e-3, 50.0),
    "gcn-emb": Released(1.05, 3.6e-3, 6.7e-3, 50.0),
    "svae": Released(0.12, 0.29e-3, 1.2e-3, 50.0),
    "graphrnn": Released(0.31, 0.25e-3, 3.3e-3, 50.0),
}


@dataclass(frozen=True)
class Timing:
    """Speed of one task.

    Attributes:
        seconds: Median CPU seconds of one call.
        sgemm: Median rate of the matrix product, measured around each call, in GFLOP/s.
        gflop: Median, over the calls, of seconds times the rate around that very call: how much
            matrix product the machine would have done meanwhile. It does not drift with the
            machine's speed.
    """

    seconds: float
    sgemm: float
    gflop: float


def timing(task: Callable[[], object], repeats: int) -> Timing:
    """Time a task, after a warm-up call, with the sgemm rate before and after each call."""
    task()
    times, rates = [], [sgemm_rate(20)]
    for _ in range(repeats):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
        rates.append(sgemm_rate(20))
    around = [(a + b) / 2 for a, b in itertools.pairwise(rates)]
    work = [t * rate for t, rate in zip(times, around, strict=True)]
    return Timing(statistics.median(times), statistics.median(rates), statistics.median(work))


def benchmark_model(name: str, store: ResultStore) -> tuple[GraphVae, str]:
    """A model at hidden size 501, with the first trained weights that the results hold, if any.

    An untrained decoder adds other numbers of edges than a trained one, which changes its cost.

    Args:
        name: A member of :data:`paper_nas.models.MODEL_NAMES`.
        store: The results.

    Returns:
        The model, and the name of the result or ``"untrained"``.
    """
    for result in store.names():
        manifest = store.manifest(result)
        settings = manifest.configuration
        wanted = settings.get("model") == name and settings.get("hidden_size") == 501
        if result.startswith("training/") and wanted and "weights.safetensors" in manifest.files:
            return load_trained(store, result), result
    return fresh_model(name, PRESETS["fast"]), "untrained"


def measure(name: str, repeats: int) -> dict[str, object]:
    """All figures of one model."""
    graphs = GraphBatch.from_architectures(EnasSpace().sample(1024, 0.3, seed=1))
    model, weights = benchmark_model(name, ResultStore())
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        latents = model.encode(graphs)[0]
        encode = timing(lambda: model.encode(graphs), repeats)
        decode = timing(lambda: model.decode(latents, True, generator), repeats)
        edges = float(model.decode(latents, True, generator).adjacency.sum((1, 2)).mean())
        copies = latents[:40].repeat_interleave(DECODES_PER_LATENT, dim=0)
        again = timing(lambda: model.decode(copies, True, generator), repeats)
    steps = {size: _step_timing(model, graphs[: 4 * size], size, repeats) for size in (32, 64, 128)}
    released = RELEASED[name]
    figures: dict[str, object] = {
        "model": name,
        "weights": weights,
        "sgemm_gflops": round(steps[128].sgemm, 1),
        "step_seconds": {size: round(step.seconds, 4) for size, step in steps.items()},
        "encode_graphs_per_second": round(len(graphs) / encode.seconds),
        "decode_graphs_per_second": round(len(graphs) / decode.seconds),
        "minutes_of_the_evaluation": round(
            again.seconds / len(copies) * EVALUATION_DECODES / 60, 2
        ),
        "edges_per_decoded_graph": round(edges, 2),
        "times_as_fast_as_released": {
            "step_at_32": round(released.step * released.sgemm / steps[32].gflop, 2),
            "encode": round(released.encode * released.sgemm * len(graphs) / encode.gflop, 2),
            "decode": round(released.decode * released.sgemm * len(graphs) / decode.gflop, 2),
        },
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    if name in USEFUL_GFLOP:
        figures["step_share_of_sgemm"] = {
            size: round(size * USEFUL_GFLOP[name] / step.gflop, 3) for size, step in steps.items()
        }
    return figures


def _step_timing(model: GraphVae, graphs: GraphBatch, size: int, repeats: int) -> Timing:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)
    generator = torch.Generator().manual_seed(0)
    batches = itertools.cycle(graphs[i * size : (i + 1) * size] for i in range(4))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        model.elbo(next(batches), generator=generator).total.backward()
        optimizer.step()

    return timing(step, repeats)


def main() -> None:
    """Print the figures, as lines or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=[*MODEL_NAMES, "all"], default="all")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = MODEL_NAMES if options.model == "all" else (options.model,)
    results = [measure(name, options.repeats) for name in names]
    if options.json:
        print(json.dumps(results, indent=1))
        return
    for result in results:
        for key, value in result.items():
            print(f"{key:32} {value}")
        print()


if __name__ == "__main__":
    main()
