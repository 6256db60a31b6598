"""The explorer's engine in a browser, against torch, gpytorch's kernels and the package.

The trained models are those of the book, with random architectures in place of the data's rows, so
that nothing is missing where the data are; small untrained models have other sizes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page

from paper_nas.artifacts import ResultStore, write_bytes
from paper_nas.evaluation import encode_graphs
from paper_nas.explorer import TRAININGS, Bundle, export_explorer
from paper_nas.explorer.export import load_prepared
from paper_nas.explorer.packing import pack_architectures, pack_graphs
from paper_nas.graphs import GraphBatch
from paper_nas.space import Architecture, EnasSpace
from paper_nas.training import load_trained
from tests.browser.explorer_engine import (
    DECODE,
    ENCODE,
    FAILURE,
    LATENTS,
    NEAREST,
    PREDICT,
    SET_UP,
    WORKER,
    Case,
    compared_latents,
    stand_in,
    visit_engine,
)
from tests.explorer.samples import (
    UnprojectedResults,
    scored_dataset,
    store_prepared,
    store_training,
)
from tests.samples import mixed_architectures, random_dags

ROUNDING = 1e-3
"""A decision closer to a tie than this, in logits, may fall on the other side by rounding."""
PAGES = {
    **dict.fromkeys(TRAININGS["enas-cifar10"], "cifar10_page"),
    **dict.fromkeys(TRAININGS["enas-digits"], "digits_page"),
    **dict.fromkeys(("dvae_tiny_seed-2", "dvae-emb_tiny_seed-2"), "small_page"),
}
"""The page with the engine of each training."""


@pytest.fixture(scope="module")
def cifar10_page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder, trainings = tmp_path_factory.mktemp("cifar10"), TRAININGS["enas-cifar10"]
    export_explorer(folder, stand_in(trainings[0]), trainings, UnprojectedResults())
    for page in visit_engine(browser, folder):
        page.evaluate(SET_UP, ["dvae", "dvae-emb"])
        yield page


@pytest.fixture(scope="module")
def digits_page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder, trainings = tmp_path_factory.mktemp("digits"), TRAININGS["enas-digits"]
    export_explorer(folder, stand_in(trainings[0]), trainings, UnprojectedResults())
    for page in visit_engine(browser, folder):
        page.evaluate(SET_UP, ["dvae-emb"])
        yield page


@pytest.fixture(scope="module")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    store, dataset = ResultStore(tmp_path_factory.mktemp("results")), scored_dataset()
    for model_name in ("dvae", "dvae-emb"):
        store_prepared(store, store_training(store, model_name, dataset), dataset)
    return store


@pytest.fixture(scope="module")
def small_bundle(
    small_store: ResultStore, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Bundle]:
    """The bundle of the small models, and the folder that it lies in."""
    folder = tmp_path_factory.mktemp("small")
    trainings = [name.removeprefix("explorer/") for name in small_store.names() if "exp" in name]
    return folder, export_explorer(folder, scored_dataset(unscored=5), trainings, small_store)


@pytest.fixture(scope="module")
def small_page(browser: Browser, small_bundle: tuple[Path, Bundle]) -> Iterator[Page]:
    for page in visit_engine(browser, small_bundle[0]):
        page.evaluate(SET_UP, ["dvae", "dvae-emb"])
        yield page


@pytest.fixture(scope="module", params=PAGES)
def case(request: pytest.FixtureRequest, small_store: ResultStore) -> Case:
    training: str = request.param
    trained = PAGES[training] != "small_page"
    store = ResultStore() if trained else small_store
    model = load_trained(store, f"training/{training}")
    dataset = stand_in(training) if trained else scored_dataset(unscored=5).scored_by()
    return Case(
        request.getfixturevalue(PAGES[training]),
        training.split("_")[0],
        model,
        load_prepared(store, training).process,
        compared_latents(model, dataset),
        dataset,
    )


def edges_of(batch: GraphBatch, row: int) -> list[list[int]]:
    """The edges of one graph, ordered by target, then source."""
    pairs = np.argwhere(batch.adjacency[row].numpy() > 0).tolist()
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))


def test_decodes_are_those_of_torch(case: Case) -> None:
    decoded = case.page.evaluate(DECODE, [case.name, case.latents.tolist()])
    wanted = case.model.decode(case.latents)
    strings = [None if a is None else str(a) for a in wanted.to_architectures()]
    assert len({json.dumps(found["edges"] + found["types"]) for found in decoded}) > 15
    differing = []
    for row, found in enumerate(decoded):
        count = int(wanted.num_vertices[row])
        graph = (wanted.types[row, :count].tolist(), edges_of(wanted, row))
        if (found["types"], found["edges"]) == graph:
            assert found["vertices"] == count
            assert found["architecture"] == strings[row]
        else:
            differing.append(found["margin"])
    assert len(differing) <= 0.01 * LATENTS
    assert all(margin < ROUNDING for margin in differing)


def test_margin_and_probabilities_are_those_of_the_logits(case: Case) -> None:
    """A decoded graph takes, of itself, the decisions that teacher forcing looks at."""
    wanted = case.model.decode(case.latents)
    decoded = case.page.evaluate(DECODE, [case.name, case.latents.tolist()])
    with torch.no_grad():
        types, edges = case.model.teacher_forced_logits(wanted, case.latents)
    for row, found in enumerate(decoded[::3]):
        row *= 3
        count = int(wanted.num_vertices[row])
        chosen = min(count - 1, 6)  # types: all but those of START and of END at the last place
        inner = edges[row, : count - 1, : count - 1]
        upper = np.triu_indices(count - 1, 1)
        best = types[row, :chosen].topk(2).values
        margins = torch.cat([best[:, 0] - best[:, 1], inner[upper].abs()])
        assert found["margin"] == pytest.approx(float(margins.min()), abs=ROUNDING)
        chances = np.array(found["typeProbabilities"]).reshape(8, 8)
        wanted_chances = types[row, :chosen].softmax(1).numpy()
        assert chances[1 : chosen + 1] == pytest.approx(wanted_chances, abs=1e-4)
        assert chances[0].tolist() == torch.eye(8)[0].tolist()
        assert chances[count - 1].argmax() == 1
        pairs = np.array(found["edgeProbabilities"]).reshape(8, 8)
        wanted_pairs = inner[upper].sigmoid().numpy()
        assert pairs[: count - 1, : count - 1][upper] == pytest.approx(wanted_pairs, abs=1e-4)


def test_encodes_are_those_of_torch(case: Case) -> None:
    architectures = EnasSpace().sample(60, seed=5) + mixed_architectures(30, seed=6)
    found = case.page.evaluate(ENCODE, [case.name, [str(a) for a in architectures]])
    wanted = encode_graphs(case.model, GraphBatch.from_architectures(architectures))[0]
    assert np.abs(np.array(found) - wanted.numpy()).max() < 1e-3


def test_predictions_are_those_of_the_process(case: Case) -> None:
    mean, sd = case.process.predict(case.latents.numpy(), return_std=True)
    found = case.page.evaluate(PREDICT, [case.name, case.latents.tolist()])
    error = np.array([p["mean"] for p in found]) - mean
    assert np.abs(error / sd).max() < 1e-3
    assert [p["sd"] for p in found] == pytest.approx(sd, rel=1e-3)


def test_neighbours_are_the_nearest(case: Case) -> None:
    latents = encode_graphs(case.model, case.dataset.graphs())[0].numpy()
    places = case.latents[::5].numpy() + 0.01
    found = case.page.evaluate(NEAREST, [case.name, places.tolist(), 8])
    distances = np.linalg.norm(places[:, None] - latents[None], axis=2)
    # Storing a coordinate in a byte moves a row by at most half a step per dimension.
    slack = float(np.linalg.norm(np.ptp(latents, axis=0)) / 255 / 2 + 1e-6)
    for row, nearest in enumerate(found):
        exact = np.sort(distances[row])[:8]
        own = [distances[row, hit["row"]] for hit in nearest]
        given = [hit["distance"] for hit in nearest]
        assert given == sorted(given)
        assert len({hit["row"] for hit in nearest}) == 8
        assert given == pytest.approx(own, abs=slack)
        assert own == pytest.approx(exact, abs=2 * slack)


def test_text_of_architectures(small_page: Page) -> None:
    architectures = mixed_architectures(60, seed=3)
    texts = [str(a) for a in architectures] + [str(a.to_row()) for a in architectures]
    found = small_page.evaluate(
        """(texts) => texts.map((text) => {
          const parsed = engine.parseArchitecture(text);
          return [engine.formatArchitecture(parsed), engine.graphOf(parsed),
            engine.formatArchitecture(engine.architectureOf(engine.graphOf(parsed)))];
        })""",
        texts,
    )
    for (formatted, graph, again), architecture in zip(found, architectures * 2, strict=True):
        assert formatted == again == str(architecture)
        assert graph["types"] == list(architecture.vertex_types)
        assert [tuple(edge) for edge in graph["edges"]] == list(architecture.edges)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" ", "Type an architecture"),
        ("0 1", "2 numbers are no architecture: six layers have 21"),
        (str(EnasSpace(7).sample(1)[0]), "28 numbers are no architecture"),
        ("0 x 1", '"x" is not a whole number'),
        ("0 -1 1", '"-1" is not a whole number'),
        ("0 6 1", "There is no operation 6"),
        ("0 5 2", "A skip connection is 0 or 1, not 2"),
    ],
)
def test_text_that_is_no_architecture(small_page: Page, text: str, sentence: str) -> None:
    name, message = small_page.evaluate(
        """(text) => { try { engine.parseArchitecture(text); } catch ({ name, message }) {
          return [name, message]; } }""",
        text,
    )
    assert name == "BadArchitecture"
    assert sentence in message


def test_packed_rows_and_graphs_are_read_again(small_page: Page) -> None:
    architectures = EnasSpace().sample(40, seed=8)
    words = pack_architectures(architectures, np.arange(40) % 2 == 1)
    found = small_page.evaluate(
        """(words) => words.map((word) =>
          engine.formatArchitecture(engine.architectureOfRow(word)))""",
        words.tolist(),
    )
    assert found == [str(a) for a in architectures]

    chains = [Architecture((o,) * n, (0,) * (n * (n - 1) // 2)) for o in (0, 5) for n in (1, 4)]
    valid = GraphBatch.from_architectures([*chains, *architectures[:20]])
    batch = GraphBatch.concatenate([valid, random_dags(200, 8, seed=1, density=0.8)])
    types, edges = pack_graphs(batch)
    graphs = small_page.evaluate(
        """([types, edges]) => types.map((word, i) => {
          const graph = engine.unpackGraph(word, edges[i]);
          const architecture = engine.architectureOf(graph);
          return [graph, architecture && engine.formatArchitecture(architecture)];
        })""",
        [types.tolist(), edges.tolist()],
    )
    for row, (graph, text) in enumerate(graphs):
        count = int(batch.num_vertices[row])
        assert graph["types"] == [0, *batch.types[row, 1:count].tolist()]
        assert graph["edges"] == edges_of(batch, row)
        if batch.types[row, 0] == 0:  # what is packed begins with START, as what is decoded does
            architecture = batch[row].to_architectures()[0]
            assert text == (None if architecture is None else str(architecture))


def test_arrays_are_read_as_numbers(small_page: Page, small_bundle: tuple[Path, Bundle]) -> None:
    halves = np.array([0.0, -0.0, 1.0, -2.5, 65504.0, 6e-8, -3e-5, 0.1, np.inf], dtype=np.float16)
    read = small_page.evaluate(
        """(bits) => Array.from(engine.readArray(Uint16Array.from(bits).buffer,
          { dtype: "float16", shape: [bits.length], offset: 0 }))""",
        halves.view(np.uint16).tolist(),
    )
    assert read == halves.astype(float).tolist()
    codes = small_page.evaluate(
        """() => Array.from(engine.readArray(Uint8Array.from([0, 1, 255, 3, 4, 5]).buffer,
          { dtype: "uint8", shape: [2, 3], offset: 0, minimum: [0, 10, 20], step: [1, 2, 4],
            missing: 255 })).map(String)"""
    )
    assert codes == ["0", "12", "NaN", "3", "18", "40"]
    accuracy = small_page.evaluate(
        """async () => Array.from(engine.readArray(await fetched(index.points.file),
          index.points.arrays.accuracy))"""
    )
    assert accuracy == pytest.approx(scored_dataset(unscored=5).scored_by().accuracy, abs=1e-6)


@pytest.mark.parametrize("length", [0, 55, 56, 63, 64, 1000, 100_001])
def test_checksum_without_the_browser_s_help(small_page: Page, length: int) -> None:
    found = small_page.evaluate(
        """async (length) => {
          const bytes = new Uint8Array(length).map((_, i) => (7 * i * i + i) % 251);
          return [engine.plainSha256(bytes), await engine.sha256(bytes.buffer)];
        }""",
        length,
    )
    content = bytes((7 * i * i + i) % 251 for i in range(length))
    assert found == [hashlib.sha256(content).hexdigest()] * 2


def damaged(content: bytes) -> bytes:
    """One bit in the middle turned over."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("part", ["weights", "latents", "gp"])
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (damaged, "its checksum differs"),
        (lambda content: content[:-8], "bytes instead of"),
        (lambda content: b"<!doctype html>", "15 bytes instead of"),
    ],
    ids=["flipped", "short", "another"],
)
def test_a_damaged_file_is_named(
    small_page: Page,
    small_bundle: tuple[Path, Bundle],
    part: str,
    harm: Callable[[bytes], bytes],
    words: str,
) -> None:
    folder, bundle = small_bundle
    file = bundle.index["models"][0][part]["file"]
    write_bytes(folder / "harmed.bin", harm(bundle.files[file]))
    model = bundle.index["models"][0]["name"]
    load = {"method": "load", "args": {"model": model, "fetch": {part: "harmed.bin"}}}
    whole = {"method": "load", "args": {"model": model, "fetch": {part: file}}}
    broken, mended = small_page.evaluate(WORKER, [load, whole])
    assert (broken["id"], broken["ok"], broken["error"]["name"]) == (0, False, "DamagedFile")
    assert file in broken["error"]["message"]
    assert words in broken["error"]["message"]
    assert (mended["ok"], mended["value"]["ready"]) == (True, [part])


