"""The explorer on the static page, in a browser that can reach nothing but the page's own host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from paper_nas.datasets import ArchitectureDataset
from paper_nas.drawing import display_label
from paper_nas.space import OPERATION_NAMES
from tests.browser.explorer_site import (
    NEXT_FRAME,
    READY,
    decoded,
    known_architectures,
    make_site,
    middle,
    open_explorer,
    score,
    wait_for_other_than,
    wait_for_text,
)
from tests.browser.server import WIDTHS, serve

TRANSFERRED = """() => Object.fromEntries(performance.getEntriesByType('resource')
  .filter(({ name }) => name.includes('/explorer/'))
  .map(({ name, encodedBodySize }) => [name.split('/').pop(), encodedBodySize]))"""
COLOURS_ON_MAP = """() => { const canvas = document.querySelector('.pnx-layer');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size; }"""
HOVER = """(places) => { const surface = document.querySelector('.pnx-surface');
  const { left, top } = surface.getBoundingClientRect();
  return places.map(([x, y]) => { const start = performance.now();
    surface.dispatchEvent(new PointerEvent('pointermove',
      { clientX: left + x, clientY: top + y, bubbles: true }));
    document.querySelector('.pnx-tip').getBoundingClientRect();
    return performance.now() - start; }); }"""
UNNAMED = """() => [...document.querySelectorAll(
  '.pnx button, .pnx input, .pnx select, .pnx [tabindex]')].filter((node) => {
    const label = node.closest('label') ?? node;
    return !(node.getAttribute('aria-label') || label.textContent.trim());
  }).map((node) => node.outerHTML.slice(0, 90))"""
TO_THE_CENTRE_FROM_THE_BEST = """() => { const press = (text) =>
  [...document.querySelectorAll('.pnx button')].find((node) => node.textContent === text).click();
  press('Best'); press('To the centre'); }"""
PLAY_PAUSE_PLAY = """() => { const slider = document.querySelector('.pnx-path input');
  window.steps = 0;
  new MutationObserver((changes) => { steps += changes.length; })
    .observe(slider, { attributeFilter: ['aria-valuetext'] });
  for (let click = 0; click < 3; click++) {
    document.querySelector('.pnx-player button').click();
  } }"""
FOCUSED = """() => { const node = document.activeElement;
  return `${node.className} ${node.getAttribute('aria-label') ?? ''}`; }"""


@pytest.fixture(scope="module")
def dataset() -> ArchitectureDataset:
    return known_architectures()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, dataset: ArchitectureDataset) -> Path:
    folder = tmp_path_factory.mktemp("explorer")
    make_site(folder, dataset)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serve(folder) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with open_explorer(browser, address) as visit:
        yield visit.page


# ---- the first picture ---------------------------------------------------------------------------


def test_the_first_picture_needs_no_weights(page: Page) -> None:
    transferred = page.evaluate(TRANSFERRED)
    assert {name.removesuffix(".bin").split("-")[-1] for name in transferred} == {
        "index.json", "points", "coordinates", "grid",
    }  # fmt: skip
    assert sum(transferred.values()) < 3e6
    assert page.locator(".pnx-dag rect").count() == 8
    assert "precomputed grid" in page.inner_text(".pnx-state")
    assert page.evaluate(COLOURS_ON_MAP) > 100
    assert page.locator(".pnx-still").count() == 0


def test_without_javascript_a_picture_and_a_sentence(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}light.html")
    assert page.locator(".pnx-still svg").count() == 2
    assert "needs JavaScript" in page.inner_text("noscript")
    assert "architectures in the plane" in page.inner_text(".pnx-still")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values())
def test_it_fits_and_follows_the_theme(
    browser: Browser, address: str, theme: str, width: int
) -> None:
    with open_explorer(browser, address, theme, width) as visit:
        page = visit.page
        page.get_by_label("side by side").check()
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0
        corner = "canvas => Array.from(canvas.getContext('2d').getImageData(1, 1, 1, 1).data)"
        paper = page.locator(".pnx-layer").first.evaluate(corner)
        assert (sum(paper[:3]) < 300) == (theme == "dark")
        tops = [
            middle(page.locator(f".pnx-{part}"))[1]
            for part in ("top", "maps", "histogram", "panels")
        ]
        assert all(first < second for first, second in pairwise(tops))


# ---- going somewhere -----------------------------------------------------------------------------


def test_the_ring_is_dragged(page: Page) -> None:
    before = page.inner_text(".pnx-string")
    x, y = middle(page.locator(".pnx-probe"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 130, y - 90, steps=8)
    page.mouse.up()
    after = decoded(page)
    assert str(after) != before
    assert page.locator(".pnx-dag text").all_text_contents() == [
        "START", *(display_label(OPERATION_NAMES[o]) for o in after.operations), "END",
    ]  # fmt: skip
    assert 0.6 < score(page, "predicted") < 0.9
    assert middle(page.locator(".pnx-probe")) == pytest.approx((x + 130, y - 90), abs=2)


def test_a_dot_is_clicked(page: Page, dataset: ArchitectureDataset) -> None:
    search = page.locator(".pnx-search")
    search.fill(str(dataset.architectures[77]))
    search.press("Enter")
    decoded(page)
    page.evaluate(NEXT_FRAME)  # the ring moves with the next frame
    place = middle(page.locator(".pnx-probe"))
    page.get_by_role("button", name="Best", exact=True).click()
    best = dataset.architectures[int(dataset.accuracy.argmax())]
    wait_for_text(page, ".pnx-string", f"^{best}$")
    assert decoded(page) == best
    assert score(page, "known") == pytest.approx(dataset.accuracy.max())
    page.evaluate(NEXT_FRAME)
    page.mouse.click(*place)
    wait_for_other_than(page, best)
    assert decoded(page) in dataset.architectures


def test_the_last_of_two_moves_counts(page: Page) -> None:
    """The first one waits for the weights, and for an encode."""
    page.evaluate(TO_THE_CENTRE_FROM_THE_BEST)
    decoded(page)
    amounts = page.locator(".pnx-axis-row output").all_inner_texts()
    assert amounts == ["+0.0"] * 8


def test_the_legend_says_what_the_end_colours_are(page: Page, dataset: ArchitectureDataset) -> None:
    ends = page.locator(".pnx-legend-scale")
    assert re.match(r"≤ 0\.7\d{3}\s*≥ 0\.7\d{3}$", ends.inner_text())
    skips = dataset.skip_patterns().sum(1)
    for code, counts in (
        ("skips", skips),
        ("operation 2", (dataset.operation_choices() == 2).sum(1)),
    ):
        page.get_by_label("Colour").select_option(code)
        assert ends.inner_text().split() == [str(counts.min()), str(counts.max())]


def test_an_architecture_is_found_by_its_string(page: Page, dataset: ArchitectureDataset) -> None:
    search = page.locator(".pnx-search")
    wanted = dataset.architectures[77]
    search.fill(str(wanted))
    search.press("Enter")
    wait_for_text(page, ".pnx-string", f"^{wanted}$")
    assert decoded(page) == wanted
    assert score(page, "known") == pytest.approx(dataset.accuracy[77])
    for text, complaint in {
        "1 2": "no architecture",
        "9": "no operation 9",
        "x": "whole number",
    }.items():
        search.fill(text)
        search.press("Enter")
        assert complaint in page.inner_text(".pnx-error")
        assert search.get_attribute("aria-invalid") == "true"
    assert decoded(page) == wanted


def test_the_keyboard_is_enough(page: Page, dataset: ArchitectureDataset) -> None:
    assert page.evaluate(UNNAMED) == []
    seen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        if sum("pnx-search" in focused for focused in seen) == 2:
            break  # once around
        ring = page.evaluate(
            """() => { const node = document.activeElement; const shown = getComputedStyle(
              node.matches('.pnx-choice input') ? node.nextElementSibling : node);
              return node === document.body || shown.outlineStyle !== 'none'; }"""
        )
        assert ring, f"no visible focus on {seen[-1]}"
        if "Map of" in seen[-1]:
            page.keyboard.press("ArrowRight")
            assert decoded(page) in dataset.architectures
        if "Point in the latent" in seen[-1]:
            predicted = page.inner_text(".pnx-predicted strong")
            for key in ("ArrowUp", "ArrowLeft", "ArrowUp"):
                page.keyboard.press(f"Shift+{key}")
            wait_for_text(page, ".pnx-predicted strong", f"^(?!{predicted})0")
        if "Lowest score" in seen[-1]:
            page.keyboard.press("Shift+ArrowRight")
            wait_for_text(page, ".pnx-caption", "between")
        if "Axis 8" in seen[-1]:
            page.keyboard.press("ArrowRight")
            assert page.locator(".pnx-axis-row output").last.inner_text() != "+0.0"
    for part in ("pnx-search", "Layer 6: next", "Place on the path", "Axis 8", "Highest score"):
        assert any(part in focused for focused in seen), part
    wait_for_text(page, "[aria-live=polite]", "Layers:")


def test_touch(browser: Browser, address: str) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}light.html")
    page.wait_for_selector(READY)
    page.locator(".pnx-surface").scroll_into_view_if_needed()
    before = page.inner_text(".pnx-string")
    x, y = middle(page.locator(".pnx-surface"))
    page.touchscreen.tap(x + 60, y + 40)
    wait_for_other_than(page, before)
    decoded(page)
    context.close()


def test_hovering_is_fast(page: Page) -> None:
    surface = page.locator(".pnx-surface").bounding_box()
    random = np.random.default_rng(0)
    places = (random.uniform(0.3, 0.7, (200, 2)) * [surface["width"], surface["height"]]).tolist()
    spent = page.evaluate(HOVER, places)
    assert not page.locator(".pnx-tip").is_hidden()
    assert re.match(r"0\.7\d{3}", page.inner_text(".pnx-tip"))
    assert np.median(spent) < 16


# ---- sets, the wheel, the path, both models ------------------------------------------------------


def test_scores_filter_and_an_area_is_selected(page: Page, dataset: ArchitectureDataset) -> None:
    plot = page.locator(".pnx-histogram-plot").bounding_box()
    page.mouse.move(plot["x"] + plot["width"] * 0.5, plot["y"] + 60)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.7, plot["y"] + 60, steps=4)
    page.mouse.up()
    page.evaluate(NEXT_FRAME)  # the caption follows the last movement with the next frame
    wait_for_text(page, ".pnx-caption", "between")
    count, low, high = re.match(
        r"([\d,]+) of 19,020 between (\d\.\d+) and (\d\.\d+)", page.inner_text(".pnx-caption")
    ).groups()
    inside = (dataset.accuracy > float(low)) & (dataset.accuracy < float(high))
    assert int(count.replace(",", "")) == pytest.approx(inside.sum(), rel=0.02)
    page.keyboard.down("Shift")
    x, y = middle(page.locator(".pnx-surface"))
    page.mouse.move(x - 60, y - 60)
    page.mouse.down()
    page.mouse.move(x + 60, y + 60, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.evaluate(NEXT_FRAME)
    wait_for_text(page, ".pnx-caption", "selected, .* scale of their own")
    selected, mean = re.match(
        r"([\d,]+) of 19,020 selected, mean score (\d\.\d+)", page.inner_text(".pnx-caption")
    ).groups()
    assert 0 < int(selected.replace(",", "")) < inside.sum()
    assert float(low) <= float(mean) <= float(high)
    page.get_by_role("button", name="Clear").click()
    wait_for_text(page, ".pnx-caption", "^19,020 architectures")


def test_the_wheel_turns_the_operations_only(page: Page) -> None:
    page.get_by_role("button", name="Best", exact=True).click()
    start, recorded = decoded(page), score(page, "known")
    seen, predicted = {start.operations}, {score(page, "predicted")}
    for number in range(2, 8):
        page.get_by_role("button", name="Spin", exact=True).click()
        wait_for_text(page, ".pnx-wheel .pnx-words", f"^{number} ")
        now = decoded(page)
        assert now.skips == start.skips
        assert score(page, "known") == recorded
        seen.add(now.operations)
        predicted.add(score(page, "predicted"))
    assert len(seen) > 4
    assert len(predicted) > 1
    words = page.inner_text(".pnx-wheel .pnx-words")
    assert f"Recorded score: {recorded:.4f}, every time" in words
    page.get_by_role("button", name="Layer 2: next operation").click()
    wait_for_text(page, ".pnx-wheel .pnx-words", "^8 ")
    turned = decoded(page)
    differs = [a != b for a, b in zip(turned.operations, now.operations, strict=True)]
    assert differs == [False, True, False, False, False, False]


def test_a_path_is_walked(page: Page, dataset: ArchitectureDataset) -> None:
    page.evaluate(PLAY_PAUSE_PLAY)  # while the first step still waits for the weights
    page.wait_for_function(
        "() => document.querySelector('.pnx-path input').value === '40'", timeout=60_000
    )
    wait_for_text(page, ".pnx-path .pnx-words", "changes? over 40")
    assert page.evaluate("() => steps") in (41, 42)  # one walk, not two
    best = dataset.architectures[int(dataset.accuracy.argmax())]
    wait_for_text(page, ".pnx-string", f"^{best}$")
    assert score(page, "known") == pytest.approx(dataset.accuracy.max())
    assert decoded(page) == best
    page.locator(".pnx-path input").fill("0")
    wait_for_text(page, ".pnx-known strong", f"{dataset.accuracy.min():.4f}")


def test_two_models_look_at_one_architecture(page: Page) -> None:
    page.get_by_label("side by side").check()
    assert page.locator(".pnx-map").count() == 2
    page.get_by_role("button", name="Best", exact=True).click()
    assert decoded(page, 0) == decoded(page, 1)
    first = decoded(page, 0)
    page.evaluate(NEXT_FRAME)
    x, y = middle(page.locator(".pnx-probe").nth(1))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 70, y + 60, steps=5)
    page.mouse.up()
    wait_for_other_than(page, first)
    page.wait_for_function(
        "() => { const [a, b] = document.querySelectorAll('.pnx-string');"
        " return a.textContent === b.textContent; }"
    )
