"""Search for good architectures: the paper's latent Bayesian optimisation, and its rivals.

:func:`run_search` runs one of :data:`STRATEGIES` against an oracle and returns a :class:`Trial`.
:func:`load_setting` has the start sets and oracles of chapter 6.
"""

from paper_nas.search.acquisition import (
    BATCH_VARIANCES,
    BatchChooser,
    Belief,
    log_expected_improvement,
)
from paper_nas.search.autopsy import (
    FoldedNetwork,
    autopsy_groups,
    fold_winners,
    judge_autopsy,
    run_autopsy,
)
from paper_nas.search.base import Proposal, SearchBudget, StartSet, Strategy
from paper_nas.search.latent import (
    AS_RELEASED,
    DECODES,
    INCUMBENTS,
    REFITS,
    LatentBO,
    LatentRandom,
    MutationBO,
    decode,
    encode,
)
from paper_nas.search.rivals import BoostingBO, Evolution, LocalSearch, RandomSearch
from paper_nas.search.runner import LATENT, STRATEGIES, make_strategy, run_search
from paper_nas.search.settings import SETTINGS, Setting, load_setting, start_set
from paper_nas.search.similarity import (
    MEASURES,
    Comparison,
    against_random_subsets,
    compare_trials,
    similarity_figures,
)
from paper_nas.search.store import (
    StoredTrial,
    best_of_trials,
    read_trial,
    search_rows,
    stored_trials,
    trial_name,
    write_trial,
)
from paper_nas.search.trial import (
    UNDECODABLE,
    Evaluation,
    Trial,
    evaluations_from_arrays,
    summarise,
    trial_arrays,
)

__all__ = [
    "AS_RELEASED",
    "BATCH_VARIANCES",
    "DECODES",
    "INCUMBENTS",
    "LATENT",
    "MEASURES",
    "REFITS",
    "SETTINGS",
    "STRATEGIES",
    "UNDECODABLE",
    "BatchChooser",
    "Belief",
    "BoostingBO",
    "Comparison",
    "Evaluation",
    "Evolution",
    "FoldedNetwork",
    "LatentBO",
    "LatentRandom",
    "LocalSearch",
    "MutationBO",
    "Proposal",
    "RandomSearch",
    "SearchBudget",
    "Setting",
    "StartSet",
    "StoredTrial",
    "Strategy",
    "Trial",
    "against_random_subsets",
    "autopsy_groups",
    "best_of_trials",
    "compare_trials",
    "decode",
    "encode",
    "evaluations_from_arrays",
    "fold_winners",
    "judge_autopsy",
    "load_setting",
    "log_expected_improvement",
    "make_strategy",
    "read_trial",
    "run_autopsy",
    "run_search",
    "search_rows",
    "similarity_figures",
    "start_set",
    "stored_trials",
    "summarise",
    "trial_arrays",
    "trial_name",
    "write_trial",
]
