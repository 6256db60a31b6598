"""The explorer as a widget: in JupyterLab with a kernel, on the static page without one.

In a notebook the files go from the kernel to the browser, the small ones with the widget, the large
ones when the reader begins to move. What the reader does comes back as traits that later cells use,
and what a cell sets moves the page. On the static page the same front end reads the same files
from the site, and no kernel is asked.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from paper_nas.artifacts import ResultStore
from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.explorer.export import INDEX, Bundle, build_bundle
from paper_nas.explorer.packing import LAYERS
from paper_nas.explorer.still import still_html
from paper_nas.rendering import STATIC_SITE_VARIABLE
from paper_nas.space import Architecture

HERE = Path(__file__).parent
MODULE, LOADER = HERE / "explorer.mjs", HERE / "loader.mjs"
"""The front end; the loader is for the static page only."""


def style_sheet() -> str:
    """The explorer's style, all its parts in order."""
    parts = sorted((HERE / "style").glob("*.css"))
    return "\n".join(path.read_text(encoding="utf-8") for path in parts)


class LatentExplorer(anywidget.AnyWidget):
    """Map of all architectures, with the decoders of the trained models running in the browser.

    Args:
        dataset: A data set or its name; rows without a score are left out.
        trainings: Names below ``training/``, one per model; by default the book's.
        store: Where the results are.
        **traits: Where to start, such as ``row=0`` or ``selection=[1, 2]``.

    Attributes:
        dataset: The rows with a score; rows below are numbers in it.
        bundle: The files that the browser reads.
        model_name: The model that is looked at, such as ``"dvae"``.
        row: The known architecture that was chosen, or ``None``.
        selection: Rows selected on the map.
        score_range: Least and greatest score shown; empty without a filter.
        latent: The place we are at, ``Z`` numbers; empty before a browser has shown the widget.
        architecture: What is decoded there, as a string; empty for an invalid graph, and before.
        decoded: ``{"types": [...], "edges": [[source, target], ...]}``, whether valid or not.
        predicted: Mean and standard deviation of the Gaussian process there; empty before.

    Raises:
        ResultMissing, ResultDamaged, DatasetUnavailable, ValueError: As
            :func:`paper_nas.explorer.build_bundle`.
        traitlets.TraitError: A trait is set to a row, a model or an architecture that the explorer
            does not have, or to something that is no latent or no range.
    """

    _esm = MODULE
    _css = style_sheet()
    base = traitlets.Unicode("").tag(sync=True)
    index = traitlets.Dict().tag(sync=True)
    files = traitlets.Dict().tag(sync=True)
    model_name = traitlets.Unicode("").tag(sync=True)
    row = traitlets.Int(None, allow_none=True).tag(sync=True)
    selection = traitlets.List(traitlets.Int()).tag(sync=True)
    score_range = traitlets.List(traitlets.Float()).tag(sync=True)
    latent = traitlets.List(traitlets.Float()).tag(sync=True)
    architecture = traitlets.Unicode("").tag(sync=True)
    decoded = traitlets.Dict().tag(sync=True)
    predicted = traitlets.List(traitlets.Float()).tag(sync=True)

    def __init__(
        self,
        dataset: str | ArchitectureDataset = "enas-cifar10",
        trainings: Sequence[str] | None = None,
        store: ResultStore | None = None,
        **traits: Any,
    ) -> None:
        """Gather the files; nothing is sent before the widget is shown."""
        whole = load_dataset(dataset) if isinstance(dataset, str) else dataset
        self.dataset = whole.scored_by()
        self.bundle: Bundle = build_bundle(whole, trainings, store)
        super().__init__(**traits)
        self.on_msg(self._answer)

    def open(self) -> None:
        """Meet the browser; on the static page there is none to meet."""
        if not on_static_site():
            super().open()

    # ---- for later cells -------------------------------------------------------------------------

    @property
    def chosen(self) -> Architecture | None:
        """The architecture decoded where the reader is, if there is one."""
        return Architecture.from_string(self.architecture) if self.architecture else None

    @property
    def selected(self) -> list[Architecture]:
        """The architectures selected on the map."""
        return [self.dataset.architectures[row] for row in self.selection]

    @traitlets.validate("row")
    def _check_row(self, proposal: Any) -> int | None:
        if proposal["value"] is not None:
            self._check_rows([proposal["value"]])
        row: int | None = proposal["value"]
        return row

    @traitlets.validate("selection")
    def _check_selection(self, proposal: Any) -> list[int]:
        rows: list[int] = proposal["value"]
        self._check_rows(rows)
        return rows

    def _check_rows(self, rows: list[int]) -> None:
        if wrong := [row for row in rows if not 0 <= row < len(self.dataset)]:
            raise traitlets.TraitError(
                f"there is no row {wrong[0]}: rows are 0 to {len(self.dataset) - 1}"
            )

    @traitlets.validate("model_name")
    def _check_model(self, proposal: Any) -> str:
        name: str = proposal["value"]
        if name and name not in self._models:
            raise traitlets.TraitError(f"there is no model {name!r}: there is {[*self._models]}")
        return name

    @traitlets.validate("latent")
    def _check_latent(self, proposal: Any) -> list[float]:
        latent: list[float] = proposal["value"]
        model = self._models[self.model_name or next(iter(self._models))]
        size: int = model["latent_size"]
        if latent and not (len(latent) == size and all(map(math.isfinite, latent))):
            raise traitlets.TraitError(f"a latent of {model['label']} is {size} finite numbers")
        return latent

    @traitlets.validate("score_range")
    def _check_range(self, proposal: Any) -> list[float]:
        ends: list[float] = proposal["value"]
        if ends and not (len(ends) == 2 and ends[0] <= ends[1]):
            raise traitlets.TraitError(f"a range is its least and its greatest score, not {ends}")
        return ends

    @traitlets.validate("architecture")
    def _check_architecture(self, proposal: Any) -> str:
        text: str = proposal["value"]
        if not text:
            return ""
        try:
            architecture = Architecture.from_string(text)
        except ValueError as reason:
            raise traitlets.TraitError(f"no architecture: {reason}") from reason
        if architecture.num_layers > LAYERS:
            raise traitlets.TraitError(
                f"the explorer's architectures have up to {LAYERS} layers, not "
                f"{architecture.num_layers}"
            )
        return str(architecture)

    @property
    def _models(self) -> dict[str, dict[str, Any]]:
        """The models of the index, by name."""
        return {model["name"]: model for model in self.bundle.index["models"]}

    # ---- the browser's side ----------------------------------------------------------------------

    def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
        """Send the file that the browser asks for.

        Inside another widget, such as a ``VBox``, nothing went with the widget itself: then these
        are the index and the first files, too.
        """
        name = content.get("file") if isinstance(content, dict) else None
        files = {INDEX: self.bundle.index_bytes(), **self.bundle.files}
        if name in files:
            self.send({"file": name}, [files[name]])
        elif isinstance(name, str):
            self.send({"file": name, "error": f"The kernel has no file {name}."})

    def _first_files(self) -> dict[str, bytes]:
        """What the first picture needs."""
        described = [self.bundle.index["points"]]
        for model in self.bundle.index["models"]:
            described += [model["coordinates"], model["grid"]]
        return {entry["file"]: self.bundle.files[entry["file"]] for entry in described}

    @cached_property
    def _still(self) -> str:
        return still_html(self.bundle)

    def static_html(self) -> str:
        """What the static page holds: a still picture in a box that ``loader.mjs`` fills."""
        state = {
            "dataset": self.dataset.name,
            "first": [INDEX, *self._first_files()],
            "model_name": self.model_name,
            "row": self.row,
            "selection": self.selection,
        }
        safe = json.dumps(state).replace("<", "\\u003c")
        return (
            f'<div class="paper-nas-explorer" data-dataset="{self.dataset.name}">'
            f'<script type="application/json">{safe}</script>{self._still}</div>'
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if on_static_site():
            return {"text/html": self.static_html(), "text/plain": repr(self)}
        if not self.files:
            self.set_trait("index", self.bundle.index)
            self.set_trait("files", self._first_files())
        return super()._repr_mimebundle_(**options)


def on_static_site() -> bool:
    """Whether the notebook runs for the static site."""
    return os.environ.get(STATIC_SITE_VARIABLE) == "1"
