"""reportgen archive diff."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen.assets import asset_dir
from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.errors import ArchiveError
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.archive.diff import Changed, Difference, Words


@click.command("diff")
@click.argument("note", metavar="NOTE")
@click.argument("other", metavar="[OTHER]", required=False)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page to this file instead of text.",
)
@office.json_option
@office.archive_option
@desk_options
def command(
    desk: Desk, note: str, other: str | None, root: Path | None, page: Path | None, as_json: bool
) -> None:
    """Show what changed in NOTE against OTHER: words, numbers, verdicts, charts, disclosures, and the rules
    behind them: settings, thresholds, templates, software.

    Each is the id of a note in the archive or the folder of a built one. Without OTHER it is the newest
    published note of the same kind from before, neither corrected nor withdrawn: last week's, as a rule.
    """
    from reportgen.archive.diff import difference, week_before
    from reportgen.config.archive import refuse_inside

    if page is not None:
        refuse_inside(page)
    new_id, new = _named(desk, note, root)
    if other is None:
        manifest = _manifest(new_id, new)
        found = week_before(
            office.archive_of(desk, root), manifest["note"], manifest["lang"], manifest["as_of"]
        )
        other = found.id
    old_id, old = _named(desk, other, root)
    result = difference(new_id, new, old_id, old)
    if page is not None:
        from reportgen import config
        from reportgen.render import reading_room

        brand = config.load_desk(desk.folder).brand
        page.write_text(reading_room.difference(asset_dir("templates"), brand, result), encoding="utf-8")
        click.echo(page)
    elif as_json:
        click.echo(json.dumps(dataclasses.asdict(result), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(_text(result, sys.stdout.isatty())))


def _named(desk: Desk, note: str, root: Path | None) -> tuple[str, Mapping[str, bytes]]:
    """Return id and files of a note in the archive, or of a built folder."""
    files = office.files_of(desk, note, root)
    return (_manifest(note, files)["id"] if Path(note).is_dir() else note), files


def _manifest(note: str, files: Mapping[str, bytes]) -> dict[str, str]:
    try:
        found = json.loads(files["manifest.json"])
        return {key: str(found[key]) for key in ("id", "note", "lang", "as_of")}
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveError(
            f"{note}: manifest.json is missing or not a note's manifest ({error!r})"
        ) from error


def _text(found: Difference, colour: bool) -> Iterator[str]:
    yield f"{found.new} against {found.old}"
    if found.nothing:
        yield "nothing changed"
        return
    yield from _changes("Verdicts", found.verdicts)
    yield from _changes("Disclosures", found.disclosures)
    yield from _changes("Settings, templates and software behind the note", found.rules)
    section = ""
    for heading, kinds in (
        ("Words", ("added", "removed", "reworded")),
        ("The same words with other numbers", ("renumbered",)),
    ):
        words = [w for w in found.words if w.kind in kinds]
        yield f"\n{heading} ({len(words)})"
        for one in words:
            if one.section != section:
                section = one.section
                yield f"  {section}"
            yield f"    {_marked(one, colour)}"
    yield from _changes("Charts", found.charts)
    yield from _changes("Numbers", found.numbers)
    if found.same:
        yield f"  {found.same} others read the same"


def _marked(words: Words, colour: bool) -> str:
    """Write a sentence with what went in [-…-] and what came in {+…+}, coloured on a terminal."""
    parts: list[str] = []
    for kind, said in words.runs:
        marked = {"old": f"[-{said}-]", "new": f"{{+{said}+}}"}.get(kind, said)
        tint: dict[str, Any] = {"fg": {"old": "red", "new": "green"}.get(kind)}
        parts.append(click.style(marked, **tint) if colour and tint["fg"] else marked)
    return " ".join(parts)


def _changes(heading: str, changes: tuple[Changed, ...]) -> Iterator[str]:
    yield f"\n{heading} ({len(changes)})"
    for change in changes:
        yield f"  {change.id}: {change.old or '(none)'} → {change.new or '(none)'}"
