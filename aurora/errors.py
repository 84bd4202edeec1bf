"""Every error that Aurora raises on purpose; each message says what, where and what to do.

AuroraError
├── SettingsError        aurora.toml or an environment variable is wrong (exit code 2)
├── UsageError           a command is given words that it does not know (exit code 2)
├── SourceError          a source cannot be read; carries the error class that pages and rules use
├── ContractError        a frame or file cannot be brought into the shape of its table
├── LakeError            the lake refuses a write or a maintenance job
│   └── LostRaceError    somebody else wrote this version first: reload, decide again
├── NotPublishedError    there is no warehouse to read yet
├── ReportError          a report cannot be made or sent
├── QueryError           a query is no question that the warehouse can answer
├── RefusedError         a query asks for what nobody may have, or has to wait for too long
├── CancelledError       a query was stopped by who asked it
└── AlreadyRunningError  another Aurora holds this data folder
"""

from typing import Literal

ErrorClass = Literal[
    "auth",
    "permission",
    "not_found",
    "rate_limited",
    "bad_query",
    "partial",
    "timeout",
    "vendor_5xx",
    "schema_drift",
    "internal",
]


class AuroraError(Exception):
    """Root of all errors that may be shown to a person as they are."""


class SettingsError(AuroraError):
    """The settings cannot be used; the message names file and line."""


class UsageError(AuroraError):
    """A command is given words that it does not know; the message tells those that it knows."""


class SourceError(AuroraError):
    """A source cannot be read; `error_class` is one of the words of `ErrorClass`."""

    def __init__(self, message: str, error_class: ErrorClass) -> None:
        super().__init__(message)
        self.error_class: ErrorClass = error_class


class ContractError(AuroraError):
    """Data cannot be brought into the shape of a canonical table."""


class LakeError(AuroraError):
    """The lake refused a write or a maintenance job."""


class LostRaceError(LakeError):
    """Another writer committed this version first."""


class NotPublishedError(AuroraError):
    """No warehouse has been published yet."""


class QueryError(AuroraError):
    """The query is no question that the warehouse can answer."""


class ReportError(AuroraError):
    """A report cannot be made or sent."""


class RefusedError(AuroraError):
    """The query is not run: it would do more than read, or too many are waiting."""


class CancelledError(AuroraError):
    """The query was stopped by who asked it."""


class AlreadyRunningError(AuroraError):
    """Another Aurora process holds the lock of this data folder."""
