"""The error tree: one exit status a family, as the contract of the command line has it."""

import pytest

from reportgen import errors
from reportgen.errors import ReportgenError

EXIT = {
    "UsageError": 2,
    "ConfigError": 3,
    "DataError": 4,
    "AsOfError": 4,
    "CalendarError": 4,
    "CatalogueError": 4,
    "StoreError": 4,
    "TemplateError": 5,
    "AssetError": 5,
    "ChartError": 5,
    "AuditError": 6,
    "CommentaryError": 6,
    "PdfError": 7,
    "ArchiveError": 8,
    "TimestampError": 8,
    "ApprovalError": 9,
    "DeliveryError": 10,
    "FetchError": 11,
    "UnreachableError": 11,
    "RefusedError": 11,
    "MalformedError": 11,
    "MissingKeyError": 11,
    "StoreBusyError": 11,
    "HostError": 12,
}
CLASSES = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, ReportgenError)]


def test_exit_statuses_are_those_of_the_contract():
    assert {c.__name__: c.exit_code for c in CLASSES if c is not ReportgenError} == EXIT


def test_families_do_not_share_an_exit_status():
    families = [c.exit_code for c in ReportgenError.__subclasses__()]
    assert len(families) == len(set(families))
    assert 0 not in families
    assert ReportgenError.exit_code not in families


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_says_what_to_do_next(kind):
    assert str(kind("sofr: missing")) == "sofr: missing"
    with_hint = kind("sofr: missing", hint="Fetch again.")
    assert str(with_hint) == "sofr: missing\n  Fetch again."
    assert (with_hint.message, with_hint.hint) == ("sofr: missing", "Fetch again.")


def test_the_tree_at_the_top_of_the_module_is_complete():
    for kind in CLASSES:
        assert kind.__name__ in (errors.__doc__ or "")


def test_the_readme_names_every_exit_status(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    for status in sorted(set(EXIT.values())):
        assert f"| {status} |" in text, status
