"""The latent explorer: what it computes in the browser, and the files it reads there.

``python -m paper_nas prepare-explorer`` stores what needs no rows of a data set;
:func:`export_explorer` joins it with the rows and writes the files that ``explorer.mjs`` reads.
"""

from paper_nas.explorer.export import TRAININGS, Bundle, build_bundle, export_explorer

__all__ = ["TRAININGS", "Bundle", "build_bundle", "export_explorer"]
