"""The errors of reportgen, each family with its own exit status.

ReportgenError
├── UsageError            2   the command line asks for something that cannot be
├── ConfigError           3   desk file, thresholds, events, brand
├── DataError             4   as-of, store, series, calendar
│   ├── AsOfError             a moment that is malformed, too early or too late
│   ├── CalendarError         a day or rule outside the calendars
│   ├── CatalogueError        the series or fact catalogue is inconsistent
│   └── StoreError            a store file is missing, corrupt or malformed
├── TemplateError         5   templates and chart specifications
│   ├── AssetError            an asset folder cannot be found
│   └── ChartError            a chart specification or its drawing
├── AuditError            6   a number or word in the note has no fact behind it
│   └── CommentaryError       a file of commentary: its author, its place, a number or markup in it
├── PdfError              7   rendering or conformance of the PDF
├── ArchiveError          8
│   └── TimestampError        no time stamp to be had, or one that does not fit
├── ApprovalError         9
├── DeliveryError        10
├── FetchError           11   a publisher's answer that did not come or cannot be used
│   ├── UnreachableError      no connection, no answer in time, or busy through every attempt
│   ├── RefusedError          the publisher says no
│   ├── MalformedError        not what was asked for: cut off, another format, another schema
│   ├── MissingKeyError       the publisher wants a key
│   └── StoreBusyError        another fetch or run is at work on the store
└── HostError            12   something the machine lacks
"""

from __future__ import annotations


class ReportgenError(Exception):
    """Say what is wrong, where, and what to do next.

    Example: ``StoreError("fred.parquet: no column 'value'", hint="Fetch again.")``
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  {self.hint}"


class UsageError(ReportgenError):
    exit_code = 2


class ConfigError(ReportgenError):
    exit_code = 3


class DataError(ReportgenError):
    exit_code = 4


class AsOfError(DataError):
    pass


class CalendarError(DataError):
    pass


class CatalogueError(DataError):
    pass


class StoreError(DataError):
    pass


class TemplateError(ReportgenError):
    exit_code = 5


class AssetError(TemplateError):
    pass


class ChartError(TemplateError):
    pass


class AuditError(ReportgenError):
    exit_code = 6


class CommentaryError(AuditError):
    pass


class PdfError(ReportgenError):
    exit_code = 7


class ArchiveError(ReportgenError):
    exit_code = 8


class TimestampError(ArchiveError):
    pass


class ApprovalError(ReportgenError):
    exit_code = 9


class DeliveryError(ReportgenError):
    exit_code = 10


class FetchError(ReportgenError):
    exit_code = 11


class StoreBusyError(FetchError):
    pass


class UnreachableError(FetchError):
    pass


class RefusedError(FetchError):
    pass


class MalformedError(FetchError):
    pass


class MissingKeyError(FetchError):
    pass


class HostError(ReportgenError):
    exit_code = 12
