"""Ask one source for its last weeks, live, and print what came; run in a process of its own."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys

from reportgen.errors import FetchError
from reportgen.sources import Want, sources
from reportgen.sources.transport import ClientSettings, Transport


def main() -> None:
    """Print the values of the last weeks, quarantined parts and failures of a source as JSON."""
    source = sources()[sys.argv[1]]
    key = os.environ.get("FRED_API_KEY", "")
    now = dt.datetime.now(dt.UTC)
    newest = dict.fromkeys(source.series, now.date() - dt.timedelta(days=7))
    found: dict[str, dict[str, dict[str, float]]] = {"values": {}}
    said: dict[str, list[str]] = {"quarantined": [], "failed": []}
    with Transport(ClientSettings(keys={"fred": key}), {}, clock=lambda: now) as transport:
        probe = source.probe(transport)
        # Of FRED a few series, one with vintages: the rest are alike.
        wanted = (
            ("ust_10y", "on_rrp", "h41_reserves", "unemployment") if source.id == "fred" else source.series
        )
        try:
            for answer in source.fetch(Want(wanted, newest, now.date() - dt.timedelta(days=400)), transport):
                for rows in answer.rows:
                    pairs = zip(rows.days.astype(str).tolist(), rows.values.tolist(), strict=True)
                    found["values"].setdefault(rows.series, {}).update(pairs)
                said["quarantined"] += [repr(q) for q in answer.quarantined]
                said["failed"] += [f"{s}: {e}" for s, e in answer.failed.items()]
        except FetchError as error:
            said["failed"].append(str(error))
    json.dump({**found, **said, "reachable": probe.reachable, "detail": probe.detail}, sys.stdout)


if __name__ == "__main__":
    main()
