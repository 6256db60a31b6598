"""The explorer's engine on a page, and what the page is asked to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from playwright.sync_api import Browser, Page

from paper_nas.artifacts import ResultStore
from paper_nas.datasets import ArchitectureDataset
from paper_nas.evaluation import encode_graphs
from paper_nas.models import GraphVae
from paper_nas.regression import SparseGP
from tests.browser.server import Visit, serve
from tests.explorer.samples import scored_dataset
from tools.assemble_explorer import engine_module

LATENTS = 200
"""Of each model."""
PAGE = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>engine</title>"
SET_UP = """async (models) => {
  const { engine } = await import("./engine.mjs");
  const index = await (await fetch("index.json")).json();
  const fetched = async (name) => (await fetch(name)).arrayBuffer();
  Object.assign(window, { engine, index, fetched, local: engine.createEngine() });
  for (const model of models) {
    const entry = index.models.find(({ name }) => name === model);
    const buffers = {};
    for (const part of ["weights", "latents", "gp"]) {
      buffers[part] = await fetched(entry[part].file);
    }
    await local.call("load", { model, index, buffers });
  }
}"""
DECODE = """([model, latents]) => Promise.all(latents.map((latent) =>
  local.call("decode", { model, latent: Float32Array.from(latent) })
    .then(({ probabilities, ...rest }) => ({
      ...rest,
      typeProbabilities: Array.from(probabilities.types),
      edgeProbabilities: Array.from(probabilities.edges),
    }))))"""
ENCODE = """([model, texts]) => Promise.all(texts.map((architecture) =>
  local.call("encode", { model, architecture }).then((mean) => Array.from(mean))))"""
PREDICT = """([model, latents]) => Promise.all(latents.map((latent) =>
  local.call("predict", { model, latent })))"""
NEAREST = """([model, latents, count]) => Promise.all(latents.map((latent) =>
  local.call("nearest", { model, latent, count })))"""
FAILURE = """([method, args]) => local.call(method, args).then(
  () => null, ({ name, message }) => [name, message])"""
WORKER = """async (requests) => {
  const blob = new Blob([engine.workerSource()], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(blob));
  const answers = [];
  for (const [id, { method, args }] of requests.entries()) {
    if (args.fetch) Object.assign(args, { index, buffers: {} });
    for (const [part, file] of Object.entries(args.fetch ?? {})) {
      args.buffers[part] = await fetched(file);
    }
    answers.push(await new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ id, method, args });
    }));
  }
  worker.terminate();
  return answers;
}"""


@dataclass(frozen=True)
class Case:
    """A model in the browser and the same one here.

    Attributes:
        page: With the engine loaded.
        name: Of the model in the engine.
        model: In torch.
        process: As it was packed.
        latents: ``[LATENTS, Z]`` where they are compared: half of them encoded, half drawn.
        dataset: The rows.
    """

    page: Page
    name: str
    model: GraphVae
    process: SparseGP
    latents: torch.Tensor
    dataset: ArchitectureDataset


def stand_in(training: str) -> ArchitectureDataset:
    """Random architectures with random scores, under the name and checksum of a training's data."""
    data = ResultStore().manifest(f"training/{training}").dataset
    return replace(scored_dataset(300), name=data["name"], sha256=data["sha256"])


def compared_latents(model: GraphVae, dataset: ArchitectureDataset) -> torch.Tensor:
    """Half encoded, a quarter drawn near the data's latents, a quarter from N(0, 1)."""
    generator = torch.Generator().manual_seed(0)
    known = encode_graphs(model, dataset.graphs())[0]
    drawn = torch.randn(LATENTS // 2, model.latent_size, generator=generator)
    drawn[: LATENTS // 4] = drawn[: LATENTS // 4] * known.std(0) + known.mean(0)
    return torch.cat([known[: LATENTS // 2], drawn])


def visit_engine(browser: Browser, folder: Path) -> Iterator[Page]:
    """A page with the engine of a folder; what goes wrong on it fails the test."""
    (folder / "engine.mjs").write_text(engine_module(), encoding="utf-8")
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    with serve(folder) as address:
        visit = Visit(browser, address, "light", 800)
        page = visit.open("page.html")
        yield page
        problems = list(visit.problems)
        visit.close()
    assert problems == []
