"""Graph-based neural architecture search with operation embeddings, reproduced.

The package follows the paper's pipeline in one direction: a *dataset* of architectures trains a
*model* (a variational auto-encoder of labelled DAGs), the model gives *latents*, and the latents
are evaluated, searched and drawn. Each module imports only from those before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paper_nas.training.pretrained import load_pretrained, pretrained_names

__version__ = "0.1.0"
__all__ = ["__version__", "load_pretrained", "pretrained_names"]


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first asked for, so that this module stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from paper_nas.training import pretrained

    return getattr(pretrained, name)
