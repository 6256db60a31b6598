"""Which results there should be: the list of ``results.yml``, with the command that makes each.

Names and configurations come from the commands' own parsers and functions, so that the list cannot
ask for what a command would not make.
"""

from __future__ import annotations

import argparse
import itertools
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from paper_nas.__main__ import COMMANDS
from paper_nas.arms import arm_config, planned_arms
from paper_nas.arms.data import labels_sha256
from paper_nas.benchmark.make import GATE, SHARING
from paper_nas.commands import evaluate, predict, project
from paper_nas.commands.cluster import NAME as CLUSTER
from paper_nas.commands.options import evaluated_epoch, run_name, training_config
from paper_nas.commands.search import trial_jobs
from paper_nas.models import MODEL_NAMES
from paper_nas.search import SETTINGS

CATALOGUE = Path(__file__).with_name("results.yml")
POSITIONAL = {"benchmark": "what", "search": "strategy", "prepare-explorer": "training"}
"""The argument without a flag; of all other commands it is the model."""
WITHOUT_ARGUMENT = ("search-top", "search-autopsy", "arms", "cluster")
ALWAYS = {
    "train": ("--resume",),
    "trial": ("--resume",),
    "predict": ("--again",),
    "project": ("--again",),
    "search": ("--again",),
    "arms": ("--again",),
}
"""What the workflow adds: it goes on with unfinished work, and decides itself what is current."""
FOLLOWERS = ("evaluate", "predict", "project", "prepare-explorer")
"""Steps that follow a training, in this order."""

Options = Mapping[str, Any]


class CatalogueError(ValueError):
    """The list of results asks for something that no command makes, or for something twice."""


@dataclass(frozen=True)
class Result:
    """One result that there should be.

    Attributes:
        name: Its name in the store.
        step: A key of :data:`paper_nas.steps.STEP_VERSIONS`.
        words: The command that makes it, after ``python -m paper_nas``.
        inputs: Names of the results that it is made from.
        expects: What its manifest's configuration must say.
        dataset: Name of its data set, if a stored checksum can be held against it.
        checkpoint: Training whose checkpoint it needs: weights of which no result is stored.
    """

    name: str
    step: str
    words: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    expects: dict[str, Any] = field(default_factory=dict)
    dataset: str | None = None
    checkpoint: str | None = None

    @property
    def command(self) -> str:
        """The command line."""
        return shlex.join(["python", "-m", "paper_nas", *self.words])


def read_catalogue(path: str | Path = CATALOGUE) -> dict[str, Result]:
    """All results of a list by name, each after those that it is made from.

    Raises:
        CatalogueError: The list asks for what no command makes, or twice for one result.
    """
    content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    steps = ("benchmark", "train", "trial", "predict", "project", *_AFTER)
    if unknown := content.keys() - set(steps):
        raise CatalogueError(f"{path} lists {sorted(unknown)}; there are {steps}")
    results: dict[str, Result] = {}
    for step in steps:
        for entry in content.get(step) or ():
            for result in _results(step, entry, results):
                if result.name in results:
                    raise CatalogueError(f"{path} lists {result.name} twice")
                results[result.name] = result
    return results


def expand(options: Options) -> Iterator[dict[str, Any]]:
    """One set of options for each combination of values; ``"0..9"`` stands for ten numbers.

    >>> [*expand({"seed": "0..1", "model": ["a", "b"]})][1:3]
    [{'seed': 0, 'model': 'b'}, {'seed': 1, 'model': 'a'}]
    """
    values = [_values(value) for value in options.values()]
    for chosen in itertools.product(*values):
        yield dict(zip(options, chosen, strict=True))


def _values(value: Any) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+)\.\.(\d+)", value)):
        return range(int(found[1]), int(found[2]) + 1)
    return [value]


def command_words(step: str, options: Options) -> tuple[str, ...]:
    """The words of a command: step, argument, options.

    >>> command_words("train", {"model": "dvae", "seed": 1, "keep-weights": True})
    ('train', 'dvae', '--seed', '1', '--keep-weights', '--resume')
    """
    given = dict(options)
    words = [step]
    if step not in WITHOUT_ARGUMENT:
        words.append(str(given.pop(POSITIONAL.get(step, "model"))))
    for key, value in given.items():
        words += [f"--{key}"] if value is True else [f"--{key}", str(value)]
    return (*words, *ALWAYS.get(step, ()))


