"""The architectures that the published searches ended on, with their published accuracies.

Source: the lists of results in the repositories of D-VAE and DVAE-EMB, as quoted in
measured_facts section 1c. These are facts of others; this project cannot measure them again.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paper_nas.datasets import MalformedRow
from paper_nas.space import Architecture

WINNERS_FILE = Path(__file__).parents[1] / "data" / "published_winners.csv"
COLUMNS = ("model", "run", "architecture", "weight_sharing_accuracy", "full_training_accuracy")
NUM_LAYERS = 6


@dataclass(frozen=True)
class PublishedWinner:
    """One architecture of a published list of results.

    Attributes:
        model: ``"D-VAE"`` or ``"DVAE-EMB"``.
        run: Which list it is in.
        architecture: The architecture.
        weight_sharing_accuracy: In [0, 1], on 5,000 CIFAR-10 images.
        full_training_accuracy: In [0, 1], after full training on CIFAR-10; ``None`` where none is
            listed.
    """

    model: str
    run: str
    architecture: Architecture
    weight_sharing_accuracy: float
    full_training_accuracy: float | None


def read_winners(path: str | Path = WINNERS_FILE) -> list[PublishedWinner]:
    """Read a list of winners, strictly. Lines that begin with ``#`` are comments.

    Args:
        path: A CSV file with the columns :data:`COLUMNS`; by default the package's own.

    Raises:
        MalformedRow: A line that cannot be read; the message names file, line and reason.
    """
    path = Path(path)
    winners: list[PublishedWinner] = []
    header_seen = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("#"):
            continue
        try:
            cells = next(csv.reader([line], strict=True), [])
            if header_seen:
                winners.append(_winner(cells))
            elif tuple(cells) != COLUMNS:
                raise ValueError(f"the columns are not {', '.join(COLUMNS)}")
        except (ValueError, csv.Error) as reason:
            raise MalformedRow(f"{path}, line {number}: {reason}") from None
        header_seen = True
    if not winners:
        raise MalformedRow(f"{path} lists no architecture; restore the file of the package")
    return winners


def _winner(cells: Sequence[str]) -> PublishedWinner:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} cells instead of {len(COLUMNS)}")
    model, run, text, sharing, full = cells
    if not model or not run:
        raise ValueError("the model or the run has no name")
    architecture = Architecture.from_string(text)
    if architecture.num_layers != NUM_LAYERS:
        raise ValueError(f"{architecture.num_layers} layers instead of {NUM_LAYERS}")
    return PublishedWinner(
        model, run, architecture, _accuracy(sharing), _accuracy(full) if full else None
    )


def _accuracy(text: str) -> float:
    if not re.fullmatch(r"[01]\.[0-9]+", text) or float(text) > 1.0:
        raise ValueError(f"{text!r} is no accuracy in [0, 1]")
    return float(text)
