"""The commands, end to end on small data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore
from paper_nas.commands import search as command
from paper_nas.graphs import GraphBatch
from paper_nas.oracles import SurrogateOracle
from paper_nas.search import Setting, read_trial, run_autopsy, start_set
from paper_nas.space import Architecture
from tests.child.samples import tiny_images
from tests.oracles.samples import BUDGET, digits_like
from tests.search.samples import ExactCode


class Constant(ExactCode):
    """Decodes everything to one architecture of six layers."""

    max_vertices, latent_size = 8, 4

    def encode(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        codes = torch.linspace(0, 1, len(batch))[:, None].repeat(1, 4)
        return codes, codes

    def decode(
        self, latents: Tensor, sample: bool = False, generator: torch.Generator | None = None
    ) -> GraphBatch:
        every = [Architecture((0, 1, 2, 3, 4, 5), (1,) * 15)] * len(latents)
        return GraphBatch.from_architectures(every)


SMALL = Setting("digits-hard", "small", "enas-digits", 60, True)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = digits_like(300)
    oracle = SurrogateOracle(dataset)

    def load(setting: str, seed: int = 0) -> object:
        return dataset, oracle, start_set(SMALL, dataset, oracle, seed)

    monkeypatch.setattr(command, "load_setting", load)
    monkeypatch.setattr(command, "full_training", lambda name: (tiny_images(), BUDGET))


def run(tmp_path: Path, *words: str) -> int:
    folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    return cli.main([*words, "--quiet", *folders])


def search(tmp_path: Path, *words: str) -> int:
    setting = ["--setting", "digits-hard", "--rounds", "2", "--batch", "5"]
    return run(tmp_path, "search", *words, *setting)


def test_trials_are_stored_and_not_made_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert search(tmp_path, "evolution", "--trials", "2", "--seed", "3") == 0
    store = ResultStore(tmp_path / "results")
    names = [f"search/digits-hard/evolution_seed-{seed}" for seed in (3, 4)]
    assert store.names() == names
    manifest = store.manifest(names[0])
    assert manifest.seed == 3
    assert manifest.configuration["strategy"] == "evolution"
    assert manifest.cpu_seconds > 0
    trial = read_trial(store, names[0])
    assert len(trial.evaluations) == 10
    assert {e.source for e in trial.evaluations} == {"fitted"}
    capsys.readouterr()
    assert search(tmp_path, "evolution", "--trials", "3", "--seed", "3") == 0
    assert capsys.readouterr().out.splitlines() == [
        *(f"up to date: {name}" for name in names), "stored search/digits-hard/evolution_seed-5",
    ]  # fmt: skip
    assert not list((tmp_path / "runs").rglob("round-*"))


def test_the_same_command_gives_the_same_trial(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        assert search(tmp_path / folder, "boosting-bo") == 0
    name = "search/digits-hard/boosting-bo_seed-0"
    scores = [
        read_trial(ResultStore(tmp_path / f / "results"), name).scores().tolist()
        for f in ("one", "two")
    ]
    assert scores[0] == scores[1]


def test_a_latent_search_without_weights_says_how_to_make_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert search(tmp_path, "latent-random", "--model", "dvae") == 1
    message = capsys.readouterr().err
    assert "dvae_fast-128_enas-digits_seed-0" in message
    assert "--keep-weights" in message


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["random", "--refit", "fresh", "--training", "x"], "random has no --refit, --training"),
        (["latent-random", "--estimator", "released"], "latent-random has no --estimator"),
        (["local", "--as-released"], "local has no --as-released"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        search(tmp_path, *words)
    assert said in capsys.readouterr().err
    assert not list(tmp_path.rglob("manifest.json"))


def test_deviations_name_the_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = {}

    def stand_in(job: command.Job) -> str:
        seen[job.label] = job.settings
        return job.name

    monkeypatch.setattr(command, "run_job", stand_in)
    base = ["latent-bo", "--model", "dvae", "--again"]
    assert search(tmp_path, *base) == 0
    assert search(tmp_path, *base, "--as-released") == 0
    assert search(tmp_path, *base, "--estimator", "released", "--refit", "fresh", "--repeats") == 0
    assert search(tmp_path, *base, "--training", "dvae_fast-128_seed-0") == 0
    assert seen == {
        "latent-bo_dvae": {},
        "latent-bo_dvae_as-released": command.AS_RELEASED,
        "latent-bo_dvae_repeats_refit-fresh_estimator-released": {
            "refit": "fresh", "repeats": True, "process": {"method": "propagation"},
        },
        "latent-bo_dvae_fast-128-0": {},
    }  # fmt: skip


def test_a_latent_search_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {"weights_sha256": "0" * 64}
    monkeypatch.setattr(command, "_configuration", lambda job: weights)
    monkeypatch.setattr(command, "load_trained", lambda store, name: Constant())
    assert search(tmp_path, "latent-random", "--model", "dvae", "--no-latents") == 0
    store = ResultStore(tmp_path / "results")
    trial = read_trial(store, "search/digits-hard/latent-random_dvae_seed-0")
    assert trial.exhausted
    assert len(trial.evaluations) == 1
    assert trial.evaluations[0].proposal.latent is None


def test_what_was_found_is_trained_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "search-top", "--setting", "digits-hard") == 1
    assert "no trial" in capsys.readouterr().err
    for name in ("random", "local"):
        assert search(tmp_path, name) == 0
    words = ["search-top", "--setting", "digits-hard", "--count", "2", "--seeds", "1"]
    assert run(tmp_path, *words) == 0
    rows = ResultStore(tmp_path / "results").load_json("search/top/digits-hard", "top.json")
    assert [(row["method"], row["rank"]) for row in rows] == [
        ("local", 1), ("local", 2), ("random", 1), ("random", 2),
    ]  # fmt: skip
    capsys.readouterr()
    assert cli.main(["report", "search", "--json", "--results", str(tmp_path / "results")]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert {row["method"] for row in reported} == {"random", "local"}
    assert all(row["evaluations"] == 10 for row in reported)
    assert cli.main(["report", "search", "--results", str(tmp_path / "results")]) == 0
    assert "local" in capsys.readouterr().out
    assert cli.main(["report", "search", "--results", str(tmp_path / "none")]) == 1


def test_the_autopsy_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(groups: object, path: Path, seeds: int, workers: int, progress: bool) -> object:
        assert isinstance(groups, dict)
        return run_autopsy(groups, path, seeds, workers, progress, BUDGET, tiny_images())

    monkeypatch.setattr(command, "run_autopsy", quick)
    assert run(tmp_path, "search-autopsy", "--per-group", "1", "--seeds", "2") == 0
    content = ResultStore(tmp_path / "results").load_json("search/autopsy", "autopsy.json")
    assert len(content["networks"]) == 5
    assert set(content["verdicts"]) == {"score", "test_accuracy"}
