"""Reductions, canonical architectures and costs, against built networks."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import torch
from torch import nn

from paper_nas.child import FixedChildNetwork, SharedChildNetwork, canonical, network_cost
from paper_nas.child.layers import Convolution, Head
from paper_nas.child.structure import entries_read_later, reduction_layers
from paper_nas.space import Architecture, EnasSpace
from tests.samples import mixed_architectures


def test_reductions_are_where_the_spec_says() -> None:
    assert reduction_layers(6) == (1, 3)
    assert [reduction_layers(n) for n in (1, 2, 3, 5)] == [(), (), (0, 1), (0, 1)]


def test_entries_read_later_by_brute_force() -> None:
    """An entry is read later iff an edge of the graph leads from its vertex beyond the layer."""
    for architecture in mixed_architectures(60, max_layers=7):
        last = architecture.num_layers
        for layer in range(last):
            read = {u for u, v in architecture.edges if u <= layer + 1 < v <= last}
            assert entries_read_later(architecture, layer) == tuple(sorted(read))


def test_canonical_folds_separable_and_nothing_else() -> None:
    folded = canonical(Architecture((0, 1, 2, 3, 4, 5), (1, 0) * 7 + (1,)))
    assert folded == Architecture((0, 0, 2, 2, 4, 5), (1, 0) * 7 + (1,))
    plain = [a for a in EnasSpace(3).sample(200, seed=0) if not {1, 3} & set(a.operations)]
    assert plain
    assert all(canonical(a) == a for a in plain)


def measured_cost(network: nn.Module, *inputs: object) -> dict[str, int]:
    """Multiply-adds seen by hooks, and the parameters that a gradient reaches."""
    total = 0

    def count(module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(module, (Convolution, Head))
        total += module.weight[0].numel() * output[0].numel()

    for module in network.modules():
        if isinstance(module, (Convolution, Head)):
            module.register_forward_hook(count)
    network.eval()
    network(*inputs).sum().backward()
    reached = sum(p.numel() for p in network.parameters() if p.grad is not None)
    return {"parameters": reached, "multiply_adds": total}


@pytest.mark.parametrize("quirk", [False, True])
def test_costs_of_the_fixed_network(quirk: bool) -> None:
    image = torch.zeros(1, 3, 7, 10)
    for architecture in mixed_architectures(24, max_layers=7):
        network = FixedChildNetwork(architecture, 4, 3, 5, released_quirk=quirk)
        cost = network_cost(architecture, 4, (3, 7, 10), 5, released_quirk=quirk)
        assert asdict(cost) == measured_cost(network, image)
        assert cost.parameters == sum(p.numel() for p in network.parameters())


def test_costs_of_a_path_in_the_search_network() -> None:
    image = torch.zeros(1, 3, 7, 10)
    for architecture in mixed_architectures(24, max_layers=7):
        network = SharedChildNetwork(architecture.num_layers, 4, 3, 5)
        cost = network_cost(architecture, 4, (3, 7, 10), 5, network="search")
        assert asdict(cost) == measured_cost(network, image, architecture)


def test_unknown_networks_are_refused() -> None:
    architecture = Architecture((0,), ())
    with pytest.raises(ValueError, match="network must be"):
        network_cost(architecture, 4, (3, 8, 8), network="final")
    with pytest.raises(ValueError, match="quirk"):
        network_cost(architecture, 4, (3, 8, 8), network="search", released_quirk=True)
