"""Graph-based neural architecture search with operation embeddings, reproduced.

The package follows the paper's pipeline in one direction: a *dataset* of architectures trains a
*model* (a variational auto-encoder of labelled DAGs), the model gives *latents*, and the latents
are evaluated, searched and drawn. Each module imports only from those before it.
"""

__version__ = "0.1.0"
