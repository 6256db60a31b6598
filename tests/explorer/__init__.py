import paper_nas.regression  # noqa: F401  # before gpytorch, whose warning it keeps quiet
