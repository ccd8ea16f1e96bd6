"""What is due when, and what is overdue, as known at a moment: the answer of `series --due`."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from reportgen.calendars import publication
from reportgen.calendars.rules import rule
from reportgen.cli.options import minute, plain, shown
from reportgen.indicators.freshness import Freshness
from reportgen.model import NEW_YORK

_NAMED = 4  # series that a line of text names before it counts


def due_rows(held: Sequence[Freshness], as_of: dt.datetime) -> dict[str, Any]:
    """Return the next release of each publication rule, what is overdue, and what the data lack.

    overdue: not published although its time has come; behind: published, but not in these data.
    """
    rules: dict[str, list[str]] = defaultdict(list)
    for found in held:
        rules[found.series.publication].append(found.series.id)
    behind = [f for f in held if f.state in ("stale", "missing") and _next_is_public(f, as_of)]
    return {
        "as_of": shown(as_of),
        "due": _due(rules, as_of),
        "overdue": _overdue(held, as_of),
        "behind": [
            {
                "id": f.series.id,
                "newest": None if f.newest is None else f.newest.isoformat(),
                "state": f.state,
                "why": plain(f.why),
            }
            for f in behind
        ],
    }


def due_lines(rows: dict[str, Any]) -> list[str]:
    """Write the rows as text."""
    lines = [f"as of {minute(rows['as_of'])}", "", "due"]
    for row in rows["due"]:
        when = "no date announced" if row["at"] is None else minute(row["at"])
        period = f" for {row['period']}" if row["period"] else ""
        lag = " (typical lag)" if row["known"] is False else ""
        lines.append(f"  {when:<22}{row['rule']}{period}{lag}: {_few(row['series'])}")
    if rows["overdue"]:
        lines += ["", "overdue"]
    for row in rows["overdue"]:
        reason = row["reason"] or "no reason known"
        expected = "no date announced" if row["expected"] is None else f"expected {minute(row['expected'])}"
        several = f" and {len(row['periods']) - 1} more" if len(row["periods"]) > 1 else ""
        lines.append(
            f"  {row['rule']} of {row['periods'][0]}{several}: {reason}; {expected}: {_few(row['series'])}"
        )
    if rows["behind"]:
        lines += ["", "not in these data although published"]
    return lines + [f"  {row['id']}: {row['why']}" for row in rows["behind"]]


def _due(rules: dict[str, list[str]], as_of: dt.datetime) -> list[dict[str, Any]]:
    rows = []
    for name, ids in rules.items():
        release = publication.next_release(name, as_of)
        rows.append(
            {
                "at": None if release is None else shown(release.at),
                "rule": name,
                "period": None if release is None else release.period.isoformat(),
                "known": None if release is None else release.known,
                "covers": rule(name).covers,
                "series": ids,
            }
        )
    return sorted(rows, key=lambda row: (row["at"] is None, row["at"] or "", row["rule"]))


def _overdue(held: Sequence[Freshness], as_of: dt.datetime) -> list[dict[str, Any]]:
    """Group the series that wait for the same periods of one rule."""
    waiting: dict[tuple[str, tuple[dt.date, ...]], list[str]] = defaultdict(list)
    for found in held:
        if found.newest is None:
            continue
        name = found.series.publication
        periods = tuple(publication.overdue(name, found.newest, as_of))
        if periods:
            waiting[name, periods].append(found.series.id)
    return [
        {
            "rule": name,
            "periods": [period.isoformat() for period in periods],
            "expected": shown(publication.expected(name, periods[0], as_of)),
            "reason": publication.delay_reason(name, periods[0], as_of),
            "series": ids,
        }
        for (name, periods), ids in sorted(waiting.items())
    ]


def _next_is_public(found: Freshness, as_of: dt.datetime) -> bool:
    if found.newest is None:
        return False
    name, today = found.series.publication, as_of.astimezone(NEW_YORK).date()
    later = publication.periods(name, found.newest + dt.timedelta(days=1), today)
    return len(later) > 0 and publication.first_public(name, later[0].item()).at <= as_of


def _few(ids: list[str]) -> str:
    rest = len(ids) - _NAMED
    return ", ".join(ids[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
