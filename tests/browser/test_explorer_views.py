"""Where the reader goes while weights are under way: both models, and both views, stay there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route

from paper_nas.datasets import ArchitectureDataset
from paper_nas.drawing import display_label
from paper_nas.space import OPERATION_NAMES, Architecture
from tests.browser.explorer_site import (
    NEXT_FRAME,
    RESTED,
    decoded,
    known_architectures,
    make_site,
    middle,
    wait_for_text,
)
from tests.browser.server import serve

PAGE = """<!doctype html><html lang=en><head><meta charset=utf-8><link rel=icon href=data:,>
<title>views</title><link rel=stylesheet href=_static/paper_nas.css>
<link rel=stylesheet href=_static/explorer.css>
<style>body {{ display: flex; gap: 16px }} .view {{ flex: none; width: 900px }}</style></head>
<body>{views}</body></html>"""
VIEWS = ("first", "second")
SHOW_VIEWS = """async (base) => {
  const { default: explorer } = await import('./_static/explorer.mjs');
  const listeners = new Map();
  window.traits = { model_name: '', row: null, selection: [], score_range: [], latent: [],
    architecture: '', decoded: {}, predicted: [] };
  window.told = [];
  window.set = (name, value, options = {}) => {
    if (JSON.stringify(traits[name]) === JSON.stringify(value)) return;
    traits[name] = value;
    told.push([name, value]);
    for (const listener of listeners.get(`change:${name}`) ?? []) listener({}, value, options);
  };
  const model = (folder) => ({ set, save_changes() {}, send() {}, off() {},
    get: (name) => (name === 'base' ? `${base}${folder}/` : traits[name]),
    on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]) });
  for (const el of document.querySelectorAll('.view')) {
    explorer.render({ model: model(el.id), el });
  }
}"""
"""Views of one widget, as a notebook has them, each with a folder of its own for its files.

