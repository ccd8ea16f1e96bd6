"""reportgen series."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

import click

from reportgen import catalog, embedded
from reportgen.calendars import publication
from reportgen.calendars.rules import rule
from reportgen.cli.due import due_lines, due_rows
from reportgen.cli.options import as_of_option, desk_options, minute, moment_of, now, plain, shown
from reportgen.indicators.freshness import Freshness, freshness
from reportgen.model import Series
from reportgen.pipeline.desk import Desk
from reportgen.pipeline.fetch_state import Failure, State
from reportgen.store import Snapshot, Store


@click.command("series")
@click.argument("series_id", metavar="[ID]", required=False)
@click.option("--due", is_flag=True, help="Say which releases come next, and which are overdue.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@desk_options
def command(desk: Desk, series_id: str | None, due: bool, as_of: dt.datetime | None, as_json: bool) -> None:
    """Say which series are held and how fresh they are; with an ID, everything about one.

    Without --as-of the embedded data are shown as of their last complete week, a store of your own as of now.
    """
    asked = None if series_id is None else catalog.series(series_id)
    store = desk.store()
    snapshot = store.snapshot(moment_of(desk, store, as_of, now()))
    if due:
        held = [freshness(snapshot, s.id) for s in ([asked] if asked is not None else _held(store))]
        rows = due_rows(held, snapshot.as_of)
        _print(rows, due_lines(rows), as_json)
    elif asked is not None:
        row = _everything(snapshot, asked, desk)
        _print(row, _one(row), as_json)
    else:
        rows = _all(snapshot)
        _print(rows, _table(rows), as_json)


def _print(content: dict[str, Any], lines: Iterable[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(content, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(lines))


def _held(store: Store) -> list[Series]:
    """Return the held series in the catalogue's order, which keeps kin together."""
    return [series for series in catalog.all_series().values() if series.id in store.held]


def _failed(failure: Failure | None) -> dict[str, Any] | None:
    """Say why a series could not be fetched when it was last asked for."""
    if failure is None:
        return None
    return {"source": failure.source, "why": plain(failure.why), "since": shown(failure.since)}


def _state(found: Freshness, store: Store, failure: Failure | None) -> dict[str, Any]:
    series, first = found.series, store.oldest(found.series.id)
    return {
        "id": series.id,
        "title": series.title,
        "unit": series.unit,
        "frequency": series.frequency,
        "source": series.source,
        "first": None if first is None else first.isoformat(),
        "newest": None if found.newest is None else found.newest.isoformat(),
        "published": shown(found.published),
        "state": found.state,
        "why": plain(found.why),
        "due": shown(found.due),
        "restricted": series.restricted,
        "failed": _failed(failure),
    }


def _all(snapshot: Snapshot) -> dict[str, Any]:
    known, held = catalog.all_series(), snapshot.store.held
    failures = State.read(snapshot.store.folder).failures()
    return {
        "as_of": shown(snapshot.as_of),
        "store": str(snapshot.store.folder),
        "series": [
            _state(freshness(snapshot, s.id), snapshot.store, failures.get(s.id))
            for s in _held(snapshot.store)
        ],
        "failed": _failures(failures),
        "not_held": [i for i in known if i not in held],
        "not_in_catalogue": sorted(held - known.keys()),
    }


def _table(rows: dict[str, Any]) -> list[str]:
    columns = ("id", "source", "first", "newest", "state")
    table = [columns] + [tuple(row[c] or "–" for c in columns) for row in rows["series"]]
    widths = [max(len(line[at]) for line in table) for at in range(len(columns))]
    flags = ["licence"] + ["restricted" if row["restricted"] else "" for row in rows["series"]]
    lines = [f"as of {minute(rows['as_of'])}, {len(rows['series'])} series held", ""]
    for line, flag in zip(table, flags, strict=True):
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        lines.append(f"{'  '.join(cells)}  {flag}".rstrip())
    for failed in rows["failed"]:
        lines += ["", f"{failed['source']} failed since {minute(failed['since'])}: {failed['why']}"]
        lines.append(f"  {', '.join(failed['series'])}")
    for words, key in (("not held", "not_held"), ("not in the catalogue", "not_in_catalogue")):
        if rows[key]:
            lines += ["", f"{words}: {', '.join(rows[key])}"]
    return lines


def _failures(failures: Mapping[str, Failure]) -> list[dict[str, Any]]:
    """Group the series that could not be fetched by source and reason, with the first moment of it."""
    found: dict[tuple[str, str], list[str]] = {}
    for series_id, failure in failures.items():
        found.setdefault((failure.source, failure.why), []).append(series_id)
    return [
        {
            "source": source,
            "why": plain(why),
            "since": shown(min(failures[series_id].since for series_id in ids)),
            "series": sorted(ids),
        }
        for (source, why), ids in sorted(found.items())
    ]


