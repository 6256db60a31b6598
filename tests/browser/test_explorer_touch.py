"""Fingers on the map of a phone: two zoom and move it, and choose nothing; a tap chooses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, Page

from tests.browser.explorer_site import (
    NEXT_FRAME,
    READY,
    RESTED,
    decoded,
    known_architectures,
    make_site,
    middle,
    wait_for_other_than,
)
from tests.browser.server import WIDTHS, serve

Place = tuple[float, float]
TAKEN = """() => { window.taken = [];
  addEventListener('touchmove', (event) => taken.push(event.defaultPrevented)); }"""
HALVES = {"across": (40.0, 0.0), "along": (0.0, 40.0), "aslant": (30.0, 25.0)}
"""Half the ways from one finger to the other, in pixels."""


class Fingers:
    """Touch points on a page, as a screen sends them.

    Attributes:
        places: The fingers that are down, by name, in pixels of the window.
    """

    def __init__(self, session: CDPSession) -> None:
        """No finger is down yet."""
        self.session = session
        self.places: dict[int, Place] = {}

    def put(self, **fingers: Place) -> None:
        """Put fingers down, one after the other."""
        for name, place in fingers.items():
            self.places[self._number(name)] = place
            self._send("touchStart", self.places)

    def move(self, steps: int = 5, **fingers: Place) -> None:
        """Move fingers at one time, in even steps."""
        ways = {
            number: np.linspace(self.places[number], place, steps + 1)[1:]
            for number, place in ((self._number(name), place) for name, place in fingers.items())
        }
        for step in range(steps):
            for number, way in ways.items():
                x, y = way[step]
                self.places[number] = float(x), float(y)
            self._send("touchMove", self.places)

    def lift(self, *names: str) -> None:
        """Lift fingers, one after the other."""
        for name in names:
            number = self._number(name)
            self._send("touchEnd", {number: self.places.pop(number)})

    @staticmethod
    def _number(name: str) -> int:
        return ["thumb", "index", "third"].index(name)

    def _send(self, kind: str, places: dict[int, Place]) -> None:
        points = [{"id": number, "x": x, "y": y} for number, (x, y) in places.items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("explorer")
    make_site(folder, known_architectures(800))
    with serve(folder) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A phone's window with the map in view; what is chosen lies right of its middle, below."""
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": WIDTHS["phone"], "height": 800}
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{address}light.html")
    page.wait_for_selector(READY)
    page.evaluate("scrollTo(0, 60)")
    before = page.inner_text(".pnx-string")
    page.touchscreen.tap(*shifted(map_middle(page), (60, 40)))
    wait_for_other_than(page, before)
    decoded(page)
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def fingers(page: Page) -> Fingers:
    return Fingers(page.context.new_cdp_session(page))


def map_middle(page: Page) -> Place:
    return middle(page.locator(".pnx-surface"))


def shifted(place: Place, by: Place, times: float = 1) -> Place:
    """A place moved by a way, or by so many of them."""
    return place[0] + times * by[0], place[1] + times * by[1]


def ring(page: Page) -> Place:
    """Where the ring stands: as it moves with the map, it shows what became of the view."""
    page.evaluate(NEXT_FRAME)
    return middle(page.locator(".pnx-probe"))


def state(page: Page) -> list[object]:
    """What is chosen, once that rests, and what must stay whatever fingers do on the map."""
    page_itself = page.evaluate("[visualViewport.scale, scrollY]")
    return [page.evaluate(RESTED, 0), page.inner_text(".pnx-caption"), *page_itself]


