"""The loop of every search: ask, evaluate, tell, keep."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from paper_nas.artifacts import ResultDamaged, read_arrays, write_arrays, write_json
from paper_nas.oracles import Oracle
from paper_nas.search.base import Proposal, SearchBudget, StartSet, Strategy
from paper_nas.search.latent import LatentBO, LatentRandom, MutationBO
from paper_nas.search.rivals import BoostingBO, Evolution, LocalSearch, RandomSearch
from paper_nas.search.trial import (
    UNDECODABLE,
    Evaluation,
    Trial,
    evaluations_from_arrays,
    trial_arrays,
)
from paper_nas.training import CheckpointMismatch

STRATEGIES: dict[str, Callable[..., Strategy]] = {
    strategy.name: strategy
    for strategy in (
        RandomSearch, Evolution, LocalSearch, BoostingBO, LatentRandom, LatentBO, MutationBO
    )
}  # fmt: skip
"""All strategies by name."""
LATENT = tuple(name for name in STRATEGIES if name.startswith("latent-"))
"""Those that need a model."""
ROUND_FOLDER = "round-{:03d}"
EVALUATIONS_FILE, STATE_FILE = "evaluations.npz", "state.json"


def make_strategy(name: str, **settings: Any) -> Strategy:
    """A strategy by its name.

    Raises:
        ValueError: An unknown name, or a setting of another strategy.
    """
    if name not in STRATEGIES:
        raise ValueError(f"no strategy {name!r}; there are {', '.join(STRATEGIES)}")
    if (name in LATENT) != ("model" in settings):
        raise ValueError(f"{name} takes {'a' if name in LATENT else 'no'} model")
    try:
        return STRATEGIES[name](**settings)
    except TypeError as reason:
        raise ValueError(f"{name}: {reason}") from reason


def run_search(
    strategy: str | Strategy,
    oracle: Oracle,
    budget: SearchBudget,
    seed: int,
    start: StartSet,
    directory: str | Path | None = None,
    progress: bool = True,
    **settings: Any,
) -> Trial:
    """Search for architectures with a high score.

    After each round everything is kept in ``directory``. A run that was stopped, by Ctrl-C, a kill
    or an oracle that raised, goes on there after the last whole round, to the numbers that it would
    have given without the stop.

    Args:
        strategy: A key of :data:`STRATEGIES`, or a strategy.
        oracle: Scores architectures; higher is better.
        budget: Rounds and evaluations per round. More rounds than a stopped run had are allowed.
        seed: Of all random choices.
        start: What is known before.
        directory: Folder for checkpoints; ``None``: none are kept.
        progress: Show a progress bar.
        settings: Of the strategy, if it is given by name; ``model`` for those in :data:`LATENT`.

    Raises:
        ValueError: An unknown strategy or setting.
        CheckpointMismatch: ``directory`` holds another search.
        ResultDamaged: A checkpoint cannot be read.
    """
    if isinstance(strategy, str):
        strategy = make_strategy(strategy, **settings)
    strategy.begin(start, seed)
    trial = Trial(
        strategy.name, strategy.settings(), oracle.name, budget, seed, start.to_json_dict()
    )
    folder = None if directory is None else Path(directory)
    if folder is not None:
        _resume(trial, strategy, folder)
    patterns = start.patterns
    with tqdm(total=budget.rounds, initial=len(trial.rounds), disable=not progress) as bar:
        bar.set_description(f"{strategy.name}, seed {seed}")
        while len(trial.rounds) < budget.rounds and not trial.exhausted:
            _one_round(trial, strategy, oracle, patterns, float(start.scores.min()))
            if folder is not None and not trial.exhausted:
                _keep(trial, strategy, folder)
            bar.update()
            bar.set_postfix_str(f"best {max((e.score for e in trial.scored), default=0):.4f}")
    return trial


def _one_round(
    trial: Trial,
    strategy: Strategy,
    oracle: Oracle,
    patterns: set[tuple[int, ...]],
    worst: float,
) -> None:
    """Ask, evaluate and tell; nothing has changed in the trial if the oracle raises."""
    number = len(trial.rounds) + 1
    wall, cpu = time.perf_counter(), time.process_time()
    proposals = strategy.ask(number, trial.budget.batch)
    if not proposals:
        trial.exhausted = True
        return
    before = time.process_time()
    try:
        evaluations = _evaluated(number, proposals, oracle, patterns)
    except Exception as reason:
        reason.add_note(f"in round {number} of {strategy.name}; the rounds before it are kept")
        raise
    spent = time.process_time() - before
    told = [e.score if math.isfinite(e.score) else worst for e in evaluations]
    strategy.tell(proposals, told)
    trial.evaluations += evaluations
    trial.rounds.append(
        {
            "round": number,
            "evaluations": len(evaluations),
            "cpu_seconds": time.process_time() - cpu - spent,
            "wall_seconds": time.perf_counter() - wall,
            "oracle_cpu_seconds": spent,
            "remarks": dict(strategy.remarks),
        }
    )


def _evaluated(
    number: int,
    proposals: Sequence[Proposal],
    oracle: Oracle,
    patterns: set[tuple[int, ...]],
) -> list[Evaluation]:
    wanted = [p.architecture for p in proposals if p.architecture is not None]
    scores = oracle.score(wanted)
    answers = iter(zip(scores.values.tolist(), scores.provenance, strict=True))
    rows = []
    for proposal in proposals:
        if proposal.architecture is None:
            rows.append(Evaluation(number, proposal, math.nan, UNDECODABLE, False))
            continue
        score, source = next(answers)
        new = proposal.architecture.skips not in patterns
        score = score if math.isfinite(score) else math.nan
        rows.append(Evaluation(number, proposal, score, source, new))
    return rows


# ---- checkpoints: one folder per round, put in place at once -------------------------------------


def _keep(trial: Trial, strategy: Strategy, folder: Path) -> None:
    """Write the folder of the last round beside the others, then let it appear."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / ROUND_FOLDER.format(len(trial.rounds))
    temporary = folder / f".{final.name}.{os.getpid()}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir()
        write_arrays(temporary / EVALUATIONS_FILE, trial_arrays(trial, exact=True))
        write_json(temporary / STATE_FILE, {"identity": trial.identity(), "rounds": trial.rounds})
        strategy.save(temporary)
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    for old in _kept_rounds(folder)[:-1]:
        shutil.rmtree(old, ignore_errors=True)


