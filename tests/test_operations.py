"""Operation encodings."""

from __future__ import annotations

import pytest
import torch

from paper_nas.operations import RELEASED_TABLE, OneHotOperations, OperationEmbedding


def test_one_hot_codes_are_scaled_unit_vectors() -> None:
    codes = OneHotOperations(scale=10.0)
    assert torch.equal(codes.table(), 10 * torch.eye(8))
    assert list(codes.parameters()) == []
    assert codes.width == 8
    types = torch.tensor([[2, 7], [0, 1]])
    assert codes(types).shape == (2, 2, 8)
    assert int(codes(types)[0, 1].argmax()) == 7


def test_the_embedding_is_a_scaled_learnable_table() -> None:
    codes = OperationEmbedding(width=5, scale=2.0)
    assert torch.equal(codes.table(), 2 * codes.weight)
    assert codes(torch.tensor([3])).shape == (1, 5)
    codes(torch.tensor([3])).sum().backward()
    assert codes.weight.grad is not None
    assert codes.weight.grad[3].tolist() == [2.0] * 5
    assert codes.weight.grad.sum() == 10.0


def test_the_embedding_starts_from_a_standard_normal_draw() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        table = OperationEmbedding(width=4000).weight
    assert abs(float(table.detach().mean())) < 0.02
    assert abs(float(table.detach().std()) - 1) < 0.02


def test_the_released_constants_are_available() -> None:
    codes = OperationEmbedding(initial="released")
    assert torch.equal(codes.table(), torch.tensor(RELEASED_TABLE))


def test_a_table_can_be_given_and_left_unlearned() -> None:
    rows = [[float(10 * i + j) for j in range(2)] for i in range(8)]
    codes = OperationEmbedding(2, scale=3.0, initial="given", given=rows, learn=False)
    assert codes.table().tolist() == [[3 * value for value in row] for row in rows]
    assert not codes.weight.requires_grad
    assert torch.equal(OperationEmbedding(8, 2.0, "identity").table(), 2 * torch.eye(8))
    with pytest.raises(ValueError, match="given"):
        OperationEmbedding(2, initial="given")
    with pytest.raises(ValueError, match="identity table"):
        OperationEmbedding(3, initial="identity")


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="scale"):
        OneHotOperations(scale=0.0)
    with pytest.raises(ValueError, match="scale"):
        OneHotOperations(scale=float("nan"))
    with pytest.raises(ValueError, match="width must"):
        OperationEmbedding(width=0)
    with pytest.raises(ValueError, match=r"is \[8, 3\], not \[8, 4\]"):
        OperationEmbedding(width=4, initial="released")
    with pytest.raises(ValueError, match="'uniform'"):
        OperationEmbedding(initial="uniform")
