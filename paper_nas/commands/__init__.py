"""The subcommands of ``python -m paper_nas``, one file per step of the pipeline.

Each file has ``add_parser(commands)``, which declares the subcommand and its options.
"""
