"""The widget without a browser: its traits, its files, its form on the static page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import traitlets

from paper_nas.artifacts import ResultStore
from paper_nas.explorer import widget
from paper_nas.explorer.packing import pack_graphs
from paper_nas.explorer.still import read_array, still_html, unpack_graph
from paper_nas.explorer.widget import LatentExplorer
from paper_nas.rendering import STATIC_SITE_VARIABLE
from paper_nas.space import EnasSpace
from tests.explorer.samples import scored_dataset, store_prepared, store_training
from tests.samples import random_dags

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[str], ResultStore]:
    """Arguments of an explorer of two small models; every fourth row has no score."""
    dataset = replace(scored_dataset(unscored=4), name="tiny-data")
    store = ResultStore(tmp_path_factory.mktemp("results"))
    names = [store_training(store, model, dataset) for model in ("dvae", "dvae-emb")]
    for name in names:
        store_prepared(store, name, dataset)
    return dataset, names, store


@pytest.fixture
def explorer(made: tuple[Any, list[str], ResultStore]) -> LatentExplorer:
    return LatentExplorer(*made)


def test_rows_are_those_with_a_score(explorer: LatentExplorer) -> None:
    assert len(explorer.dataset) == 240
    assert np.isfinite(explorer.dataset.accuracy).all()
    assert explorer.bundle.index["dataset"]["rows"] == 240


def test_what_a_browser_sends_is_at_hand(explorer: LatentExplorer) -> None:
    assert explorer.chosen is None
    assert explorer.selected == []
    known = explorer.dataset.architectures
    explorer.set_state({"architecture": str(known[3]), "selection": [8, 2], "row": 3})
    assert explorer.chosen == known[3]
    assert explorer.selected == [known[8], known[2]]
    explorer.set_state({"architecture": ""})  # an invalid graph
    assert explorer.chosen is None


@pytest.mark.parametrize(
    ("trait", "value", "complaint"),
    [
        ("row", 240, "no row 240: rows are 0 to 239"),
        ("row", -1, "no row -1"),
        ("selection", [0, 500], "no row 500"),
        ("architecture", "1 2 3", "no architecture"),
        ("score_range", [0.7], "least and its greatest"),
        ("score_range", [0.8, 0.7], "least and its greatest"),
        ("architecture", str(EnasSpace(7).sample(1)[0]), "up to 6 layers, not 7"),
        ("model_name", "gcn", "no model 'gcn'"),
        ("latent", [0.0] * 8, "9 finite numbers"),
        ("latent", [0.0] * 8 + [float("nan")], "9 finite numbers"),
    ],
)
def test_a_wrong_trait_is_refused(
    explorer: LatentExplorer, trait: str, value: Any, complaint: str
) -> None:
    before = getattr(explorer, trait)
    with pytest.raises(traitlets.TraitError, match=complaint):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


def test_places_that_there_are_are_taken(explorer: LatentExplorer) -> None:
    for name, value in {
        "model_name": "dvae-emb", "latent": [0.5] * 9, "architecture": "1", "row": 239,
    }.items():  # fmt: skip
        setattr(explorer, name, value)
        assert getattr(explorer, name) == value


def test_the_first_files_come_when_it_is_shown(explorer: LatentExplorer) -> None:
    assert explorer.files == {}
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert VIEW in data
    assert set(explorer.files) == {
        "points.bin", "dvae-coordinates.bin", "dvae-grid.bin",
        "dvae-emb-coordinates.bin", "dvae-emb-grid.bin",
    }  # fmt: skip
    assert explorer.index == explorer.bundle.index
    size = sum(map(len, explorer.files.values())) + len(explorer.bundle.index_bytes())
    assert size == explorer.bundle.first_bytes()


def test_a_file_is_sent_on_demand(
    explorer: LatentExplorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        explorer, "send", lambda content, buffers=None: sent.append((content, buffers))
    )
    explorer._answer(explorer, {"file": "dvae-weights.bin"}, [])
    explorer._answer(explorer, {"file": "../secret"}, [])
    explorer._answer(explorer, "nonsense", [])
    explorer._answer(explorer, {"file": "index.json"}, [])
    (right, buffers), (wrong, nothing), (_, index) = sent
    assert json.loads(index[0]) == explorer.bundle.index
    assert right == {"file": "dvae-weights.bin"}
    assert buffers == [explorer.bundle.files["dvae-weights.bin"]]
    assert "no file ../secret" in wrong["error"]
    assert nothing is None


# ---- on the static page --------------------------------------------------------------------------


class Elements(HTMLParser):
    """Counts elements and keeps what scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)


def test_the_static_page_gets_a_box_and_a_picture(
    made: tuple[Any, list[str], ResultStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATIC_SITE_VARIABLE, "1")
    explorer = LatentExplorer(*made, selection=[4])
    assert explorer.comm is None  # so the page holds no widget state either
    data = explorer._repr_mimebundle_()
    assert set(data) == {"text/html", "text/plain"}
    html = Elements(data["text/html"])
    state = json.loads(html.scripts[0])
    assert state.pop("first") == ["index.json", *explorer._first_files()]
    assert state == {"dataset": "tiny-data", "row": None, "selection": [4], "model_name": ""}
    assert html.tags.count("svg") == 2
    assert html.tags.count("noscript") == 1
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", data["text/html"])


def test_the_still_picture_shows_every_place(explorer: LatentExplorer) -> None:
    html = still_html(explorer.bundle)
    points = read_array(explorer.bundle, explorer.bundle.index["models"][0]["coordinates"], "pca")
    step = (points.max(0) - points.min(0)).max() / 59
    cells = {tuple(cell) for cell in np.floor((points - points.min(0)) / step).astype(int)}
    assert html.count("h7v7h-7z") == len(cells)
    assert "240 architectures" in html


def test_graphs_are_unpacked_as_they_were_packed() -> None:
    batch = random_dags(50, 8, seed=5)
    batch.types[:, 0] = 0
    for place, words in enumerate(zip(*pack_graphs(batch), strict=True)):
        types, edges = unpack_graph(*map(int, words))
        count = int(batch.num_vertices[place])
        assert types == batch.types[place, :count].tolist()
        assert sorted(edges) == sorted(map(tuple, batch.adjacency[place].nonzero().tolist()))


def test_the_front_end_is_in_the_package() -> None:
    assert widget.MODULE.is_file()
    assert len(widget.LOADER.read_text().splitlines()) <= 62
    style = widget.style_sheet()
    assert style.index(".pnx {") < style.index(".pnx-map {") < style.index(".pnx-reels {")
    assert not re.search(r"@import|url\(", style)  # nothing else is loaded
