"""The list of results: it has each committed one, once, and asks only for what commands make."""

from __future__ import annotations

from pathlib import Path

import pytest

from paper_nas.steps import STEP_VERSIONS
from tests.conftest import ROOT, own_results
from tests.workflow.samples import EXPLORED, PREDICTED, TRAINED, UNTRAINED, listed
from workflow.catalogue import CatalogueError, command_words, expand, read_catalogue

RESULTS = read_catalogue()


def test_every_committed_result_is_in_the_list() -> None:
    missing = sorted(set(own_results()) - RESULTS.keys())
    assert missing == [], "add a line for each to workflow/results.yml"


def test_every_step_has_a_version() -> None:
    assert {result.step for result in RESULTS.values()} <= STEP_VERSIONS.keys()


def test_results_stand_after_what_they_are_made_from() -> None:
    order = {name: place for place, name in enumerate(RESULTS)}
    for result in RESULTS.values():
        assert all(order[name] < order[result.name] for name in result.inputs)


def test_the_small_list_is_one_chain_and_eight_trainings() -> None:
    results = read_catalogue(ROOT / "workflow" / "smoke.yml")
    assert sum(result.step == "train" for result in results.values()) == 8
    chain = [result.step for result in results.values() if TRAINED in result.inputs]
    assert chain == ["evaluate", "predict", "project", "prepare-explorer"]


def test_a_chain_knows_what_it_is_made_from(tmp_path: Path) -> None:
    results = listed(tmp_path)
    assert results[EXPLORED].inputs == (TRAINED, PREDICTED)
    assert results[UNTRAINED].inputs == ()
    assert results["evaluation/svae_smoke_seed-1"].checkpoint == "training/svae_smoke_seed-1"
    assert results[PREDICTED].checkpoint is None, "the weights are kept"
    assert results[TRAINED].command == (
        "python -m paper_nas train dvae-emb --preset smoke --seed 0 --keep-weights --resume"
    )


def test_seeds_sizes_and_iterations_are_a_line_each(tmp_path: Path) -> None:
    results = listed(
        tmp_path,
        """
train:
  - train: {model: dvae, preset: fast-128, hidden-size: 501, seed: 3..12}
  - train: {model: dvae-emb, preset: fast-128, iterations: 4, seed: 0, keep-weights: true}
    evaluate: [{iteration: 1..3, epoch: 40}, {}]
""",
    )
    assert "training/dvae_fast-128_hidden-size-501_seed-12" in results
    evaluated = [name for name in results if name.startswith("evaluation/")]
    name = "evaluation/dvae-emb_fast-128_iterations-4_seed-0"
    assert evaluated == [f"{name}_t-{t}_e-40" for t in (1, 2, 3)] + [name]
    assert [results[name].checkpoint is None for name in evaluated] == [False] * 3 + [True]


def test_options_multiply() -> None:
    options = {"model": ["a", "b"], "seed": "9..11", "clip": 1}
    found = list(expand(options))
    assert len(found) == 6
    assert found[-1] == {"model": "b", "seed": 11, "clip": 1}
    assert command_words("search-top", {"setting": "digits"}) == (
        "search-top",
        "--setting",
        "digits",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trains: []", "lists .'trains'."),
        ("train: [{train: {model: dvae}, evaluates: []}]", "no .'evaluates'."),
        ("train: [{train: {model: dvae}}, {train: {model: dvae}}]", "twice"),
        ("train: [{train: {model: dvea}}]", "no such model"),
        ("trial: [{model: dvae, sead: 1}]", "no such command"),
        ("predict: [{model: dvae}]", "has no training/dvae_fast-128"),
        ("predict: [{model: baselines}]", "name the baseline"),
        ("search: [{strategy: latent-bo, setting: hard}]", "a search that uses it"),
        ("arms: [{only: arms/none}]", "has no arms/none"),
    ],
)
def test_what_no_command_makes_is_refused(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CatalogueError, match=message):
        listed(tmp_path, text)
    capsys.readouterr()
