"""Building blocks of the graph VAEs, arranged so that a training step is mostly matrix products.

Two ideas make the recurrent sweeps fast without changing a single term of the loss:

* *Deferred weight gradients.* A sweep over the vertices applies the same weight to one small
  matrix per vertex. The gradient of that weight is a sum of small products; here the factors are
  kept and multiplied once, at the end of the backward pass (:class:`SharedLinear`).
* *Type tables.* A vertex type enters a recurrent unit through ``W_ih x + b``: a table of ``K``
  rows, computed once per batch (:meth:`GruCell.input_table`).

Glossary of shapes: ``R`` rows (vertices of a batch at one step), ``H`` hidden, ``K`` vertex types.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from paper_nas.space import NUM_VERTEX_TYPES


class _Gather(torch.autograd.Function):
    """Identity on a weight and a bias, whose backward sums what the steps left in the ledger."""

    @staticmethod
    def forward(ctx, weight, bias, ledger):  # type: ignore[no-untyped-def]
        ctx.ledger = ledger
        ctx.set_materialize_grads(False)
        return weight.view_as(weight), bias.view_as(bias)

    @staticmethod
    @once_differentiable
    def backward(ctx, _weight, _bias):  # type: ignore[no-untyped-def]
        if not ctx.ledger:
            return None, None, None
        inputs = torch.cat([x for x, _ in ctx.ledger])
        gradients = torch.cat([g for _, g in ctx.ledger])
        ctx.ledger.clear()
        return gradients.T @ inputs, gradients.sum(0), None


class _Step(torch.autograd.Function):
    """``x W^T + b`` whose backward leaves the weight's part to :class:`_Gather`."""

    @staticmethod
    def forward(ctx, x, weight, bias, ledger):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x, weight)
        ctx.ledger = ledger
        return torch.addmm(bias, x, weight.T)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        x, weight = ctx.saved_tensors
        ctx.ledger.append((x, gradient))
        return gradient @ weight if ctx.needs_input_grad[0] else None, None, None, None


