"""Sources: one file per publisher (build the request, parse the reply) over one shared transport.

A series has one home, the publisher that its catalogue entry names; it may have other sources, which publish
the same numbers earlier (the Treasury's yields reach FRED a day late). `homes` gives them in that order: the
first may revise what is held, the others only add days that are not.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from reportgen.sources.contract import Answer, Level, Probe, Quarantined, Rows, Source, Want

__all__ = ["Answer", "Level", "Probe", "Quarantined", "Rows", "Source", "Want", "homes", "sources"]

# Loaded when asked for: a command that fetches nothing starts without the libraries that fetching needs.
_MODULES = ("fred", "cftc", "nyfed", "treasury", "fiscaldata", "ofr", "chicagofed", "tic")


@cache
def sources() -> Mapping[str, Source]:
    """Return every source of the network by id; a desk's folder of files is `sources.files.Folder`."""
    found: dict[str, Source] = {}
    for name in _MODULES:
        source: Source = importlib.import_module(f"reportgen.sources.{name}").SOURCE
        found[source.id] = source
    return MappingProxyType(found)


@cache
def homes() -> Mapping[str, tuple[str, ...]]:
    """Return the ids of the sources of each series, the one that may revise it first."""
    from reportgen import catalog

    found: dict[str, tuple[str, ...]] = {}
    for source in sources().values():
        for series_id in source.series:
            home = catalog.series(series_id).source.partition(":")[0].lower() == source.id
            others = found.get(series_id, ())
            found[series_id] = (source.id, *others) if home else (*others, source.id)
    return MappingProxyType(found)