def _everything(snapshot: Snapshot, series: Series, desk: Desk) -> dict[str, Any]:
    found = rule(series.publication)
    coming = publication.next_release(series.publication, snapshot.as_of)
    failure = State.read(snapshot.store.folder).failures().get(series.id)
    row: dict[str, Any] = {"as_of": shown(snapshot.as_of)}
    row |= _state(freshness(snapshot, series.id), snapshot.store, failure)
    row |= {
        "publication": {
            "rule": found.name,
            "covers": found.covers,
            "at": f"{found.at:%H:%M}",
            "calendar": found.calendar,
            "typical_lag": found.estimated,
        },
        "next_release": None
        if coming is None
        else {"at": shown(coming.at), "period": coming.period.isoformat(), "known": coming.known},
        "max_age": series.max_age,
        "expires": series.expires,
        "revised": series.revised,
        "licence": series.licence,
        "citation": series.citation,
        "url": series.url,
        "note": series.note,
        "sheet": None,
    }
    if desk.data is None and series.id in embedded.sheets():
        row["sheet"] = _sheet(embedded.sheets()[series.id])
    return row


def _sheet(sheet: embedded.Sheet) -> dict[str, Any]:
    return {
        "file": sheet.file,
        "rows": sheet.rows,
        "first": sheet.first.isoformat(),
        "last": sheet.last.isoformat(),
        "checksum": sheet.checksum,
        "inputs": list(sheet.inputs),
        "origin": list(sheet.origin),
        "checked": list(sheet.checked),
        "flags": list(sheet.flags),
        "corrections": list(sheet.corrections),
        "gaps": [[before.isoformat(), after.isoformat()] for before, after in sheet.gaps],
        "note": sheet.note,
    }


def _one(row: dict[str, Any]) -> list[str]:
    rule_ = row["publication"]
    lag = ", a typical lag" if rule_["typical_lag"] else ""
    pairs = [
        ("title", row["title"]),
        ("unit", row["unit"]),
        ("frequency", row["frequency"]),
        ("source", row["source"]),
        ("url", row["url"]),
        ("publication", f"{rule_['rule']}, {rule_['at']} New York, calendar {rule_['calendar']}{lag}"),
        ("covers", rule_["covers"]),
        ("permitted age", f"{row['max_age']} business days; not used after {row['expires']}"),
        ("licence", row["licence"] + (" (restricted: not handed on)" if row["restricted"] else "")),
        ("citation", row["citation"]),
        ("revised", "history is re-estimated, no vintages are held" if row["revised"] else "no"),
        ("note", row["note"]),
        ("as of", minute(row["as_of"])),
        ("first", row["first"]),
        ("newest", f"{row['newest']}, published {minute(row['published'])}" if row["newest"] else None),
        ("state", row["state"] + (f": {row['why']}" if row["why"] else "")),
        ("not fetched", _told(row["failed"])),
        ("next due", _coming(row["next_release"])),
    ]
    lines = [row["id"], *_aligned(pairs)]
    return lines if row["sheet"] is None else [*lines, "data sheet", *_aligned(_sheet_pairs(row["sheet"]))]


def _sheet_pairs(sheet: dict[str, Any]) -> list[tuple[str, str | None]]:
    gaps = [f"{before} to {after}" for before, after in sheet["gaps"]]
    keys = ("inputs", "origin", "checked", "flags", "corrections")
    lists = [(key, entry) for key in keys for entry in sheet[key]]
    return [
        ("file", f"{sheet['file']}, {sheet['rows']} rows, {sheet['first']} to {sheet['last']}"),
        ("sha256", sheet["checksum"]),
        *lists,
        ("gaps", "; ".join(gaps)),
        ("remark", sheet["note"]),
    ]


def _told(failed: dict[str, Any] | None) -> str | None:
    if failed is None:
        return None
    return f"{failed['source']} failed since {minute(failed['since'])}: {failed['why']}"


def _coming(release: dict[str, Any] | None) -> str:
    if release is None:
        return "no date announced"
    lag = "" if release["known"] else " (typical lag)"
    return f"{minute(release['at'])} for {release['period']}{lag}"


def _aligned(pairs: Iterable[tuple[str, str | None]]) -> list[str]:
    """Write pairs of key and value in two columns, a repeated key once, without the empty ones."""
    kept = [(key, value) for key, value in pairs if value]
    keys = [key for key, _ in kept]
    return [
        f"  {key if at == 0 or keys[at - 1] != key else '':<14}{value}"
        for at, (key, value) in enumerate(kept)
    ]