class SharedLinear:
    """An affine map used many times in one forward pass, with one weight gradient at the end.

    Create it anew for each forward pass. Without gradients it is ``torch.nn.functional.linear``.

    Args:
        weight: ``[out, in]``.
        bias: ``[out]``.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """Pass weight and bias through the node that will collect their gradients."""
        self._ledger: list[tuple[Tensor, Tensor]] = []
        self._track = torch.is_grad_enabled() and (weight.requires_grad or bias.requires_grad)
        if self._track:
            weight, bias = _Gather.apply(weight, bias, self._ledger)
        self.weight, self.bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        """``[R, in]`` to ``[R, out]``."""
        if self._track:
            return _Step.apply(x, self.weight, self.bias, self._ledger)
        return F.linear(x, self.weight, self.bias)


class _GruGates(torch.autograd.Function):
    """The elementwise part of a GRU, with its gradient in closed form."""

    @staticmethod
    def forward(ctx, table, types, hidden_part, state):  # type: ignore[no-untyped-def]
        size = state.shape[1]
        gates = table.index_select(0, types)
        gates[:, : 2 * size] += hidden_part[:, : 2 * size]
        gates[:, : 2 * size].sigmoid_()
        reset, update, candidate = gates.split(size, dim=1)
        candidate.addcmul_(reset, hidden_part[:, 2 * size :]).tanh_()
        ctx.save_for_backward(gates, types, hidden_part, state)
        ctx.rows = table.shape[0]
        return torch.lerp(candidate, state, update)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        gates, types, hidden_part, state = ctx.saved_tensors
        size = state.shape[1]
        reset, update, candidate = gates.split(size, dim=1)
        inputs = torch.empty_like(gates)
        d_reset, d_update, d_candidate = inputs.split(size, dim=1)
        torch.mul(gradient, 1 - update, out=d_candidate)
        d_candidate -= d_candidate * candidate * candidate
        torch.mul(gradient, state - candidate, out=d_update)
        d_update *= update * (1 - update)
        torch.mul(d_candidate, hidden_part[:, 2 * size :], out=d_reset)
        d_reset *= reset * (1 - reset)
        hidden = inputs.clone()
        hidden[:, 2 * size :] *= reset
        table = gradient.new_zeros(ctx.rows, 3 * size).index_add_(0, types, inputs)
        return table, None, hidden, gradient * update


class GruCell(nn.GRUCell):
    """torch's gated recurrent unit, with the vertex types read from a table.

    Parameters, initialisation and result are those of :class:`torch.nn.GRUCell`
    (released_code_spec section 2); what differs is how the step is organised.
    """

    def input_table(self, codes: Tensor) -> Tensor:
        """``W_ih x + b_ih`` of all vertex types: ``codes [K, E]`` to ``[K, 3H]``."""
        return F.linear(codes, self.weight_ih, self.bias_ih)

    def sweep(self, codes: Tensor) -> GruSweep:
        """The unit, prepared for many steps of one forward pass."""
        return GruSweep(self.input_table(codes), SharedLinear(self.weight_hh, self.bias_hh))

    def run(self, inputs: Tensor, state: Tensor) -> Tensor:
        """The states along sequences of equal length.

        Args:
            inputs: ``[T, B, E]``, by step.
            state: ``[B, H]``, before the first step.

        Returns:
            ``[T, B, H]``, after each step.
        """
        hidden = SharedLinear(self.weight_hh, self.bias_hh)
        rows = torch.arange(inputs.shape[1], device=inputs.device)
        states = []
        for table in self.input_table(inputs):
            state = GruSweep(table, hidden)(rows, state)
            states.append(state)
        return torch.stack(states)


class GruSweep:
    """One GRU over one forward pass: call it with types and incoming states.

    Args:
        table: ``[K, 3H]``, input part per vertex type.
        hidden: The hidden part, ``[R, H]`` to ``[R, 3H]``.
    """

    def __init__(self, table: Tensor, hidden: SharedLinear) -> None:
        """Keep the two parts."""
        self.table = table
        self.hidden = hidden

    def __call__(self, types: Tensor, state: Tensor) -> Tensor:
        """``types [R]``, ``state [R, H]`` to the new state ``[R, H]``."""
        return _GruGates.apply(self.table, types, self.hidden(state), state)

    def without_messages(self) -> Tensor:
        """States of a vertex of each type that nothing feeds: ``[K, H]``."""
        count, size = self.table.shape[0], self.table.shape[1] // 3
        zeros = self.table.new_zeros(count, size)
        return self(torch.arange(count, device=self.table.device), zeros)


class MessageFunction(nn.Module):
    """What a vertex sends to its successors: a gated linear map of its state and position.

    ``m_u = sigmoid(W_g [h_u; e_u] + b_g) * (W_m [h_u; e_u])`` with ``e_u`` the one-hot of the
    vertex position (released_code_spec section 3).

    Args:
        hidden_size: ``H``.
        max_vertices: ``N``, length of the position code.
    """

    def __init__(self, hidden_size: int, max_vertices: int) -> None:
        """Create gate and mapper."""
        super().__init__()
        self.gate = nn.Linear(hidden_size + max_vertices, hidden_size)
        self.mapper = nn.Linear(hidden_size + max_vertices, hidden_size, bias=False)

    def sweep(self) -> MessageSweep:
        """The function, prepared for many steps of one forward pass."""
        size = self.gate.out_features
        weight = torch.cat([self.gate.weight, self.mapper.weight])
        bias = torch.cat([self.gate.bias, self.gate.bias.new_zeros(size)])
        linear = SharedLinear(weight[:, :size], torch.zeros_like(bias))
        return MessageSweep(linear, weight[:, size:].T + bias)


class _GatedProduct(torch.autograd.Function):
    """``sigmoid(a) * b`` of the two halves of one matrix plus one row."""

    @staticmethod
    def forward(ctx, both, row):  # type: ignore[no-untyped-def]
        both = both + row
        gate, value = both.chunk(2, dim=1)
        gate.sigmoid_()
        ctx.save_for_backward(both)
        return gate * value

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        (both,) = ctx.saved_tensors
        gate, value = both.chunk(2, dim=1)
        result = torch.empty_like(both)
        d_gate, d_value = result.chunk(2, dim=1)
        torch.mul(gradient, gate, out=d_value)
        torch.mul(d_value, value, out=d_gate)
        d_gate *= 1 - gate
        return result, result.sum(0)


class MessageSweep:
    """Messages of one forward pass.

    Args:
        linear: ``[R, H]`` to ``[R, 2H]``, gate and mapper side by side.
        positions: ``[N, 2H]``, contribution of the vertex position, gate bias included.
    """

    def __init__(self, linear: SharedLinear, positions: Tensor) -> None:
        """Keep the two parts."""
        self.linear = linear
        self.positions = positions

    def __call__(self, state: Tensor, position: int) -> Tensor:
        """Messages of the vertices at one position: ``[R, H]`` to ``[R, H]``."""
        return _GatedProduct.apply(self.linear(state), self.positions[position])


def number_groups(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Number the groups of equal keys.

    Args:
        keys: ``[B]`` int64.

    Returns:
        The group of each row, ``[B]``, and the first row of each group, ``[G]``.
    """
    values, group = keys.unique(return_inverse=True)
    first = torch.full((len(values),), len(group), device=group.device)
    rows = torch.arange(len(group), device=group.device)
    return group, first.scatter_reduce(0, group, rows, "amin")


def same_so_far(group: Tensor, types: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
    """Group the graphs that agree on the passed part of the graph and on the next vertex.

    Args:
        group: ``[B]``, number of the graph's group so far.
        types: ``[B]``, types of the next vertex.
        edges: ``[B, v]``, edges between it and the vertices passed.

    Returns:
        Its group ``[B]``, and one graph of each group, ``[G]``.
    """
    powers = 2 ** torch.arange(edges.shape[1], device=edges.device)
    code = (group * NUM_VERTEX_TYPES + types) * 2 ** edges.shape[1] + edges.long() @ powers
    return number_groups(code)
