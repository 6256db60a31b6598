"""Figures as HTML for the static site."""

from __future__ import annotations

import json
from collections.abc import Iterator

import plotly.graph_objects as go
import plotly.io as pio
import pytest
from bs4 import BeautifulSoup

from paper_nas import rendering


@pytest.fixture
def default_renderer() -> Iterator[None]:
    """Put plotly's default renderer back."""
    before = pio.renderers.default
    yield
    pio.renderers.default = before


def described(name: str = "two-points", alt: str = "Two points.") -> go.Figure:
    """A small figure."""
    return rendering.describe(go.Figure(go.Scatter(x=[1, 2], y=[3, 4])), name, alt)


def render(renderer: rendering.StaticSiteRenderer, figure: go.Figure) -> BeautifulSoup:
    """The HTML that the renderer gives."""
    bundle = renderer.to_mimebundle(figure.to_dict())
    return BeautifulSoup(bundle["text/html"], "html.parser")


def test_html_carries_figure_name_and_description() -> None:
    page = render(rendering.StaticSiteRenderer(), described(alt='Loss < 1 & "falling".'))
    box = page.select_one(".paper-nas-plot")
    assert box["id"] == "two-points"
    assert box["role"] == "img"
    assert box["aria-label"] == 'Loss < 1 & "falling".'
    figure = json.loads(page.select_one('script[type="application/json"]').string)
    assert figure["data"][0]["y"] == [3, 4]


def test_html_is_reproducible_and_loads_nothing() -> None:
    first = str(render(rendering.StaticSiteRenderer(), described()))
    second = str(render(rendering.StaticSiteRenderer(), described()))
    assert first == second
    assert "src=" not in first


def test_a_second_showing_gets_its_own_id() -> None:
    renderer = rendering.StaticSiteRenderer()
    ids = [render(renderer, described()).select_one(".paper-nas-plot")["id"] for _ in range(3)]
    assert ids == ["two-points", "two-points-2", "two-points-3"]


def test_text_in_a_figure_cannot_end_the_script() -> None:
    figure = described().update_layout(title="</script><b>bold</b>")
    page = render(rendering.StaticSiteRenderer(), figure)
    assert page.find("b") is None
    assert json.loads(page.find("script").string)["layout"]["title"]["text"].startswith("</script>")


def test_height_is_kept_before_the_figure_is_drawn() -> None:
    page = render(rendering.StaticSiteRenderer(), described().update_layout(height=321))
    assert "height:321px" in page.select_one(".paper-nas-plot")["style"]


def test_a_figure_without_description_is_refused() -> None:
    with pytest.raises(ValueError, match="no name and description"):
        rendering.StaticSiteRenderer().to_mimebundle(go.Figure().to_dict())


@pytest.mark.parametrize(("name", "alt"), [("Two points", "x"), ("", "x"), ("two-points", " ")])
def test_describe_refuses(name: str, alt: str) -> None:
    with pytest.raises(ValueError, match="figure"):
        rendering.describe(go.Figure(), name, alt)


@pytest.mark.usefixtures("default_renderer")
def test_default_on_the_static_site_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pio.renderers.default = "json"
    monkeypatch.delenv(rendering.STATIC_SITE_VARIABLE, raising=False)
    rendering.register_renderer()
    assert rendering.RENDERER in pio.renderers
    assert pio.renderers.default == "json"
    monkeypatch.setenv(rendering.STATIC_SITE_VARIABLE, "1")
    rendering.register_renderer()
    assert pio.renderers.default == rendering.RENDERER