def _kept_rounds(folder: Path) -> list[Path]:
    return sorted(folder.glob("round-*"))


def _resume(trial: Trial, strategy: Strategy, folder: Path) -> None:
    """Tell a strategy the rounds that were kept, if there are any."""
    kept = _kept_rounds(folder)
    if not kept:
        return
    path = kept[-1]
    try:
        state = json.loads((path / STATE_FILE).read_text(encoding="utf-8"))
        identity, rounds = state["identity"], state["rounds"]
        evaluations = evaluations_from_arrays(read_arrays(path / EVALUATIONS_FILE))
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise ResultDamaged(
            f"{path} cannot be read ({reason!r}); remove {folder} to begin again"
        ) from reason
    expected = json.loads(json.dumps(trial.identity()))
    for key, value in expected.items():
        if identity.get(key) != value:
            raise CheckpointMismatch(
                f"{folder} holds a search with another {key}; name another folder, or remove it"
            )
    rounds = rounds[: trial.budget.rounds]
    whole = len(rounds) == len(state["rounds"])
    for number in range(1, len(rounds) + 1):
        part = [e for e in evaluations if e.round == number]
        trial.evaluations += part
        worst = trial.start["worst"]
        told = [e.score if math.isfinite(e.score) else worst for e in part]
        strategy.tell([e.proposal for e in part], told)
    trial.rounds = rounds
    if whole:
        strategy.load(path)
