"""What can be wrong with a data set."""

from __future__ import annotations


class DatasetError(Exception):
    """A data set cannot be used; the message says what to do."""


class DatasetUnavailable(DatasetError):
    """The data file was not found and could not be downloaded."""


class ChecksumMismatch(DatasetError):
    """The data file is not the published one."""


class MalformedRow(DatasetError, ValueError):
    """A row of the data file cannot be read."""
