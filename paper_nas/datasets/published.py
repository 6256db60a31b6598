"""Files that others have published: where they are looked for, and how they are fetched."""

from __future__ import annotations

import os
from pathlib import Path

import pooch

from paper_nas.datasets.errors import ChecksumMismatch, DatasetUnavailable

DATA_VARIABLE = "PAPER_NAS_DATA"
"""Environment variable: folder that holds the data file (or the path of the file itself)."""


def find_published_file(name: str, url: str, sha256: str, progress: bool = False) -> Path:
    """Path of a published file: in ``$PAPER_NAS_DATA``, in the cache, or freshly downloaded.

    Where ``$PAPER_NAS_DATA`` names a file, the wanted one is that file or lies beside it.

    Args:
        name: File name.
        url: Where it is published.
        sha256: Checksum that a download must have; what was found is not read here.
        progress: Show a progress bar while downloading.

    Raises:
        DatasetUnavailable: None of the three has it.
        ChecksumMismatch: What was downloaded is not the published file.
    """
    folder = os.environ.get(DATA_VARIABLE)
    if folder:
        given = Path(folder).expanduser()
        path = (given.parent if given.is_file() else given) / name
        if path.is_file():
            return path
        raise DatasetUnavailable(
            f"{DATA_VARIABLE}={folder} holds no {name}. Put the file there, or unset "
            f"{DATA_VARIABLE} to have it downloaded from {url}"
        )
    cache = Path(pooch.os_cache("paper_nas"))
    if (cache / name).is_file():
        return cache / name
    pooch.get_logger().setLevel("WARNING")  # its progress notes go to stderr
    try:
        downloader = pooch.HTTPDownloader(timeout=30, progressbar=progress)
        found = pooch.retrieve(url, f"sha256:{sha256}", name, cache, None, downloader)
    except ValueError as reason:  # pooch's word for a wrong checksum
        raise ChecksumMismatch(f"{url} is not the published file: {reason}") from reason
    except Exception as reason:  # requests and urllib3 raise many kinds
        raise DatasetUnavailable(
            f"{name} is not in {cache} and could not be downloaded from {url} "
            f"({type(reason).__name__}). Download it by other means and set the environment "
            f"variable {DATA_VARIABLE} to its folder"
        ) from reason
    return Path(found)
