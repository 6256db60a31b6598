"""Our models against numbers of the released ones (tests/parity/README.md)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from paper_nas.graphs import GraphBatch
from paper_nas.models import build_model, load_released_weights, to_released_weights
from paper_nas.models.vae import GraphVae
from paper_nas.space import Architecture

FOLDER = Path(__file__).parent / "parity"
INDEX = json.loads((FOLDER / "index.json").read_text())
INPUTS = json.loads((FOLDER / "inputs.json").read_text())
MODELS = {
    "DVAE": "dvae",
    "DVAE_EMB": "dvae-emb",
    "DVAE_GCN": "gcn",
    "DVAE_GCN_EMB": "gcn-emb",
    "SVAE": "svae",
    "SVAE_GraphRNN": "graphrnn",
}
VARIANTS = list(INDEX)
DECODED = [name for name, entry in INDEX.items() if "decode_valid" in entry]
SIZES = {"full": "rows", "mixed": "mixed_rows"}


def load(variant: str) -> tuple[GraphVae, dict[str, torch.Tensor]]:
    entry = INDEX[variant]
    model = build_model(
        MODELS[entry["kind"]],
        hidden_size=entry["hs"],
        latent_size=entry["nz"],
        bidirectional=entry["bidirectional"],
    )
    load_released_weights(model, FOLDER / f"{variant}.weights.safetensors")
    return model, load_file(FOLDER / f"{variant}.out.safetensors")


def graphs(size: str) -> GraphBatch:
    return GraphBatch.from_architectures([Architecture.from_row(r) for r in INPUTS[SIZES[size]]])


def deviation(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Largest difference, relative to the reference's largest entry; NaN must meet NaN."""
    ours = ours.detach()
    assert ours.shape == theirs.shape
    assert torch.equal(ours.isnan(), theirs.isnan())
    return float((ours - theirs).nan_to_num().abs().max() / theirs.nan_to_num().abs().max())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_losses_and_gradients(variant: str, size: str) -> None:
    model, expected = load(variant)
    batch = graphs(size)
    mean, log_variance = model.encode(batch)
    assert deviation(mean, expected[f"{size}.mu"]) < 1e-5
    assert deviation(log_variance, expected[f"{size}.logvar"]) < 1e-5
    if f"{size}.type_logits" in expected:
        types, edges = model.teacher_forced_logits(batch, mean)
        assert deviation(types, expected[f"{size}.type_logits"]) < 1e-5
        assert deviation(edges, expected[f"{size}.edge_logits"]) < 1e-5
    loss = model.elbo(batch, noise=False)
    for ours, theirs in zip(loss, expected[f"{size}.loss"], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=0)
    loss.total.backward()
    check_gradient_norms(model, expected, size)


def check_gradient_norms(model: GraphVae, expected: dict[str, torch.Tensor], size: str) -> None:
    prefix = f"{size}.gradnorm/"
    norms = {k.removeprefix(prefix): float(v) for k, v in expected.items() if k.startswith(prefix)}
    assert norms
    with torch.no_grad():
        for parameter in model.parameters():
            assert parameter.grad is not None
            parameter.copy_(parameter.grad)
    ours = to_released_weights(model)
    for name, norm in norms.items():
        assert float(ours[name].norm()) == pytest.approx(norm, rel=1e-4), name


@pytest.mark.parametrize("variant", DECODED)
def test_greedy_decoding(variant: str) -> None:
    model, expected = load(variant)
    prefix = "full." if "full.decode.n" in expected else ""
    latents = load_file(FOLDER / "latents.safetensors")["z"]
    types = expected[f"{prefix}decode.types"].clamp(min=0)
    reference = GraphBatch(
        types, expected[f"{prefix}decode.adj"], expected[f"{prefix}decode.n"].long()
    )
    different = int((~model.decode(latents).equals(reference)).sum())
    allowed = 1 if INDEX[variant]["decode_min_margin"] < 1e-5 else 0
    assert different <= allowed
    assert int(reference.is_valid().sum()) == INDEX[variant]["decode_valid"]


def test_rows_of_the_sequence_decoder() -> None:
    model, expected = load("SVAE_uni")
    latents = load_file(FOLDER / "latents.safetensors")["z"]
    types, edges = model.teacher_forced_logits(graphs("full"), latents)
    assert deviation(types, expected["decode.type_logits"]) < 1e-5
    bits = edges[:, :-1, 1:].transpose(1, 2).sigmoid()
    assert deviation(bits, expected["decode.edge_probs"]) < 1e-5


@pytest.mark.parametrize("variant", VARIANTS)
def test_released_weights_round_trip(variant: str, tmp_path: Path) -> None:
    model, _ = load(variant)
    reference = load_file(FOLDER / f"{variant}.weights.safetensors")
    ours = to_released_weights(model)
    assert ours.keys() == reference.keys()
    assert all(torch.equal(ours[name], reference[name]) for name in reference)
    save_file(ours, tmp_path / "again.safetensors")
    other = build_model(
        MODELS[INDEX[variant]["kind"]],
        hidden_size=INDEX[variant]["hs"],
        latent_size=INDEX[variant]["nz"],
        seed=5,
    )
    load_released_weights(other, tmp_path / "again.safetensors")
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True)
    )


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("dvae", 6_937_969),
        ("dvae-emb", 6_915_448),
        ("gcn", 6_440_476),
        ("gcn-emb", 6_415_450),
        ("svae", 2_882_881),
        ("graphrnn", 3_161_939),
    ],
)
def test_parameter_counts_are_the_released_ones(name: str, count: int) -> None:
    weights = to_released_weights(build_model(name))
    assert sum(value.numel() for value in weights.values()) == count
