"""One arm from training to the stored record, with sizes that take seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paper_nas import arms
from paper_nas.__main__ import main
from paper_nas.arms import CODE_ARMS, DATA_ARMS, RECORD, Arm, match_distances, plan, run
from paper_nas.artifacts import ResultMissing, ResultStore


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    config = arms.ARM_CONFIG.changed(hidden_size=12, latent_size=6, epochs=2)
    monkeypatch.setattr(plan, "ARM_CONFIG", config)
    data = arms.arm_dataset
    monkeypatch.setattr(run, "arm_dataset", lambda tilt: data(tilt, count=400, pool=2_000))
    monkeypatch.setattr(run, "INDUCING_POINTS", 30)
    monkeypatch.setattr(run, "DECODES", 2)


@pytest.mark.usefixtures("small")
def test_an_arm_is_trained_measured_and_stored(tmp_path: Path) -> None:
    folders = ["--results", str(tmp_path / "results"), "--runs", str(tmp_path / "runs"), "--quiet"]
    one = ["arms", "--only", "label-4/embedding_matched_seed-0", "--limit", "1"]
    assert main([*one, *folders]) == 0
    store, arm = ResultStore(tmp_path / "results"), Arm(DATA_ARMS["labelled"], "embedding",
                                                       "matched", 0)  # fmt: skip
    assert store.names() == [arm.name]
    record = store.load_json(arm.name, RECORD)
    training = record["training"]
    assert len(training["reconstruction"]) == len(training["score"]) == 2
    assert {"rmse", "pearson", "spearman", "nlpd", "coverage"} == set(record["prediction"])
    assert 0.3 < record["prediction"]["rmse"] < 1.5
    assert all(np.isfinite(read(record)) for name, read in arms.OUTCOMES.items()
               if name != "epochs to 3 nats")  # fmt: skip
    manifest = store.manifest(arm.name)
    assert manifest.configuration["label_weight"] == 4.0
    assert manifest.cpu_seconds > 0
    before = manifest.created
    assert main([*one, *folders]) == 0  # there is nothing to do
    assert store.manifest(arm.name).created == before


@pytest.mark.usefixtures("small")
def test_a_shuffled_table_is_the_learned_one_with_other_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ["--results", str(tmp_path / "results"), "--runs", str(tmp_path / "runs"), "--quiet"]
    for code in ("embedding", "shuffled-table", "learned-table"):
        assert main(["arms", "--only", f"uniform/{code}_matched_seed-0", *folders]) == 0
    store, uniform = ResultStore(tmp_path / "results"), DATA_ARMS["uniform"]
    tables = {
        code: np.array(store.load_json(Arm(uniform, code, "matched", 0).name, RECORD)["training"]
                       ["table"])
        for code in ("embedding", "shuffled-table", "learned-table")
    }  # fmt: skip
    assert np.allclose(tables["learned-table"], tables["embedding"], atol=1e-4)
    assert np.allclose(np.sort(tables["shuffled-table"], axis=0),
                       np.sort(tables["embedding"], axis=0), atol=1e-4)  # fmt: skip
    assert not np.isclose(tables["shuffled-table"][2:], tables["embedding"][2:]).all(1).any()
    inputs = store.manifest(Arm(uniform, "shuffled-table", "matched", 0).name).inputs
    source = Arm(uniform, "embedding", "matched", 0).name
    assert inputs == {f"{source}/{RECORD}": store.manifest(source).files[RECORD]}
    capsys.readouterr()
    assert main(["arms", "--list", *folders]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"3 of {len(list(arms.planned_arms()))} are stored")
    assert CODE_ARMS["shuffled-table"].table == "shuffled"


def test_an_arm_without_its_source_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["arms", "--only", "uniform/shuffled-table_matched_seed-0", "--results", str(tmp_path)]
    assert main(words) == 0
    assert "passed over: arms/uniform/shuffled-table" in capsys.readouterr().out
    for share in ("0/2", "3/2", "2"):
        with pytest.raises(SystemExit):
            main(["arms", "--list", "--share", share])
    arm = Arm(DATA_ARMS["uniform"], "shuffled-table", "matched", 0)
    with pytest.raises(ResultMissing, match="embedding_matched_seed-0"):
        run.source_table(arm, ResultStore(tmp_path))


def test_distances_of_a_record_leave_out_start_and_end() -> None:
    table = [[100.0], [200.0], *([float(i)] for i in range(6))]
    distances = run.table_distances({"training": {"table": table}})
    assert distances[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert match_distances(distances, distances).spearman == pytest.approx(1.0)