`set` is what a cell does, `told` has all that has changed."""
BEST_THEN_BESIDE = """() => { const press = (text, kind) =>
  [...document.querySelectorAll(`.pnx ${kind}`)].find((node) => node.textContent === text).click();
  press('Best', 'button'); press('side by side', 'label'); }"""
SPIN_THEN_BEST = """() => { const press = (text) =>
  [...document.querySelectorAll('.pnx button')].find((node) => node.textContent === text).click();
  press('Spin'); setTimeout(() => press('Best'), 150); }"""
TOLD_MILLISECONDS = 90
"""A view tells its traits this long after its last change."""


class Gate:
    """The request of a view for a file, which waits until it may pass."""

    def __init__(self, page: Page, name: str) -> None:
        """Hold the request for a file such as ``first/dvae-weights.bin``."""
        self.page = page
        self.waiting: list[Route] = []
        page.route(f"**/{name}", lambda route: self.waiting.append(route))

    def open(self) -> None:
        """Let it pass, once it has come."""
        while not self.waiting:
            self.page.wait_for_timeout(20)
        self.waiting.pop().continue_()


@pytest.fixture(scope="module")
def dataset() -> ArchitectureDataset:
    return known_architectures(800)


@pytest.fixture(scope="module")
def best(dataset: ArchitectureDataset) -> int:
    return int(dataset.accuracy.argmax())


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, dataset: ArchitectureDataset
) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("explorer")
    make_site(folder, dataset)
    files = folder / "_static" / "explorer" / dataset.name
    for count, name in enumerate(VIEWS, start=1):
        shutil.copytree(files, folder / name)
        views = "".join(f"<div class=view id={view}></div>" for view in VIEWS[:count])
        (folder / f"{count}.html").write_text(PAGE.format(views=views), encoding="utf-8")
    with serve(folder) as address:
        yield address


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """An empty window in which nothing may go wrong."""
    context = browser.new_context(viewport={"width": 1850, "height": 1000})
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def one(window: Page, address: str) -> Page:
    """A window with one view of a widget."""
    return show(window, address, 1)


@pytest.fixture
def two(window: Page, address: str) -> tuple[Page, Gate]:
    """A window with two views of a widget, the second of which waits for its weights."""
    gate = Gate(window, "second/dvae-weights.bin")
    return show(window, address, 2), gate


def show(page: Page, address: str, views: int) -> Page:
    page.goto(f"{address}{views}.html")
    page.evaluate(SHOW_VIEWS, address)
    for view in page.locator(".view").all():
        view.locator(".pnx-dag rect").first.wait_for()
    rest(page)
    page.evaluate("() => void told.splice(0)")
    return page


def press(page: Page, name: str) -> None:
    """Press a button of the first view."""
    page.get_by_role("button", name=name, exact=True).first.click()


def drag(page: Page, ring: Locator, way: tuple[float, float]) -> None:
    page.evaluate(NEXT_FRAME)
    x, y = middle(ring)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + way[0], y + way[1], steps=4)
    page.mouse.up()


def read_by_model(page: Page, view: int = 0, model: int = 0) -> None:
    """Wait until a model of a view has read where it is."""
    page.wait_for_function(
        "([view, model]) => document.querySelectorAll('.view')[view]"
        ".querySelectorAll('.pnx-state')[model]?.textContent.includes(' ms')",
        arg=[view, model],
    )


def rest(page: Page) -> None:
    """Wait until no view has anything more to tell."""
    page.evaluate(
        """(pause) => new Promise((resolve) => {
          let [count, since] = [told.length, performance.now()];
          const look = () => {
            if (told.length !== count) [count, since] = [told.length, performance.now()];
            if (performance.now() - since < pause) requestAnimationFrame(look);
            else resolve();
          };
          look(); })""",
        5 * TOLD_MILLISECONDS,
    )


def told(page: Page, name: str) -> list[Any]:
    """All values that a trait has had, after its first."""
    return page.evaluate("(name) => told.filter(([key]) => key === name).map(([, v]) => v)", name)


def strings(page: Page) -> list[str]:
    """What all models of all views decode, once it rests."""
    rest(page)
    return [page.evaluate(RESTED, number) for number in range(page.locator(".pnx-string").count())]


# ---- two views of a widget -----------------------------------------------------------------------


def test_a_row_stands_while_the_other_view_loads(
    two: tuple[Page, Gate], dataset: ArchitectureDataset, best: int
) -> None:
    page, gate = two
    press(page, "Best")
    read_by_model(page, view=0)
    rest(page)
    assert told(page, "row") == [best]
    latent = page.evaluate("traits.latent")
    assert len(latent) == 56
    assert page.evaluate("traits.predicted.length") == 2
    before = told(page, "latent")
    gate.open()
    read_by_model(page, view=1)
    assert strings(page) == [str(dataset.architectures[best])] * 2
    assert told(page, "row") == [best]
    assert told(page, "latent") == before  # in which [] may come first, if the model took long
    assert before[-1] == latent


def test_a_drag_stands_while_the_other_view_loads(two: tuple[Page, Gate]) -> None:
    """What the other view takes from its grid until then is not what the reader asked for."""
    page, gate = two
    for way in ((120, -60), (-170, 90), (40, 50)):
        drag(page, page.locator(".pnx-probe").first, way)
        place = middle(page.locator(".pnx-probe").first)
        read_by_model(page, view=0)
        rest(page)
        assert middle(page.locator(".pnx-probe").first) == pytest.approx(place, abs=1)
    latent, predicted = page.evaluate("[traits.latent, traits.predicted]")
    first, _ = strings(page)
    assert page.evaluate("traits.architecture") == first
    gate.open()
    read_by_model(page, view=1)
    assert strings(page) == [first] * 2
    assert page.evaluate("[traits.latent, traits.predicted]") == [latent, predicted]
    assert set(told(page, "row")) <= {None}


def test_a_cell_moves_both_views_on(
    two: tuple[Page, Gate], dataset: ArchitectureDataset, best: int
) -> None:
    """Away from a row that one of them still goes to."""
    page, gate = two
    start = page.evaluate("traits.latent")
    press(page, "Best")
    read_by_model(page, view=0)
    rest(page)
    page.evaluate("(latent) => set('latent', latent)", start)
    rest(page)
    assert told(page, "row") == [best, None]
    gate.open()
    read_by_model(page, view=1)
    first, second = strings(page)
    assert first == second != str(dataset.architectures[best])
    assert page.evaluate("traits.latent") == start
    page.evaluate("(text) => set('architecture', text)", str(dataset.architectures[42]))
    rest(page)
    assert told(page, "row") == [best, None, 42]


# ---- two models side by side ---------------------------------------------------------------------


def test_a_row_stands_while_the_second_model_loads(
    one: Page, dataset: ArchitectureDataset, best: int
) -> None:
    gate = Gate(one, "first/dvae-emb-weights.bin")
    one.get_by_label("side by side").check()
    press(one, "Best")
    read_by_model(one, model=0)
    rest(one)
    assert told(one, "row") == [best]
    gate.open()
    read_by_model(one, model=1)
    assert strings(one) == [str(dataset.architectures[best])] * 2
    assert told(one, "row") == [best]


def test_a_model_that_comes_later_goes_to_the_row(
    one: Page, dataset: ArchitectureDataset, best: int
) -> None:
    """Although the first one, with its weights, still shows what it read elsewhere."""
    press(one, "Worst")
    read_by_model(one)
    rest(one)
    gate = Gate(one, "first/dvae-emb-weights.bin")
    one.evaluate(BEST_THEN_BESIDE)
    rest(one)
    gate.open()
    read_by_model(one, model=1)
    assert strings(one) == [str(dataset.architectures[best])] * 2
    assert told(one, "row")[-1] == best


def test_the_ring_dragged_last_stays(one: Page) -> None:
    """Both wait for their weights; the first model's comes first, and then does not pull."""
    first = Gate(one, "first/dvae-weights.bin")
    second = Gate(one, "first/dvae-emb-weights.bin")
    one.get_by_label("side by side").check()
    rings = one.locator(".pnx-probe")
    drag(one, rings.nth(0), (90, -60))
    drag(one, rings.nth(1), (-80, 50))
    place = middle(rings.nth(1))
    rest(one)
    first.open()
    read_by_model(one, model=0)
    rest(one)
    second.open()
    read_by_model(one, model=1)
    one_reads, other_reads = strings(one)
    assert middle(rings.nth(1)) == pytest.approx(place, abs=1)
    assert one_reads == other_reads


