"""One resumable training loop, with the paper's ``T`` iterations of operation embeddings.

``loop`` trains, ``run`` is a training as a value, ``schedule`` holds what follows from the
configuration alone, and ``checkpoints`` what is left on disk.
"""

from paper_nas.training.checkpoints import (
    CHECKPOINT,
    CheckpointMismatch,
    load_from_run,
    load_trained,
)
from paper_nas.training.loop import TrainingDiverged, train_model
from paper_nas.training.run import EpochRecord, TrainingRun, fresh_model, next_iteration
from paper_nas.training.schedule import batch_order, learning_rate, plateau_reductions

__all__ = [
    "CHECKPOINT",
    "CheckpointMismatch",
    "EpochRecord",
    "TrainingDiverged",
    "TrainingRun",
    "batch_order",
    "fresh_model",
    "learning_rate",
    "load_from_run",
    "load_trained",
    "next_iteration",
    "plateau_reductions",
    "train_model",
]
