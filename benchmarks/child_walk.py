"""Scoring architectures in a shared network: a prefix-tree walk against one after another.

``python -m benchmarks.child_walk [--count 19020] [--compare 300] [--json]``

The network has 16 channels and sees the 600 validation images of digits, in one batch; its weights
are untrained, which changes nothing in the work. Both ways are timed in one run, in CPU seconds per
architecture: one half of the single architectures before the walk and one half after it. The more
architectures, the more they share. Pause other work on the machine first.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch

from paper_nas.artifacts import sgemm_rate
from paper_nas.child import DIGITS_SHARED, SharedChildNetwork, SharedScores, load_images
from paper_nas.space import Architecture, EnasSpace


def measure(count: int, compare: int, statistics: str) -> dict[str, object]:
    """All figures.

    Args:
        count: Architectures in the walk.
        compare: Of these, how many are also scored one after another.
        statistics: As in :meth:`SharedChildNetwork.evaluate`.
    """
    images = load_images("digits", noise=DIGITS_SHARED.noise)
    network = SharedChildNetwork(6, DIGITS_SHARED.channels, 1)
    architectures = EnasSpace().sample(count, DIGITS_SHARED.skip_probability, seed=0)

    def timed(sample: list[Architecture], method: str) -> tuple[float, SharedScores]:
        start = time.process_time()
        scores = network.evaluate(sample, images, statistics=statistics, method=method)
        return time.process_time() - start, scores

    timed(architectures[:3], "one-by-one")  # warm-up
    rates = [sgemm_rate(20)]
    chosen = np.random.default_rng(0).permutation(count)[:compare]
    before, after = ([architectures[i] for i in half] for half in np.array_split(chosen, 2))
    seconds_before, scores_before = timed(before, "one-by-one")
    rates.append(sgemm_rate(20))
    walk_seconds, scores_walk = timed(architectures, "walk")
    rates.append(sgemm_rate(20))
    seconds_after, scores_after = timed(after, "one-by-one")
    rates.append(sgemm_rate(20))
    alone = (seconds_before + seconds_after) / len(chosen)
    nll = np.concatenate([scores_before.nll, scores_after.nll])
    return {
        "architectures": count,
        "statistics": statistics,
        "walk_seconds": round(walk_seconds, 2),
        "walk_ms_per_architecture": round(1e3 * walk_seconds / count, 3),
        "one_by_one_ms_per_architecture": round(1e3 * alone, 3),
        "times_as_fast": round(alone * count / walk_seconds, 2),
        "same_numbers": bool(np.array_equal(scores_walk.nll[chosen], nll)),
        "sgemm_gflops": [round(rate, 1) for rate in rates],
    }


def main() -> None:
    """Print the figures, as lines or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=19_020)
    parser.add_argument("--compare", type=int, default=300)
    parser.add_argument("--statistics", choices=["running", "batch"], default="running")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = measure(options.count, options.compare, options.statistics)
    if options.json:
        print(json.dumps(result, indent=1))
        return
    for key, value in result.items():
        print(f"{key:32} {value}")


if __name__ == "__main__":
    main()
