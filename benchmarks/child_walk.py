"""Scoring architectures in a shared network: a prefix-tree walk against one after another.

``python -m benchmarks.child_walk [--size 16] [--channels 8] [--statistics running] [--json]``

The network sees the 600 validation images of digits, in one batch; its weights are untrained, which
changes nothing in the work. Three things are timed in one run, in CPU seconds: the walk over 19,020
random architectures, the walk over 1,000 new ones, and a random sample of the former one after
another, from which the time of all is estimated. Half of the sample comes before the walks and half
after them, and its scores must be the walk's, bit for bit. ``meets_the_bars`` says whether 1,000
take at most 30 s, 19,020 at most 240 s and a fifth of the time of one after another; it holds for
one core of its own, so pause other work on the machine first. The projection from 1,000 to 19,020
is an upper bound: the more architectures, the more they share.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

import numpy as np
import torch

from paper_nas.artifacts import sgemm_rate
from paper_nas.child import DIGITS_SHARED, SharedChildNetwork, SharedScores, load_images
from paper_nas.child.networks import STATISTICS
from paper_nas.space import Architecture, EnasSpace

NEW = 1_000
NEW_BAR = 30.0
"""Most seconds for 1,000 new architectures."""
ALL_BAR = 240.0
"""Most seconds for 19,020 architectures."""
SPEED_BAR = 5.0
"""Least factor between one after another and the walk, at 19,020 architectures."""


class Timer:
    """Scores architectures and takes the CPU time.

    Args:
        size: Height and width of the images.
        channels: Of the network.
        statistics: As in :meth:`SharedChildNetwork.evaluate`.
    """

    def __init__(self, size: int, channels: int, statistics: str) -> None:
        """Load the images and build the network."""
        self.images = load_images("digits", noise=DIGITS_SHARED.noise, size=size)
        self.network = SharedChildNetwork(6, channels, 1)
        self.statistics = statistics
        self.rates: list[float] = []

    def __call__(self, sample: Sequence[Architecture], method: str) -> tuple[float, SharedScores]:
        """CPU seconds and scores; before that, the speed of the machine is noted."""
        self.rates.append(round(sgemm_rate(20), 1))
        start = time.process_time()
        scores = self.network.evaluate(
            sample, self.images, statistics=self.statistics, method=method
        )
        return time.process_time() - start, scores


def measure(timer: Timer, count: int, compare: int) -> dict[str, object]:
    """All figures.

    Args:
        timer: What scores the architectures.
        count: Architectures in the long walk.
        compare: Of these, how many are also scored one after another.
    """
    space, probability = EnasSpace(), DIGITS_SHARED.skip_probability
    architectures = space.sample(count, probability, seed=0)
    new = space.sample(NEW, probability, seed=1)
    chosen = np.random.default_rng(0).permutation(count)[:compare]
    before, after = ([architectures[i] for i in half] for half in np.array_split(chosen, 2))
    timer(architectures[:3], "one-by-one")  # warm-up
    seconds_before, scores_before = timer(before, "one-by-one")
    seconds_new, _ = timer(new, "walk")
    seconds, scores = timer(architectures, "walk")
    seconds_after, scores_after = timer(after, "one-by-one")
    alone = (seconds_before + seconds_after) / len(chosen) * count
    nll = np.concatenate([scores_before.nll, scores_after.nll])
    same = bool(np.array_equal(scores.nll[chosen], nll))
    return {
        "architectures": count,
        f"walk_seconds_{NEW}_new": round(seconds_new, 2),
        f"projected_seconds_{count}": round(seconds_new * count / NEW, 1),
        f"walk_seconds_{count}": round(seconds, 1),
        "walk_ms_per_architecture": round(1e3 * seconds / count, 3),
        "one_by_one_ms_per_architecture": round(1e3 * alone / count, 3),
        "one_by_one_estimated_from": f"a random sample of {len(chosen)} architectures",
        "times_as_fast": round(alone / seconds, 2),
        "same_numbers": same,
        "meets_the_bars": same
        and (seconds_new / NEW <= NEW_BAR / 1_000)
        and (seconds / count <= ALL_BAR / 19_020)
        and (alone / seconds >= SPEED_BAR),
        "sgemm_gflops": timer.rates,
    }


def main() -> None:
    """Print the figures, as lines or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=16, help="height and width of the images")
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--count", type=int, default=19_020)
    parser.add_argument("--compare", type=int, default=200)
    parser.add_argument("--statistics", choices=STATISTICS, default="running")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    timer = Timer(options.size, options.channels, options.statistics)
    settings = {name: getattr(options, name) for name in ("size", "channels", "statistics")}
    result = {**settings, **measure(timer, options.count, options.compare)}
    if options.json:
        print(json.dumps(result, indent=1))
        return
    for key, value in result.items():
        print(f"{key:32} {value}")


if __name__ == "__main__":
    main()