@cache
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m paper_nas")
    commands = parser.add_subparsers(required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def _parse(words: Sequence[str]) -> argparse.Namespace:
    try:
        options = _parser().parse_args(words)
    except SystemExit as reason:  # argparse has said why
        raise CatalogueError(f"no such command: {shlex.join(words)}") from reason
    model = getattr(options, "model", MODEL_NAMES[0])
    if model not in (*MODEL_NAMES, "baselines", project.ONE_HOT):
        raise CatalogueError(f"no such model: {shlex.join(words)}")
    return options


# ---- what each entry asks for --------------------------------------------------------------------


def _results(step: str, entry: Any, known: Mapping[str, Result]) -> Iterator[Result]:
    if step == "train":
        for options in expand(entry["train"]):
            yield from _training(options, entry, known)
        return
    if step == "arms":  # the plan names them
        entry = {"only": [arm.name for arm in planned_arms()], **entry}
    for options in expand(entry):
        words = command_words(step, options)
        yield _BUILDERS[step](words, _parse(words), known)


def _training(options: Options, entry: Options, known: Mapping[str, Result]) -> Iterator[Result]:
    if unknown := entry.keys() - {"train", *FOLLOWERS}:
        raise CatalogueError(f"after a training there is no {sorted(unknown)}")
    words = command_words("train", options)
    training = _train(words, _parse(words), known)
    made = {**known, training.name: training}
    yield training
    its_own = {key: value for key, value in options.items() if key != "keep-weights"}
    for step in FOLLOWERS:
        for more in entry.get(step) or ():
            for further in expand(more):
                given = {**its_own, **further}
                if step == "prepare-explorer":
                    given = {"training": training.name.removeprefix("training/"), **further}
                words = command_words(step, given)
                result = _BUILDERS[step](words, _parse(words), made)
                made[result.name] = result
                yield result


def _train(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    config = training_config(options)
    name = f"training/{run_name(options, config)}"
    expects = {"model": options.model, **config.to_json_dict()}
    return Result(name, "train", words, _data(options, known), expects, options.dataset)


def _trial(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    config = training_config(options).changed(snapshots=())
    expects = {"model": options.model, **config.to_json_dict()}
    if config.train_limit is None:
        del expects["train_limit"]  # the command sets it to a share of the data
    name = f"trials/{run_name(options, config)}"
    return Result(name, "trial", words, _data(options, known), expects, options.dataset)


def _data(options: argparse.Namespace, known: Mapping[str, Result]) -> tuple[str, ...]:
    """The result that comes with the data set, where the list has it."""
    return (SHARING,) if options.dataset == "enas-digits" and SHARING in known else ()


def _of_training(
    options: argparse.Namespace, known: Mapping[str, Result]
) -> tuple[str, dict[str, Any], tuple[str, ...], str | None]:
    """Name of the training, what is evaluated of it, inputs, and whose checkpoint is needed."""
    config = training_config(options)
    training = run_name(options, config)
    iteration, epoch, last = evaluated_epoch(options, config)
    seen = {"evaluated_iteration": iteration, "evaluated_epoch": epoch}
    if epoch == 0:
        return training, seen, _data(options, known), None
    name = f"training/{training}"
    if name not in known:
        raise CatalogueError(f"the list has no {name}, but asks for what is made from it")
    kept = last and "--keep-weights" in known[name].words
    return training, seen, (name,), None if kept else name


def _evaluate(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    config = training_config(options)
    _, seen, inputs, checkpoint = _of_training(options, known)
    name = evaluate.evaluation_name(options)
    own = {"model": options.model, "preset": options.preset, "decodes": options.decodes}
    expects = {**config.to_json_dict(), **own, **seen}
    return Result(name, "evaluate", words, inputs, expects, options.dataset, checkpoint)


def _predict(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    if options.model == "baselines":
        return _baseline(words, options, known)
    training, seen, inputs, checkpoint = _of_training(options, known)
    split, estimator = options.split or predict.plain_split(options.dataset), options.estimator
    name = f"prediction/{predict.prediction_name(options, split, estimator)}"
    count = predict.GP_SEEDS if options.gp_seeds is None else options.gp_seeds
    own = {"split": split, "estimator": estimator, "gp_seeds": list(range(count))}
    expects = {"training": training, **own, **seen}
    return Result(name, "predict", words, inputs, expects, options.dataset, checkpoint)


def _baseline(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    if not options.baseline:
        raise CatalogueError("predict baselines: name the baseline, one result each")
    split = options.split or predict.plain_split(options.dataset)
    name = f"prediction/{predict.baseline_name(options, options.baseline, split)}"
    words = (*words, *(() if options.split else ("--split", split)))
    expects = {"baseline": options.baseline, "split": split}
    return Result(name, "baseline", words, _data(options, known), expects, options.dataset)


def _project(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    if options.model == project.ONE_HOT:
        name = f"projections/{project.projection_name(options)}"
        expects = {"space": project.ONE_HOT, "dataset": options.dataset}
        return Result(name, "project", words, _data(options, known), expects, options.dataset)
    training, seen, inputs, checkpoint = _of_training(options, known)
    name = f"projections/{project.projection_name(options)}"
    expects = {"training": training, **seen}
    return Result(name, "project", words, inputs, expects, options.dataset, checkpoint)


def _explorer(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    wanted = (f"training/{options.training}", f"prediction/{options.training}")
    inputs = tuple(name for name in wanted if name in known)
    dataset = known[wanted[0]].dataset
    expects = {"training": options.training, "grid_size": options.grid_size}
    name = f"explorer/{options.training}"
    return Result(name, "prepare-explorer", words, inputs, expects, dataset)


def _benchmark(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    return Result(GATE if options.what == "gate" else SHARING, "benchmark", words)


def _search(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    (job,) = trial_jobs(options)
    dataset = SETTINGS[job.setting].dataset
    training = f"training/{job.training}"
    if job.training is not None and training not in known:
        raise CatalogueError(f"the list has no {training}, but a search that uses it")
    inputs = (training,) if job.training else _data(argparse.Namespace(dataset=dataset), known)
    names = ("strategy", "setting", "training", "settings", "latents")
    expects = {key: getattr(job, key) for key in names}
    expects |= {"rounds": job.budget.rounds, "batch": job.budget.batch}
    return Result(job.name, "search", words, inputs, expects, dataset)


def _search_top(
    words: tuple[str, ...], options: argparse.Namespace, known: Mapping[str, Result]
) -> Result:
    inputs = tuple(
        result.name
        for result in known.values()
        if result.step == "search" and result.expects["setting"] == options.setting
    )
    expects = {key: getattr(options, key) for key in ("setting", "count", "seeds")}
    return Result(f"search/top/{options.setting}", "search-top", words, inputs, expects)


def _search_autopsy(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    expects = {"per_group": options.per_group, "seeds": options.seeds}
    return Result("search/autopsy", "search-autopsy", words, (), expects)


def _arms(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    arms = {arm.name: arm for arm in planned_arms()}
    if options.only not in arms:
        raise CatalogueError(f"the plan of the arms has no {options.only}")
    arm = arms[options.only]
    inputs = _data(argparse.Namespace(dataset="enas-digits"), known)
    expects: dict[str, Any] = {"code": arm.code, "input_scale": arm.scale, "seed": arm.seed}
    expects["labels_sha256"] = labels_sha256()
    if arm.source is None:
        expects |= arm_config(arm).to_json_dict()
    else:
        inputs = (*inputs, arm.source.name)
    return Result(arm.name, "arms", words, inputs, expects)


def _cluster(words: tuple[str, ...], options: argparse.Namespace, known: Any) -> Result:
    return Result(CLUSTER, "cluster", words)


_AFTER = ("search", "search-top", "search-autopsy", "arms", "cluster")
_BUILDERS = {
    "benchmark": _benchmark,
    "trial": _trial,
    "evaluate": _evaluate,
    "predict": _predict,
    "project": _project,
    "prepare-explorer": _explorer,
    "search": _search,
    "search-top": _search_top,
    "search-autopsy": _search_autopsy,
    "arms": _arms,
    "cluster": _cluster,
}