# ---- two fingers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES.keys())
def test_two_fingers_zoom_about_their_middle(page: Page, fingers: Fingers, half: Place) -> None:
    before, start = state(page), ring(page)
    centre = shifted(map_middle(page), (-30, -40))
    fingers.put(thumb=shifted(centre, half, -1), index=shifted(centre, half))
    fingers.move(thumb=shifted(centre, half, -2), index=shifted(centre, half, 2))
    zoomed = [c + 2 * (s - c) for c, s in zip(centre, start, strict=True)]
    assert ring(page) == pytest.approx(zoomed, abs=1)
    fingers.move(thumb=shifted(centre, half, -1), index=shifted(centre, half))
    assert ring(page) == pytest.approx(start, abs=1)
    fingers.lift("index", "thumb")
    assert state(page) == before


@pytest.mark.parametrize("still", ["thumb", "index"])
def test_one_of_two_fingers_stays(page: Page, fingers: Fingers, still: str) -> None:
    """What was half-way between the fingers still is; the one that stayed is no tap."""
    before, start = state(page), ring(page)
    (moving,) = {"thumb", "index"} - {still}
    fixed = shifted(map_middle(page), (-50, -50))
    fingers.put(**{still: fixed, moving: shifted(fixed, (50, 0))})
    fingers.move(**{moving: shifted(fixed, (100, 0))})
    old, new = shifted(fixed, (25, 0)), shifted(fixed, (50, 0))
    zoomed = [m + 2 * (s - o) for o, m, s in zip(old, new, start, strict=True)]
    assert ring(page) == pytest.approx(zoomed, abs=1)
    fingers.lift(moving)
    assert state(page) == before
    fingers.lift(still)
    assert state(page) == before


@pytest.mark.parametrize("way", [(50, 0), (0, -60), (-30, -40)], ids=["across", "along", "aslant"])
def test_two_fingers_move_the_map(page: Page, fingers: Fingers, way: Place) -> None:
    """Up or down, too, where one finger would scroll the page."""
    before, start = state(page), ring(page)
    first, second = (shifted(map_middle(page), (x, -10)) for x in (-90, -20))
    fingers.put(thumb=first, index=second)
    fingers.move(thumb=shifted(first, way), index=shifted(second, way))
    assert ring(page) == pytest.approx(shifted(start, way), abs=1)
    fingers.lift("thumb", "index")
    assert state(page) == before


def test_the_view_comes_back_from_its_limits(page: Page, fingers: Fingers) -> None:
    """Fingers that close further than the map can shrink, and open again, change nothing."""
    start = ring(page)
    centre = map_middle(page)
    fingers.put(thumb=shifted(centre, (-100, -60)), index=shifted(centre, (100, -60)))
    fingers.move(thumb=shifted(centre, (-15, -60)), index=shifted(centre, (15, -60)))
    smallest = ring(page)
    assert smallest != pytest.approx(start, abs=5)
    fingers.move(thumb=shifted(centre, (-100, -60)), index=shifted(centre, (100, -60)))
    assert ring(page) == pytest.approx(start, abs=1)
    fingers.lift("thumb", "index")


def test_two_fingers_that_only_rest_choose_nothing(page: Page, fingers: Fingers) -> None:
    before = state(page)
    first, second = (shifted(map_middle(page), (x, -30)) for x in (-70, 10))
    for order in (("thumb", "index"), ("index", "thumb")):
        fingers.put(thumb=first, index=second)
        fingers.lift(*order)
        assert state(page) == before


def test_a_third_finger_changes_nothing(page: Page, fingers: Fingers) -> None:
    before, start = state(page), ring(page)
    centre = shifted(map_middle(page), (-40, -50))
    fingers.put(thumb=shifted(centre, (-40, 0)), index=shifted(centre, (40, 0)))
    fingers.put(third=shifted(centre, (0, 60)))
    fingers.move(third=shifted(centre, (10, 90)))
    assert ring(page) == pytest.approx(start, abs=1)
    fingers.lift("thumb")
    fingers.move(index=shifted(centre, (60, 0)), third=shifted(centre, (30, 90)))
    assert ring(page) == pytest.approx(shifted(start, (20, 0)), abs=1)
    fingers.lift("third", "index")
    assert state(page) == before


