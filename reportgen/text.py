"""How numbers, dates and moments are written, and how an as-of is read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from reportgen.errors import AsOfError
from reportgen.model import NEW_YORK, Fact

MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"

_SUFFIX = {
    "percent": "%",
    "bp": f"{NBSP}bp",
    "cuts": f"{NBSP}cuts",
    "usd_bn": "bn",
    "contracts": f"{NBSP}contracts",
    "points": f"{NBSP}points",
    "z": f"{NBSP}standard deviations",
    "days": f"{NBSP}trading days",
}
_DOLLARS = ("usd", "usd_bn")
_AS_OF = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<hour>\d{2}):?(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)


def format_number(value: float, decimals: int, *, signed: bool = False) -> str:
    """Write a number with grouped thousands and a true minus sign; a rounded zero carries no sign."""
    digits = f"{abs(value):,.{decimals}f}"
    if not any(c in "123456789" for c in digits):
        return digits
    return f"{MINUS if value < 0 else '+' if signed else ''}{digits}"


def format_value(value: float | str, unit: str, decimals: int, *, signed: bool = False) -> str:
    """Write a value with its unit as the note prints it: "+39 bp", "4.40%", "$152.9bn"."""
    if isinstance(value, str):
        return value.replace("_", " ")
    number = format_number(value, decimals, signed=signed)
    if unit in _DOLLARS:
        sign = number[0] if number[0] in f"{MINUS}+" else ""
        number = f"{sign}${number.removeprefix(sign)}"
    suffix = _SUFFIX.get(unit, "")
    if unit in ("cuts", "contracts", "points", "days") and number.lstrip(f"{MINUS}+") == "1":
        suffix = suffix.removesuffix("s")
    return f"{number}{suffix}"


def format_date(day: dt.date) -> str:
    """Write a date as in "10 April 2025"."""
    return f"{day.day}{NBSP}{day:%B}{NBSP}{day.year}"


def format_day(day: dt.date, reference: dt.date) -> str:
    """Write a date without its year where that is the reference's: "4 April"."""
    return f"{day.day}{NBSP}{day:%B}" if day.year == reference.year else format_date(day)


def format_moment(moment: dt.datetime, reference: dt.date) -> str:
    """Write a moment in New York time: "Friday 11 April at 15:30"."""
    local = moment.astimezone(NEW_YORK)
    return f"{local:%A} {format_day(local.date(), reference)} at {local:%H:%M}"


def parse_as_of(text: str) -> dt.datetime:
    """Read an as-of: a date means 23:59 in New York on that day, a time without offset is New York's.

    Raises: AsOfError for any other form.
    """
    found = _AS_OF.fullmatch(text.strip())
    expected = "expected YYYY-MM-DD or YYYY-MM-DDTHH:MM, in New York time unless an offset follows"
    if found is None:
        raise AsOfError(f"as-of {text!r} is not a date, {expected}")
    try:
        day = dt.date.fromisoformat(found["day"])
        if found["hour"] is None:
            return dt.datetime.combine(day, dt.time(23, 59), NEW_YORK)
        clock = dt.time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
        if found["zone"] is None:
            return dt.datetime.combine(day, clock, NEW_YORK)
        return dt.datetime.fromisoformat(f"{day}T{clock}{found['zone']}").astimezone(NEW_YORK)
    except (ValueError, OverflowError) as error:
        raise AsOfError(f"as-of {text!r}: {error}, {expected}") from error


def as_of_name(as_of: dt.datetime) -> str:
    """Return the as-of as a folder's name: the date alone at 23:59, else with the time."""
    local = as_of.astimezone(NEW_YORK)
    if (local.hour, local.minute, local.second) == (23, 59, 0):
        return f"{local:%Y-%m-%d}"
    return f"{local:%Y-%m-%dT%H%M}" + (f"{local:%S}" if local.second else "")


_REFERENCE = re.compile(r"\{\{\s*([a-z0-9_]+(?:\.[a-z0-9_]+)*)\s*(?:\|\s*([a-z_]+)\s*)?\}\}")


def resolve(text: str, lookup: Callable[[str, str], str]) -> str:
    """Replace every reference {{ fact.id }} or {{ fact.id|form }} by what lookup(id, form) gives."""
    return _REFERENCE.sub(lambda found: lookup(found[1], found[2] or ""), text)


def references(text: str) -> tuple[str, ...]:
    """Return the ids of the facts that a text refers to, in order."""
    return tuple(found[1] for found in _REFERENCE.finditer(text))


def show(fact: Fact, form: str = "") -> str:
    """Write a fact in one of the forms that prose needs.

    Forms: "" as it is; magnitude without sign; signed; bare without unit; thousands and millions of
    contracts; whole without decimals; observed, published and start as dates.
    Raises: ValueError for an unknown form, or one that does not fit the fact's unit.
    """
    if form == "":
        return fact.text
    if form in ("observed", "start"):
        day = fact.observed if form == "observed" else fact.start
        if day is None:
            raise ValueError(f"{fact.id} has no start date")
        return format_date(day)
    if form == "published":
        return format_moment(fact.published, fact.observed)
    if isinstance(fact.value, str):
        raise ValueError(f"{fact.id} is a word; the form {form!r} is for numbers")
    value, unit, decimals = fact.value, fact.unit, fact.decimals
    if unit == "usd_bn" and decimals and abs(value) >= 1000:
        decimals = 0
    if form == "magnitude":
        return format_value(abs(value), unit, decimals)
    if form == "signed":
        return format_value(value, unit, decimals, signed=True)
    if form == "bare":
        return format_number(value, decimals, signed=fact.signed)
    if form == "whole":
        return format_value(value, unit, 0, signed=fact.signed)
    if form in ("thousands", "millions") and unit == "contracts":
        if form == "thousands":
            return format_number(round(abs(value), -3), 0)
        return f"{format_number(abs(value) / 1e6, 2)}{NBSP}million"
    raise ValueError(f"{fact.id} in {unit} has no form {form!r}")


def in_sentence(label: str) -> str:
    """Write a label for the run of a sentence: without its capital, unless it begins with an abbreviation."""
    return label if label.split()[0].rstrip(",").isupper() else label[0].lower() + label[1:]
