"""The steps of the pipeline, each with a version that is raised by hand.

Every manifest names the step that made it and the step's version then; a manifest without one is of
version 1. A result is out of date once its step has a higher version, and so is all that was made
from it: raise a version when a change of code changes what the step computes, and leave it alone
when it does not, so that a better docstring costs no training.
"""

from __future__ import annotations

from typing import Any

STEP_VERSIONS: dict[str, int] = {
    "benchmark": 1,
    "train": 1,
    "trial": 1,
    "evaluate": 1,
    "predict": 1,
    "baseline": 1,
    "project": 1,
    "prepare-explorer": 1,
    "arms": 1,
    "search": 1,
    "search-top": 1,
    "search-autopsy": 1,
    "cluster": 1,
}
"""The version of each step, from 1."""


def step_record(step: str) -> dict[str, Any]:
    """What a manifest says of the step that makes a result: name and version.

    Raises:
        KeyError: There is no such step.
    """
    return {"name": step, "version": STEP_VERSIONS[step]}
