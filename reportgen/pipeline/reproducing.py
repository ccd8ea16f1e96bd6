"""A note built again from what it sealed, and the first cause where the bytes differ."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.errors import ArchiveError, ReportgenError
from reportgen.pipeline import building
from reportgen.pipeline.analysis import Desk, analyse
from reportgen.pipeline.context import CONTEXT, SOFTWARE, members, packed, software, unpack
from reportgen.pipeline.differing import where

MANIFEST = "manifest.json"
# Causes before what follows from them: data, then words and pictures, then the pages set from both.
_ORDER = (
    *(building.PACK, CONTEXT, "facts.json", "figures/", "digest/"),
    *("note.html", "digest.html", "digest.txt", "note.pdf"),
)
_NAMED = 5  # files of our code that a message names one by one


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of building a note again.

    Shape: software says how the software differs from that which made the note; differing which files do
        and where, causes first; stopped why the note could not be built again.
    """

    note_id: str
    compared: tuple[str, ...]
    software: tuple[str, ...]
    differing: tuple[str, ...]
    stopped: str = ""

    @property
    def same(self) -> bool:
        """Say whether every file but the record of versions has the same bytes."""
        return not self.differing and not self.stopped

    @property
    def first_cause(self) -> str:
        """Return the first cause of a difference, nothing if there is none."""
        if self.same:
            return ""
        return next(iter((*self.software, *self.differing, self.stopped)), "")


def reproduce(
    sealed: Mapping[str, bytes], now: dt.datetime, progress: Callable[[str], None], keep: Path | None = None
) -> Reproduction:
    """Build a note again from its data pack and its context alone, and compare every byte.

    Shape: sealed holds the files of the note by name; keep names a folder for the files built again.

    Raises: ArchiveError if the pack, the context or the manifest is missing or cannot be read.
    """
    manifest = _manifest(sealed)
    for name in (building.PACK, CONTEXT):
        if name not in sealed:
            raise ArchiveError(
                f"{manifest['id']}: {name} is missing, expected among the files of the note",
                hint="Notes built before contexts were sealed cannot be reproduced."
                if name == CONTEXT
                else None,
            )
    context = members(sealed[CONTEXT])
    versions = tuple(_software(context))
    names = tuple(sorted(sealed))
    try:
        again = _build(sealed, manifest, now, progress)
    except ReportgenError as error:
        return Reproduction(manifest["id"], names, versions, (), f"the build stopped: {error.message}")
    if keep is not None:
        building.write(building.Built(manifest["id"], again), keep)
    return Reproduction(
        manifest["id"], names, versions, tuple(_differing(sealed, again, other_software=bool(versions)))
    )


def _build(
    sealed: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    now: dt.datetime,
    progress: Callable[[str], None],
) -> dict[str, bytes]:
    """Build the note of a manifest in a folder that holds nothing but what was sealed with it."""
    with tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
        folder = Path(scratch)
        unpack(sealed[CONTEXT], folder)
        data = folder / "data"
        data.mkdir()
        (data / building.PACK).write_bytes(sealed[building.PACK])
        desk = Desk(data, folder / "desk", folder / "templates", folder / "charts")
        progress("data")
        as_of = dt.datetime.fromisoformat(manifest["as_of"])
        analysis = analyse(desk, as_of, now, allow_stale=True)
        extras = any(name.endswith(".xlsx") for name in sealed)
        revision = int(manifest["id"].rpartition("-r")[2])
        built = building.build(
            analysis, desk, manifest["note"], manifest["lang"], progress, extras=extras, revision=revision
        )
        return dict(built.files)


def _differing(
    sealed: Mapping[str, bytes], again: Mapping[str, bytes], *, other_software: bool
) -> Iterator[str]:
    """Say which files differ and where, causes first.

    Versions differ by nature where the software does; then they do not count, here or in the manifest. Nor do
    the manifest's digests of files that differ, which are compared themselves.
    """
    names = sealed.keys() | again.keys()
    told = {name for name in names if sealed.get(name) != again.get(name)}
    for name in sorted(names, key=_rank):
        before, after = sealed.get(name), again.get(name)
        if before is None:
            yield f"{name}: built again, but not sealed with the note"
        elif after is None:
            yield f"{name}: sealed with the note, but not built again"
        elif before != after:
            if name == CONTEXT and other_software:
                before, after = (_without_software(zipped) for zipped in (before, after))
            elif name == MANIFEST and (other_software or told != {MANIFEST}):
                before, after = (_without(told, other_software, listed) for listed in (before, after))
            if before != after:
                yield f"{name}: {where(name, before, after)}"


def _without_software(content: bytes) -> bytes:
    return packed({name: held for name, held in members(content).items() if name != SOFTWARE})


def _without(told: Set[str], other_software: bool, content: bytes) -> bytes:
    """Return a manifest without the digests of some files, and without versions if these are others."""
    found = json.loads(content)
    left = ("versions",) if other_software else ()
    kept = {key: said for key, said in found.items() if key not in left}
    if isinstance(digests := kept.get("sha256"), dict):
        kept["sha256"] = {name: digest for name, digest in digests.items() if name not in told}
    return json.dumps(kept, indent=1).encode()


def _rank(name: str) -> tuple[int, str]:
    found = (k for k, part in enumerate(_ORDER) if name.startswith(part))
    return next(found, len(_ORDER)), name


def _software(context: Mapping[str, bytes]) -> Iterator[str]:
    """Say how the software here differs from that which made a note, versions before lines of code."""
    try:
        then = json.loads(context[SOFTWARE])
        fonts = tuple(name for name in then["libraries"] if name.startswith("fontpkg-"))
        now = software(fonts)
        for name in ("python", "system", "reportgen", "pango", "zlib"):
            if then[name] != now[name]:
                yield f"{name}: {then[name]} made the note, {now[name]} is here"
        for name in sorted(then["libraries"].keys() | now["libraries"].keys()):
            was, found = then["libraries"].get(name), now["libraries"].get(name)
            if was != found:
                yield f"{name}: {was or 'none'} made the note, {found or 'none'} is here"
        changed = sorted(
            name
            for name in then["code"].keys() | now["code"].keys()
            if then["code"].get(name) != now["code"].get(name)
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ArchiveError(
            f"{CONTEXT}: {SOFTWARE} is missing or not a list of versions ({error!r})"
        ) from error
    if changed:
        named = ", ".join(changed[:_NAMED])
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        yield f"code of reportgen {now['reportgen']}: {named}{more} differ from what made the note"


def _manifest(sealed: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(sealed[MANIFEST])
        for key in ("id", "note", "lang", "as_of"):
            if not isinstance(found[key], str):
                raise TypeError(f"{key} is {found[key]!r}")
        dt.datetime.fromisoformat(found["as_of"])
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveError(f"{MANIFEST}: missing or not a note's manifest ({error!r})") from error
    return found
