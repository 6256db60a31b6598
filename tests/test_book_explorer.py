"""The book's Sphinx extension on pages with an explorer."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from paper_nas_book import explorer

from paper_nas import explorer as package

BOX = '<div class="paper-nas-explorer" data-dataset="enas-digits"></div>'
PAGE = (
    '<!doctype html><html><head lang="x"><script>let a = 1 < 2 && "é";</script>'
    '<script src="x.js"></script><script type="application/json">{"b": 1}</script></head>'
    f'<body><button onclick="go(&quot;x&quot;)">x</button>{BOX}</body></html>'
)


def checksum(text: str) -> str:
    """As a policy lists it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_a_policy_lists_what_the_page_itself_executes() -> None:
    closed = explorer.with_policy(PAGE)
    assert closed.index("<meta http-equiv") < closed.index("<script")
    policy = closed.split('content="')[1].split('"')[0]
    scripts = policy.split("script-src ")[1].split(";")[0]
    assert checksum('let a = 1 < 2 && "é";') in scripts
    assert checksum('go("x")') in scripts
    assert scripts.count("sha256-") == 2  # neither data nor a file of the site
    assert "unsafe-inline" not in scripts
    assert policy.startswith("default-src 'self'")
    assert explorer.with_policy(closed) == closed


def test_a_page_that_writes_of_a_policy_gets_one() -> None:
    page = PAGE.replace("<body>", "<body><p>Content-Security-Policy</p>")
    assert explorer.META in explorer.with_policy(page)
    with pytest.raises(ValueError, match="no <head>"):
        explorer.with_policy(f"<body>{BOX}</body>")


def tagged(body: str) -> list[str]:
    """The files that a page with this body loads."""
    files: list[str] = []
    app = SimpleNamespace(
        add_css_file=lambda name: files.append(name),
        add_js_file=lambda name, **options: files.append(name),
    )
    explorer.tag_explorer_page(app, "page", "", {"body": body}, None)  # type: ignore[arg-type]
    return files


def test_only_pages_with_an_explorer_load_it() -> None:
    assert tagged(BOX) == [explorer.STYLE, explorer.LOADER]
    assert tagged("<p>an explorer</p>") == []


def test_a_finished_site_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_static").mkdir()
    (tmp_path / "with.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "without.html").write_text("<head></head>")
    written = []

    def export(folder: Path, dataset: str) -> SimpleNamespace:
        written.append((folder.relative_to(tmp_path).as_posix(), dataset))
        return SimpleNamespace(first_bytes=lambda: 10)

    monkeypatch.setattr(package, "export_explorer", export)
    app = SimpleNamespace(outdir=str(tmp_path), builder=SimpleNamespace(format="html"))
    explorer.finish_explorer_pages(app, ValueError("the build failed"))  # type: ignore[arg-type]
    assert written == []
    explorer.finish_explorer_pages(app, None)  # type: ignore[arg-type]
    assert written == [("_static/explorer/enas-digits", "enas-digits")]
    assert {path.name for path in (tmp_path / "_static").iterdir()} == {
        "explorer.mjs", explorer.STYLE, explorer.LOADER,
    }  # fmt: skip
    assert "Content-Security-Policy" in (tmp_path / "with.html").read_text(encoding="utf-8")
    assert (tmp_path / "without.html").read_text() == "<head></head>"
