"""The book's Sphinx extension: what makes notebooks run again, and what it refuses."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from docutils.utils import new_document
from jupyter_cache import get_cache
from jupyter_cache.cache.main import CacheBundleIn
from nbformat import v4
from paper_nas_book import assets, downloads, execution, outputs
from sphinx.errors import ExtensionError

from paper_nas import datasets, rendering


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's root with one file of each kind."""
    for name in ("paper_nas/space.py", "results/a.json", "requirements.lock", "data/rows.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("first")
    monkeypatch.setattr(execution.pooch, "os_cache", lambda name: tmp_path / "no-cache")
    monkeypatch.setenv("PAPER_NAS_DATA", "data")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["paper_nas/space.py", "paper_nas/new.py", "results/a.json", "requirements.lock",
     "data/rows.txt", "book/paper_numbers.yml"],
)  # fmt: skip
def test_an_edit_changes_the_digest(project: Path, name: str) -> None:
    before = execution.execution_digest(project)
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("second")
    assert execution.execution_digest(project) != before


def test_the_data_may_be_named_by_their_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_folder = execution.execution_digest(project)
    monkeypatch.setenv("PAPER_NAS_DATA", "data/rows.txt")
    before = execution.execution_digest(project)
    assert before != by_folder  # the variable counts too
    (project / "data/rows.txt").write_text("second")
    assert execution.execution_digest(project) != before


def test_data_are_fetched_before_the_digest_is_taken(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that pages made without the data are made again once these can be had."""

    def download() -> Path:
        if not online:
            raise datasets.DatasetUnavailable("no network")
        path = project / "no-cache" / execution.DATA_FILE
        path.parent.mkdir()
        path.write_text("rows")
        return path

    monkeypatch.delenv("PAPER_NAS_DATA")
    monkeypatch.setattr(datasets, "find_enas_file", download)
    online = False
    assert not execution.fetch_data(project)
    before = execution.execution_digest(project)
    online = True
    assert execution.fetch_data(project)
    assert execution.execution_digest(project) != before
    assert execution.fetch_data(project)  # a second download would fail: the folder is there


def test_the_preset_changes_the_digest(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = execution.execution_digest(project)
    monkeypatch.setenv("PAPER_NAS_PRESET", "paper")
    assert execution.execution_digest(project) != before


def test_prose_and_compiled_files_leave_the_digest(project: Path) -> None:
    before = execution.execution_digest(project)
    for name in (
        "book/welcome.md",
        "notebooks/01.md",
        "paper_nas/__pycache__/space.pyc",
        "data/runs/checkpoint",
    ):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("second")
    assert execution.execution_digest(project) == before


@pytest.mark.usefixtures("project")
def test_outdated_caches_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "fetch_data", lambda root: True)
    monkeypatch.setenv("PAPER_NAS_STATIC_SITE", "0")
    monkeypatch.setenv("PAPER_NAS_PRESET", "smoke")
    old = tmp_path / "_build" / ".jupyter_cache" / "0123456789abcdef"
    old.mkdir(parents=True)
    config = SimpleNamespace()
    app = SimpleNamespace(outdir=tmp_path / "_build" / "html", srcdir=tmp_path)
    execution.prepare_execution(app, config)  # type: ignore[arg-type]
    assert not old.exists()
    assert Path(config.nb_execution_cache_path).parent == old.parent
    assert execution.os.environ["PAPER_NAS_STATIC_SITE"] == "1"


def test_mathjax_is_the_published_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hashlib.sha256(assets.mathjax_script()).hexdigest() == assets.MATHJAX_SHA256
    monkeypatch.setattr(assets, "MATHJAX_SHA256", "0" * 64)
    with pytest.raises(ExtensionError, match="SHA-256"):
        assets.mathjax_script()


def page_with(*children: nodes.Node) -> nodes.document:
    """A page with one output, of the given forms."""
    page = new_document("chapter.md")
    bundle = nodes.container(nb_element="mime_bundle")
    bundle += list(children)
    page += bundle
    return page


def form(mime_type: str, text: str) -> nodes.container:
    """One form of an output."""
    return nodes.container("", nodes.literal_block(text, text), mime_type=mime_type)


def warnings_of(page: nodes.document, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the extension says of a page."""
    said: list[str] = []
    logger = SimpleNamespace(warning=lambda text, *args, location: said.append(text % args))
    monkeypatch.setattr(outputs, "LOGGER", logger)
    outputs.check_outputs(None, page)  # type: ignore[arg-type]
    return said


def test_a_widget_needs_a_static_form(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = form(outputs.WIDGET, "{}")
    alone = page_with(widget.deepcopy(), form("text/plain", "IntSlider(value=1)"))
    (warning,) = warnings_of(alone, monkeypatch)
    assert "IntSlider" in warning
    pictured = page_with(widget.deepcopy(), form("text/html", "<p>a slider</p>"))
    assert warnings_of(pictured, monkeypatch) == []


def test_a_traceback_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_with(form("text/html", "fine"))
    page += nodes.literal_block("", "ValueError: bad", classes=["output", "traceback"])
    (warning,) = warnings_of(page, monkeypatch)
    assert "ValueError: bad" in warning


def test_a_frozen_progress_bar_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    bar = form("text/plain", "  0%|          | 0/3 [00:00<?, ?it/s]")
    page = page_with(form(outputs.WIDGET, "{}"), bar)
    assert warnings_of(page, monkeypatch) == []
    assert len(page.children) == 0


def executed_notebook() -> nbformat.NotebookNode:
    """A notebook of one executed cell that showed a figure."""
    html = rendering.figure_html('{"data": [{"y": [1, 2]}]}', "curve", "A curve.")
    output = v4.new_output("execute_result", {"text/html": html}, execution_count=1)
    cell = v4.new_code_cell("curve()", execution_count=1, outputs=[output])
    return v4.new_notebook(cells=[v4.new_markdown_cell("# Title"), cell])


def test_a_download_shows_its_figures_in_jupyterlab() -> None:
    notebook = executed_notebook()
    assert downloads.add_plotly_form(notebook) == 1
    data = notebook.cells[1].outputs[0].data
    assert data[downloads.PLOTLY] == {"data": [{"y": [1, 2]}]}
    assert downloads.add_plotly_form(notebook) == 0


def test_a_download_has_the_outputs_that_came_from_the_cache(tmp_path: Path) -> None:
    cache = get_cache(str(tmp_path))
    cache.cache_notebook_bundle(
        CacheBundleIn(executed_notebook(), "chapter.md"), check_validity=False
    )
    bare = executed_notebook()
    bare.cells[1].update(outputs=[], execution_count=None)
    completed = downloads.with_outputs(bare, cache)
    assert completed.cells[1].outputs == executed_notebook().cells[1].outputs
    bare.cells[1].source = "another()"
    with pytest.raises(KeyError):
        downloads.with_outputs(bare, cache)