def test_a_worker_answers(small_page: Page, small_bundle: tuple[Path, Bundle]) -> None:
    entry = small_bundle[1].index["models"][1]
    model, text = entry["name"], str(EnasSpace().sample(1, seed=9)[0])
    latent = [0.1] * entry["latent_size"]
    requests: list[dict[str, Any]] = [
        {"method": "decode", "args": {"model": model, "latent": latent}},
        {
            "method": "load",
            "args": {"model": model, "fetch": {"weights": entry["weights"]["file"]}},
        },
        {"method": "decode", "args": {"model": model, "latent": latent}},
        {"method": "predict", "args": {"model": model, "latent": latent}},
        {"method": "encode", "args": {"model": model, "architecture": text}},
        {"method": "encode", "args": {"model": model, "architecture": "1 2"}},
        {"method": "decode", "args": {"model": model, "latent": [None] * len(latent)}},
        {"method": "decode", "args": {"model": model, "latent": [0.0]}},
        {"method": "toString", "args": {}},
    ]
    answers = small_page.evaluate(WORKER, requests)
    assert [answer["id"] for answer in answers] == list(range(len(requests)))
    names = [None if answer["ok"] else answer["error"]["name"] for answer in answers]
    assert names == [
        "NotLoaded", None, None, "NotLoaded", None, "BadArchitecture", "BadLatent", "BadLatent",
        "BadRequest",
    ]  # fmt: skip
    assert answers[1]["value"]["parameters"] > 1000
    local = small_page.evaluate(DECODE, [model, [latent]])[0]
    for key in ("types", "edges", "architecture", "margin"):
        assert json.dumps(answers[2]["value"][key]) == json.dumps(local[key])
    assert "still waits for its file of the Gaussian process" in answers[3]["error"]["message"]


def test_a_model_that_is_not_there(small_page: Page) -> None:
    arguments = ["load", {"model": "gcn", "index": {"models": []}, "buffers": {}}]
    name, message = small_page.evaluate(FAILURE, arguments)
    assert (name, message) == ("NotLoaded", 'There is no model called "gcn".')
