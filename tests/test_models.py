"""The models: the common contract, their building blocks, and the registry."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from paper_nas.graphs import GraphBatch
from paper_nas.models import (
    MODEL_NAMES,
    GraphVae,
    ModelSpec,
    build_model,
    load_released_weights,
    register_model,
    to_released_weights,
)
from paper_nas.models import registry as registry_module
from paper_nas.models.decoders import edge_schedule
from paper_nas.models.layers import GruCell, MessageFunction, SharedLinear
from paper_nas.operations import OneHotOperations, OperationEmbedding
from paper_nas.space import Architecture
from tests.model_contract import ModelContract
from tests.samples import mixed_architectures


class TestDvae(ModelContract):
    name = "dvae"


class TestDvaeEmb(ModelContract):
    name = "dvae-emb"


class TestDvaeOneDirection(ModelContract):
    name = "dvae"

    def build(self, seed: int = 0, max_vertices: int = 8, **settings: object) -> GraphVae:
        return super().build(seed, max_vertices, bidirectional=False, **settings)


class TestGcn(ModelContract):
    name = "gcn"


class TestGcnEmb(ModelContract):
    name = "gcn-emb"


class TestSvae(ModelContract):
    name = "svae"
    impossible_bits = True


class TestGraphRnn(ModelContract):
    name = "graphrnn"
    impossible_bits = True


class TestGcnSimultaneous(ModelContract):
    name = "gcn"

    def build(self, seed: int = 0, max_vertices: int = 8, **settings: object) -> GraphVae:
        return super().build(seed, max_vertices, simultaneous_convolution=True, **settings)


class TestGcnUndirected(ModelContract):
    name = "gcn"

    def build(self, seed: int = 0, max_vertices: int = 8, **settings: object) -> GraphVae:
        return super().build(seed, max_vertices, bidirectional=True, **settings)


class TestGcnWithTheNewestState(ModelContract):
    name = "gcn"

    def build(self, seed: int = 0, max_vertices: int = 8, **settings: object) -> GraphVae:
        return super().build(seed, max_vertices, decoder_state="newest", **settings)


class TestDvaeWithTheSumOfStates(ModelContract):
    name = "dvae"

    def build(self, seed: int = 0, max_vertices: int = 8, **settings: object) -> GraphVae:
        return super().build(seed, max_vertices, decoder_state="sum", **settings)


def test_the_two_models_differ_in_the_operation_encoding_only() -> None:
    one_hot, embedding = build_model("dvae"), build_model("dvae-emb")
    assert isinstance(one_hot.operations, OneHotOperations)
    assert isinstance(embedding.operations, OperationEmbedding)
    shapes = [{n: p.shape for n, p in m.named_parameters()} for m in (one_hot, embedding)]
    assert shapes[1].keys() - shapes[0].keys() == {"operations.weight"}
    assert shapes[0].keys() <= shapes[1].keys()
    different = {name for name, shape in shapes[0].items() if shapes[1][name] != shape}
    assert different == {
        "encoder.gru_forward.weight_ih",
        "encoder.gru_backward.weight_ih",
        "decoder.gru.weight_ih",
    }


def gradients(loss: Tensor, parameters: list[Tensor]) -> list[Tensor]:
    return list(torch.autograd.grad(loss, parameters))


def test_the_recurrent_unit_is_torchs() -> None:
    generator = torch.Generator().manual_seed(0)
    cell = GruCell(3, 7).double()
    codes = torch.randn(8, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    types = torch.randint(8, (20,), generator=generator)
    state = torch.randn(20, 7, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(20, 7, generator=generator, dtype=torch.float64)
    sweep = cell.sweep(codes)
    ours = sweep(types, sweep(types, state))
    theirs = cell(codes[types], cell(codes[types], state))
    torch.testing.assert_close(ours, theirs)
    wanted = [codes, state, *cell.parameters()]
    for a, b in zip(
        gradients((ours * weight).sum(), wanted),
        gradients((theirs * weight).sum(), wanted),
        strict=True,
    ):
        torch.testing.assert_close(a, b)
    with torch.no_grad():
        torch.testing.assert_close(cell.sweep(codes)(types, state), cell(codes[types], state))
        zero = cell(codes, torch.zeros(8, 7, dtype=torch.float64))
        torch.testing.assert_close(cell.sweep(codes).without_messages(), zero)


def test_messages_are_gated_maps_of_state_and_position() -> None:
    generator = torch.Generator().manual_seed(0)
    function = MessageFunction(5, 8).double()
    state = torch.randn(6, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    position = torch.zeros(6, 8, dtype=torch.float64)
    position[:, 3] = 1
    joined = torch.cat([state, position], dim=1)
    theirs = torch.sigmoid(function.gate(joined)) * function.mapper(joined)
    ours = function.sweep()(state, 3)
    torch.testing.assert_close(ours, theirs)
    wanted = [state, *function.parameters()]
    for a, b in zip(
        gradients(ours.square().sum(), wanted),
        gradients(theirs.square().sum(), wanted),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_a_shared_linear_map_may_stay_unused() -> None:
    layer = nn.Linear(3, 2)
    used, unused = SharedLinear(layer.weight, layer.bias), SharedLinear(layer.weight, layer.bias)
    x = torch.ones(4, 3)
    used(x).sum().backward()
    assert unused.weight.shape == (2, 3)
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[4.0] * 3] * 2
    assert layer.bias.grad is not None
    assert layer.bias.grad.tolist() == [4.0, 4.0]


def test_the_edge_schedule_of_a_small_graph() -> None:
    pair = [Architecture((0, 1, 2), (1, 1, 0)), Architecture((3,), ())]
    batch = GraphBatch.from_architectures(pair, 5)
    schedule = edge_schedule(batch, 3, offset=20)
    # graph 0: edges 2->3 and 0->3; graph 1 has no vertex 3
    assert [rows.tolist() for rows in schedule.sources] == [[0], [], [0]]
    assert schedule.graphs.tolist() == [0, 0]
    assert schedule.used.tolist() == [[20, 8], [20, 8], [4, 8]]
    assert schedule.final.tolist() == [10, 8]
    assert schedule.num_undecided == 1


def test_the_registry_takes_new_models_and_refuses_double_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry_module, "_FACTORIES", dict(registry_module._FACTORIES))

    @register_model("dvae-double")
    def factory(spec: ModelSpec) -> GraphVae:
        return registry_module.assemble(spec, OneHotOperations(2 * spec.operation_scale))

    model = build_model("dvae-double", hidden_size=8, latent_size=4)
    assert model.operations.scale == 2.0
    with pytest.raises(ValueError, match="exists already"):
        register_model("dvae-double")(factory)


@pytest.mark.parametrize("name", ["dvae", "gcn", "svae", "graphrnn"])
def test_a_one_hot_code_has_no_table(name: str) -> None:
    given = tuple((float(row), 1.0, 0.0) for row in range(8))
    for settings in (
        {"initial_table": "released"},
        {"initial_table": "given", "given_table": given},
        {"learn_table": False},
    ):
        with pytest.raises(ValueError, match="a one-hot code has no table"):
            build_model(name, **settings)
        assert build_model("dvae-emb", hidden_size=8, latent_size=4, **settings)


def test_unknown_models_and_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="no model named 'vae'"):
        build_model("vae")
    for field in ("hidden_size", "latent_size", "embedding_size"):
        with pytest.raises(ValueError, match=field):
            build_model("dvae", **{field: 0})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_vertices"):
        build_model("dvae", max_vertices=2)
    with pytest.raises(ValueError, match="decoder_state"):
        build_model("dvae", decoder_state="oldest")
    assert MODEL_NAMES == ("dvae", "dvae-emb", "gcn", "gcn-emb", "svae", "graphrnn")


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_the_operation_scale_is_folded_into_released_weights(name: str, tmp_path: Path) -> None:
    scaled = build_model(name, hidden_size=12, latent_size=6, operation_scale=10.0)
    save_file(to_released_weights(scaled), tmp_path / "weights.safetensors")
    plain = build_model(name, hidden_size=12, latent_size=6, seed=1)
    load_released_weights(plain, tmp_path / "weights.safetensors")
    batch = GraphBatch.from_architectures(mixed_architectures(10))
    torch.testing.assert_close(plain.encode(batch), scaled.encode(batch), rtol=1e-5, atol=1e-6)
    ours, theirs = scaled.elbo(batch, noise=False), plain.elbo(batch, noise=False)
    torch.testing.assert_close(ours.total, theirs.total)
    again = build_model(name, hidden_size=12, latent_size=6, operation_scale=10.0, seed=2)
    load_released_weights(again, tmp_path / "weights.safetensors")
    torch.testing.assert_close(again.encode(batch), scaled.encode(batch), rtol=1e-5, atol=1e-6)


def test_released_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    model = build_model("dvae", hidden_size=12, latent_size=6)
    before = [p.detach().clone() for p in model.parameters()]
    weights = to_released_weights(model)
    path = tmp_path / "weights.safetensors"
    with pytest.raises(FileNotFoundError, match="no weights at"):
        load_released_weights(model, path)
    changes = {
        "no parameter 'fc1.bias'": {k: v for k, v in weights.items() if k != "fc1.bias"},
        "shape": {**weights, "fc1.bias": torch.zeros(7)},
        "does not know": {**weights, "fc9.bias": torch.zeros(7)},
    }
    for message, changed in changes.items():
        save_file({k: v + 1 for k, v in changed.items()}, path)
        with pytest.raises(ValueError, match=message):
            load_released_weights(model, path)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
