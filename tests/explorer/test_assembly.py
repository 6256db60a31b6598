"""The committed module is what its sources give, and stands alone."""

from __future__ import annotations

import re

import pytest

from tools import assemble_explorer as assembly


def test_the_committed_module_is_current() -> None:
    stored = assembly.MODULE.read_text(encoding="utf-8")
    assert stored == assembly.explorer_module(), "run: python -m tools.assemble_explorer"


def test_every_source_is_in_it_and_short() -> None:
    text = assembly.explorer_module()
    for path in assembly.SOURCES.iterdir():
        assert f"// ---- {path.name}\n" in text
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400


def test_the_module_needs_nothing_and_evaluates_nothing() -> None:
    text = assembly.explorer_module()
    assert not re.search(r"^\s*import\b|\bimport\s*\(|\brequire\s*\(", text, flags=re.MULTILINE)
    assert not re.search(r"\beval\s*\(|new Function|innerHTML|insertAdjacentHTML", text)


def test_the_engine_knows_no_page() -> None:
    assert not re.search(r"\b(document|window)\b", assembly.engine_function())


def test_a_source_that_imports_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "bad.mjs").write_text('import x from "./x.mjs";\n')
    monkeypatch.setattr(assembly, "SOURCES", tmp_path)
    with pytest.raises(ValueError, match="imports something"):
        assembly.source("bad.mjs")
