"""Operation encodings: the one point in which D-VAE and DVAE-EMB differ.

An encoding turns a vertex type into the vector that the recurrent units of encoder and decoder
read. D-VAE uses a fixed one-hot code; the paper replaces it by a small learnable table, shared by
encoder and decoder (paper section 3.3, equations 3a and 3b).

Glossary of shapes: ``K`` vertex types, ``E`` width of the code.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from paper_nas.space import NUM_VERTEX_TYPES

RELEASED_TABLE: tuple[tuple[float, float, float], ...] = (
    (-1.505, -0.665, -0.641),
    (-1.570, -0.080, -0.590),
    (-0.222, -1.357, 0.844),
    (0.775, 1.900, -0.552),
    (0.253, -0.425, -0.549),
    (-0.091, -0.657, 0.355),
    (0.319, 1.108, -0.085),
    (-0.335, -1.564, 2.217),
)
"""Constants from which the released DVAE-EMB starts (released_code_spec section 4)."""


class OperationEncoding(nn.Module):
    """Base class: ``K`` codes of width ``E``, times a constant.

    Attributes:
        scale: Constant factor of all codes. 1 is as published; a larger one makes the types
            learnable in far fewer epochs (chapter 3), because a recurrent unit's input weights
            start small.
    """

    def __init__(self, width: int, scale: float) -> None:
        """Check and keep width and scale."""
        super().__init__()
        if not scale > 0:
            raise ValueError(f"the operation scale must be positive, not {scale}")
        self.width = width
        self.scale = float(scale)

    def table(self) -> Tensor:
        """The codes of all vertex types, ``[K, E]``, scaled."""
        raise NotImplementedError

    def forward(self, types: Tensor) -> Tensor:
        """Codes of some vertices: ``types [...]`` (int64) to ``[..., E]``."""
        return self.table()[types]


class OneHotOperations(OperationEncoding):
    """The fixed code of D-VAE: one coordinate per vertex type, ``E = K``.

    Args:
        scale: Constant factor; 1 is as published.
    """

    def __init__(self, scale: float = 1.0) -> None:
        """Build the identity table (not a parameter, not stored with the weights)."""
        super().__init__(NUM_VERTEX_TYPES, scale)
        self.register_buffer("identity", torch.eye(NUM_VERTEX_TYPES), persistent=False)
        self.identity: Tensor

    def table(self) -> Tensor:
        """The identity times the scale, ``[K, K]``."""
        return self.scale * self.identity


class OperationEmbedding(OperationEncoding):
    """The paper's operation embedding: a learnable table, START and END included.

    Args:
        width: ``E``; the paper uses 3.
        scale: Constant factor of the table; 1 is as published.
        initial: ``"normal"`` draws the table from N(0, 1), as the paper says; ``"released"`` takes
            the constants of the released code (``E = 3``), ``"identity"`` one coordinate per type
            (``E = K``), ``"given"`` the argument ``given``.
        given: ``[K, E]`` for ``initial="given"``.
        learn: Whether training changes the table. A table that is not learned is still a parameter,
            stored with the weights.

    Raises:
        ValueError: A width below 1, an unknown ``initial``, or a table of another shape.
    """

    def __init__(
        self,
        width: int = 3,
        scale: float = 1.0,
        initial: str = "normal",
        given: Sequence[Sequence[float]] | None = None,
        learn: bool = True,
    ) -> None:
        """Create the table ``weight [K, E]``."""
        super().__init__(width, scale)
        if width < 1:
            raise ValueError(f"the embedding width must be at least 1, not {width}")
        tables = {"released": RELEASED_TABLE, "identity": torch.eye(NUM_VERTEX_TYPES).tolist()}
        if given is not None:
            tables["given"] = given
        weight = torch.empty(NUM_VERTEX_TYPES, width).normal_()  # drawn in any case, so that the
        if initial in tables:  # other weights of the model do not depend on the table's start
            table = torch.tensor(tables[initial])
            if table.shape != weight.shape:
                raise ValueError(f"the {initial} table is {list(table.shape)}, not "
                                 f"{list(weight.shape)}: choose its width")  # fmt: skip
            weight = table
        elif initial != "normal":
            raise ValueError(f"initial must be 'normal' or in {sorted(tables)}, not {initial!r}")
        self.weight = nn.Parameter(weight, requires_grad=learn)

    def table(self) -> Tensor:
        """The learnable table times the scale, ``[K, E]``."""
        return self.scale * self.weight
