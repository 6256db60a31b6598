"""Speed of a model on one thread, against the rate of a plain matrix product in the same run.

``python -m benchmarks.train_step [--model dvae] [--json]``

A training step of one graph at hidden size 501 needs 54 million multiply-adds forward and twice
that backward: 0.324 GFLOP (only the products that no rearrangement can save are counted). The
*share* is the rate at which a step does this useful work, over the sgemm rate measured just before
and after it. Pause other work on the machine first; seconds are CPU seconds.
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

from paper_nas.artifacts import ResultMissing, ResultStore, sgemm_rate
from paper_nas.config import PRESETS
from paper_nas.graphs import GraphBatch
from paper_nas.models import MODEL_NAMES, GraphVae
from paper_nas.space import EnasSpace
from paper_nas.training import fresh_model, load_trained

GFLOP_PER_GRAPH = 0.324
RELEASED = {  # CPU seconds of the released code at an sgemm rate of 55 GFLOP/s
    "dvae": {"step": 1.22, "encode": 2.9e-3, "decode": 6.5e-3},
    "dvae-emb": {"step": 1.33, "encode": 2.5e-3, "decode": 6.8e-3},
}
RELEASED_SGEMM = 55.0


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


def benchmark_model(name: str) -> tuple[GraphVae, str]:
    """A model at hidden size 501 with trained weights if there are any in ``results/``.

    An untrained decoder adds other numbers of edges than a trained one, which changes its cost.
    """
    result = f"training/{name}_laptop_seed-0"
    try:
        return load_trained(ResultStore(), result), result
    except ResultMissing:
        return fresh_model(name, PRESETS["laptop"]), "untrained"


def measure(name: str, repeats: int) -> dict[str, object]:
    """All figures of one model."""
    graphs = GraphBatch.from_architectures(EnasSpace().sample(1024, 0.3, seed=1))
    model, weights = benchmark_model(name)
    with torch.no_grad():
        latents = model.encode(graphs)[0]
        encode = timing(lambda: model.encode(graphs), repeats)
        decode = timing(lambda: model.decode(latents), repeats)
        edges = float(model.decode(latents).adjacency.sum((1, 2)).mean())
    steps = {size: _step_timing(model, graphs[: 4 * size], size, repeats) for size in (32, 64, 128)}
    released = {key: value * RELEASED_SGEMM for key, value in RELEASED[name].items()}
    return {
        "model": name,
        "weights": weights,
        "sgemm_gflops": round(steps[128].sgemm, 1),
        "step_seconds": {size: round(step.seconds, 4) for size, step in steps.items()},
        "step_share_of_sgemm": {
            size: round(size * GFLOP_PER_GRAPH / step.gflop, 3) for size, step in steps.items()
        },
        "encode_graphs_per_second": round(len(graphs) / encode.seconds),
        "decode_graphs_per_second": round(len(graphs) / decode.seconds),
        "edges_per_decoded_graph": round(edges, 2),
        "times_as_fast_as_released": {
            "step_at_32": round(released["step"] / steps[32].gflop, 2),
            "encode": round(released["encode"] * len(graphs) / encode.gflop, 2),
            "decode": round(released["decode"] * len(graphs) / decode.gflop, 2),
        },
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


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
