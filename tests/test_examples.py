"""Every file in examples/ registers a model that satisfies the contract of all models."""

from __future__ import annotations

import pytest

from paper_nas.models import plugins, registry
from tests.conftest import ROOT
from tests.model_contract import ModelContract

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
TEMPLATE = ROOT / "examples" / "own_encoder.py"


def test_there_is_a_template() -> None:
    assert TEMPLATE in EXAMPLES
    assert len(TEMPLATE.read_text(encoding="utf-8").splitlines()) <= 32


class TestExample(ModelContract):
    @pytest.fixture(autouse=True, params=EXAMPLES, ids=lambda path: path.stem)
    def load(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))
        monkeypatch.setattr(plugins, "_LOADED", {})
        [self.name] = plugins.load_plugin(request.param).models
