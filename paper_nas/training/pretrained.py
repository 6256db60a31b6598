"""The weights that come with the repository, by name."""

from __future__ import annotations

from pathlib import Path

from paper_nas.artifacts import ResultMissing, ResultStore
from paper_nas.models import GraphVae
from paper_nas.models.registry import model_names
from paper_nas.training.checkpoints import load_trained

PLAIN = "_fast-128_seed-0"
"""What may be left out of a training's name."""


def pretrained_names(results: str | Path | None = None) -> tuple[str, ...]:
    """Names of the trainings that :func:`load_pretrained` can load.

    Args:
        results: Folder of results; by default that of the repository the package lies in.

    Raises:
        ResultMissing: There is no such folder, or no training in it keeps weights.
    """
    store = ResultStore(results)
    found = stored_weights(store)
    if not found:
        raise ResultMissing(
            f"no weights in {store.root}: they come with the repository, not with the installed "
            "package. Name the folder results of a copy of the repository, or train a model: "
            "python -m paper_nas train dvae-emb --preset fast-128 --keep-weights"
        )
    return found


def stored_weights(store: ResultStore) -> tuple[str, ...]:
    """Names of the trainings of a store that keep their weights, without ``training/``."""
    names = (name for name in store.names() if name.startswith("training/"))
    return tuple(
        name.removeprefix("training/")
        for name in names
        if "weights.safetensors" in store.manifest(name).files
    )


def load_pretrained(name: str, results: str | Path | None = None) -> GraphVae:
    """A trained model by name, ready for evaluation.

    Args:
        name: A member of :func:`pretrained_names`; a model's name alone, such as ``"dvae-emb"``,
            means its first training under the preset ``fast-128``.
        results: As for :func:`pretrained_names`.

    Raises:
        ResultMissing: There is no such training, or no weights at all; or it is of a plugin's
            model, and the plugin is not loaded.
        ResultDamaged: A file is not the one that its manifest names.
    """
    known = pretrained_names(results)
    chosen = next((training for training in (name, name + PLAIN) if training in known), None)
    if chosen is None:
        short = [training.removesuffix(PLAIN) for training in known if training.endswith(PLAIN)]
        others = [training for training in known if not training.endswith(PLAIN)]
        raise ResultMissing(f"no weights named {name!r}; there are {', '.join(short + others)}")
    store = ResultStore(results)
    manifest = store.manifest(f"training/{chosen}")
    if (model := manifest.configuration["model"]) not in model_names():
        file = manifest.package.get("plugin", {}).get("file", "a file that is not known")
        raise ResultMissing(
            f"{chosen} is of the model {model!r} of {file}: load that file first, with "
            "paper_nas.models.plugins.load_plugin"
        )
    return load_trained(store, f"training/{chosen}")
