"""The explorer in headless Chromium: how long a decode takes, how much a page transfers.

``python -m benchmarks.explorer [--repeats 200] [--json]``

The models are the book's. Milliseconds of a decode are measured in a worker, by its own clock
(``computing``), and from the request to the answer on the page (``answered``); the latents are
those of random architectures, each decoded once, after some for warm-up. ``nearest``, ``predict``
and ``encode`` are measured from request to answer. The bytes are those of the exported files;
where the CIFAR-10 data are not there, random architectures stand in for the rows, of which
coordinates and points take as many bytes. ``meets_the_bars`` holds for one core of its own, so
pause other work on the machine first.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from paper_nas.artifacts import sgemm_rate
from paper_nas.datasets import ENAS_SHA256, ArchitectureDataset, DatasetUnavailable, load_dataset
from paper_nas.explorer import Bundle, export_explorer
from paper_nas.space import EnasSpace
from tests.browser.server import launch, serve
from tests.samples import tiny_dataset
from tools.assemble_explorer import MODULE, engine_module

ROWS = 19_020
DECODE_BAR = 16.0
"""Most milliseconds of a decode, median; the issue allows 33."""
FIRST_BAR = 3e6
"""Most bytes before the first interaction, besides what all pages of the site share."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WARM_UP = 20
MEASURE = """async ([name, texts, warmUp]) => {
  const { engine } = await import("./engine.mjs");
  const index = await (await fetch("index.json")).json();
  const entry = index.models.find((model) => model.name === name);
  const source = new Blob([engine.workerSource()], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(source));
  const ask = (method, args) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.ok ? resolve(data.value) : reject(data.error.message));
    worker.postMessage({ id: 0, method, args: { model: name, ...args } });
  });
  const times = { load: [], encode: [], computing: [], answered: [], predict: [], nearest: [] };
  const timed = async (what, method, args) => {
    const start = performance.now();
    const value = await ask(method, args);
    times[what].push(performance.now() - start);
    return value;
  };
  for (const part of ["weights", "latents", "gp"]) {
    const buffer = await (await fetch(entry[part].file)).arrayBuffer();
    await timed("load", "load", { index, buffers: { [part]: buffer } });
  }
  for (const architecture of texts) {
    const latent = await timed("encode", "encode", { architecture });
    const { milliseconds } = await timed("answered", "decode", { latent });
    times.computing.push(milliseconds);
    await timed("predict", "predict", { latent });
    await timed("nearest", "nearest", { latent, count: 8 });
  }
  worker.terminate();
  for (const what of Object.keys(times)) if (what !== "load") times[what].splice(0, warmUp);
  return times;
}"""


def rows() -> ArchitectureDataset:
    """The CIFAR-10 data, or as many random architectures under their name."""
    try:
        return load_dataset("enas-cifar10")
    except DatasetUnavailable:
        return replace(tiny_dataset(ROWS), name="enas-cifar10", sha256=ENAS_SHA256)


def engine_times(folder: Path, bundle: Bundle, repeats: int) -> dict[str, dict[str, float]]:
    """Medians in milliseconds, by model; of a load it is the sum over the three files.

    Args:
        folder: Where the bundle was written.
        bundle: The bundle.
        repeats: Architectures that are encoded and decoded.
    """
    (folder / "engine.mjs").write_text(engine_module(), encoding="utf-8")
    (folder / "page.html").write_text("<!doctype html><title>engine</title>", encoding="utf-8")
    texts = [str(a) for a in EnasSpace().sample(repeats + WARM_UP, seed=0)]
    figures = {}
    with serve(folder) as address, launch(installed_browser()) as browser:
        for model in bundle.index["models"]:
            page = browser.new_page()
            page.goto(address + "page.html")
            times = page.evaluate(MEASURE, [model["name"], texts, WARM_UP])
            page.close()
            load = round(sum(times.pop("load")), 1)
            medians = {k: round(statistics.median(v), 2) for k, v in times.items()}
            worst = round(max(times["computing"]), 2)
            figures[model["name"]] = {"load": load, **medians, "worst_computing": worst}
    return figures


def installed_browser() -> str:
    """The first browser on the path.

    Raises:
        SystemExit: There is none.
    """
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise SystemExit("no Chromium on the path")


def page_weight(bundle: Bundle) -> dict[str, int]:
    """Uncompressed bytes of the module and of the files: at first, then by what comes later."""
    later = {
        f"{model['name']}_{part}": model[part]["bytes"]
        for model in bundle.index["models"]
        for part in ("weights", "latents", "gp")
    }
    module = MODULE.stat().st_size
    return {"module": module, "first": module + bundle.first_bytes(), **later}


def measure(repeats: int) -> dict[str, Any]:
    """All figures, and whether they meet the bars."""
    with tempfile.TemporaryDirectory(prefix="paper_nas_explorer_") as name:
        folder = Path(name)
        bundle = export_explorer(folder, rows())
        times, weight = engine_times(folder, bundle, repeats), page_weight(bundle)
    decode = max(model["answered"] for model in times.values())
    return {
        "sgemm_gflops": round(sgemm_rate(), 1),
        "milliseconds": times,
        "bytes": weight,
        "meets_the_bars": {"decode": decode < DECODE_BAR, "first": weight["first"] < FIRST_BAR},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed and weight of the explorer.")
    parser.add_argument("--repeats", type=int, default=200, help="decodes per model")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args(arguments)
    figures = measure(options.repeats)
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    for title, values in figures.items():
        print(f"{title}: {values}")


if __name__ == "__main__":
    main()