# ---- what was begun before -----------------------------------------------------------------------


@pytest.mark.parametrize("begun", ["play", "slide"])
def test_a_path_under_way_leaves_a_row_alone(
    one: Page, dataset: ArchitectureDataset, best: int, begun: str
) -> None:
    gate = Gate(one, "first/dvae-weights.bin")
    if begun == "play":
        press(one, "▶ Play")
    else:
        one.get_by_label("Place on the path").fill("7")
        one.get_by_label("Place on the path").fill("20")
    press(one, "Best")
    rest(one)
    gate.open()
    read_by_model(one)
    assert strings(one) == [str(dataset.architectures[best])]
    assert told(one, "row") == [best]


def test_the_last_step_asked_for_counts(one: Page) -> None:
    gate = Gate(one, "first/dvae-weights.bin")
    for step in ("7", "30", "20"):
        one.get_by_label("Place on the path").fill(step)
    rest(one)
    gate.open()
    wait_for_text(one, ".pnx-path .pnx-words", "over 40")
    rest(one)
    half = one.evaluate("traits.latent")
    one.get_by_label("Place on the path").fill("21")
    rest(one)
    one.get_by_label("Place on the path").fill("20")
    rest(one)
    assert one.evaluate("traits.latent") == half != told(one, "latent")[-2]


def test_a_path_ends_where_the_model_has_read(one: Page) -> None:
    """While the weights are under way, the page still has the graph of the place before."""
    gate = Gate(one, "first/dvae-weights.bin")
    off_the_grid = [value + 0.05 for value in one.evaluate("traits.latent")]
    press(one, "Best")
    one.evaluate("(latent) => set('latent', latent)", off_the_grid)
    rest(one)
    end = one.locator(".pnx-path .pnx-slot").first
    before = end.inner_html()
    press(one, "Path from: set to where we are")
    wait_for_text(one, ".pnx-path .pnx-words", "^The model has not read this place yet")
    assert end.inner_html() == before
    gate.open()
    read_by_model(one)
    here = strings(one)
    press(one, "Path from: set to where we are")
    wait_for_text(one, ".pnx-path .pnx-words", "over 40")
    assert end.inner_html() != before
    one.get_by_label("Place on the path").fill("0")
    assert strings(one) == here


def test_a_spin_leaves_a_row_alone(one: Page, dataset: ArchitectureDataset, best: int) -> None:
    press(one, "Worst")
    read_by_model(one)
    rest(one)
    one.evaluate(SPIN_THEN_BEST)
    rest(one)
    assert strings(one) == [str(dataset.architectures[best])]
    assert told(one, "row")[-1] == best
    operations = Architecture.from_string(strings(one)[0]).operations
    chips = [text.replace("\n", " ") for text in one.locator(".pnx-chip").all_text_contents()]
    assert chips == [display_label(OPERATION_NAMES[operation]) for operation in operations]
    press(one, "Spin")
    wait_for_text(one, ".pnx-wheel .pnx-words", "^2 choices")
    assert decoded(one).skips == dataset.architectures[best].skips