def test_a_finger_on_the_ring_is_one_of_two(page: Page, fingers: Fingers) -> None:
    """Whichever came first; the ring is dragged by one finger only."""
    before, start = state(page), ring(page)
    other = shifted(start, (-80, -60))
    for order in (("thumb", "index"), ("index", "thumb")):
        places = {"thumb": start, "index": other}
        fingers.put(**{name: places[name] for name in order})
        fingers.move(thumb=shifted(start, (30, 20)), index=shifted(other, (30, 20)))
        assert ring(page) == pytest.approx(shifted(start, (30, 20)), abs=1)
        fingers.move(thumb=start, index=other)
        fingers.lift(*order)
        assert state(page) == before


def test_two_fingers_draw_no_box(page: Page, fingers: Fingers) -> None:
    """Where one finger draws one: not the first of them, nor the last."""
    page.get_by_role("button", name="Select an area").tap()
    page.evaluate("scrollTo(0, 60)")
    before = state(page)
    centre = map_middle(page)
    first, second = shifted(centre, (-60, -60)), shifted(centre, (60, 60))
    fingers.put(thumb=first)
    fingers.move(thumb=centre)
    fingers.put(index=second)
    fingers.move(thumb=first, index=shifted(centre, (80, 80)))
    fingers.lift("index")
    fingers.move(thumb=shifted(centre, (40, 20)))
    fingers.lift("thumb")
    assert state(page) == before
    fingers.put(thumb=first)
    fingers.move(thumb=second)
    fingers.lift("thumb")
    assert "selected" in str(state(page)[1])


# ---- one finger, after two -----------------------------------------------------------------------


def test_after_a_pinch_a_finger_pans_and_a_tap_chooses(page: Page, fingers: Fingers) -> None:
    before = state(page)
    centre = shifted(map_middle(page), (-30, -40))
    fingers.put(thumb=shifted(centre, (-40, 0)), index=shifted(centre, (40, 0)))
    fingers.move(thumb=shifted(centre, (-60, 0)), index=shifted(centre, (60, 0)))
    fingers.lift("thumb")
    start = ring(page)
    fingers.move(index=shifted(centre, (50, -40)))  # the one that is still down moves the map
    assert ring(page) == pytest.approx(shifted(start, (-10, -40)), abs=1)
    fingers.lift("index")
    assert state(page) == before
    start = ring(page)
    fingers.put(thumb=centre)
    fingers.move(thumb=shifted(centre, (8, 0)), steps=1)  # what tells a drag from a tap
    slipped = shifted(ring(page), start, -1)
    fingers.move(thumb=shifted(centre, (58, 0)))
    assert shifted(ring(page), start, -1) == pytest.approx(shifted(slipped, (50, 0)), abs=1)
    fingers.lift("thumb")
    assert state(page) == before
    fingers.put(thumb=centre)
    fingers.lift("thumb")
    wait_for_other_than(page, before[0])
    assert ring(page) == pytest.approx(centre, abs=15)


def test_two_fingers_keep_the_page_still_and_one_scrolls_it(page: Page, fingers: Fingers) -> None:
    """Some browsers would scroll it with two fingers, were their movements not taken."""
    page.evaluate(TAKEN)
    before = state(page)
    first, second = (shifted(map_middle(page), (x, 60)) for x in (-90, -20))
    fingers.put(thumb=first, index=second)
    fingers.move(thumb=shifted(first, (0, -50)), index=shifted(second, (0, -50)))
    fingers.lift("index", "thumb")
    assert page.evaluate("taken.splice(0)") == [True] * 5
    assert state(page) == before
    fingers.put(thumb=first)
    fingers.move(thumb=shifted(first, (0, -100)))
    page.wait_for_function("() => scrollY > 100")
    fingers.lift("thumb")
    assert not any(page.evaluate("taken"))
    assert state(page)[:2] == before[:2]
