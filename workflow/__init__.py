"""The workflow: which results there should be, which are out of date, and how they are made again.

``catalogue``  reads the list of results, ``results.yml``, and knows the command that makes each.
``plan``       compares the list with the stored manifests: what is missing or out of date, and why.
``Snakefile``  runs the plan, on one machine or a cluster; ``rules/`` has one rule per step.
"""
