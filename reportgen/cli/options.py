"""Options that several commands share.

What needs numpy is imported where it is used: most commands do without, and start in half the time.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen.assets import asset_dir
from reportgen.errors import AsOfError, UsageError
from reportgen.pipeline.desk import Desk
from reportgen.units import NEW_YORK

if TYPE_CHECKING:
    from reportgen.store import Store


def desk_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --data and --desk behind the command's name, and hand over a Desk."""

    @click.option("--data", type=click.Path(path_type=Path), help="Folder of the store.")
    @click.option("--desk", type=click.Path(path_type=Path), help="Folder of the desk.")
    @functools.wraps(function)
    @click.pass_context
    def wrapped(ctx: click.Context, /, data: Path | None, desk: Path | None, **rest: Any) -> Any:
        given = ctx.obj or {}
        return function(Desk(data or given.get("data"), desk or given.get("desk")), **rest)

    return wrapped


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> dt.datetime | None:
    from reportgen.text import parse_as_of

    return None if value is None else parse_as_of(value)


as_of_option = click.option(
    "--as-of",
    metavar="T",
    callback=_moment,
    help="The moment up to which the note knows: 2025-04-10, or 2025-04-11T18:00 in New York time.",
)
allow_stale_option = click.option(
    "--allow-stale", is_flag=True, help="Build although the newest yields are old."
)


def now() -> dt.datetime:
    """Return the present moment; the clock belongs to the command line."""
    return dt.datetime.now(dt.UTC)


def moment_of(desk: Desk, store: Store, as_of: dt.datetime | None, present: dt.datetime) -> dt.datetime:
    """Return the moment asked for, else the default one of the data.

    Raises: AsOfError for a moment in the future.
    """
    from reportgen.pipeline.analysis import default_as_of

    if as_of is None:
        return default_as_of(desk, store, present)
    if as_of > present:
        clock = f"{present.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"
        raise AsOfError(f"as-of {as_of:%Y-%m-%d %H:%M} lies in the future (now: {clock})")
    return as_of


def refuse_unknown(note: str, lang: str) -> None:
    """Check that a note exists in a language.

    Raises: UsageError naming those that do.
    """
    templates = asset_dir("templates")
    notes = sorted(file.parent.name for file in templates.glob("*/note.toml"))
    if note not in notes:
        raise UsageError(f"--note {note}: no such note in {templates}, expected one of {', '.join(notes)}")
    languages = sorted(file.parent.name for file in (templates / note).glob("*/words.toml"))
    if lang not in languages:
        known = ", ".join(languages)
        raise UsageError(f"--lang {lang}: {note} is not written in it, expected one of {known}")


def shown(moment: dt.datetime | None) -> str | None:
    """Write a moment for scripts: ISO 8601 in New York time."""
    return None if moment is None else moment.astimezone(NEW_YORK).isoformat()


def minute(moment: str) -> str:
    """Write a moment of `shown` for a reader: "Fri 2025-04-11 15:30"."""
    return f"{dt.datetime.fromisoformat(moment):%a %Y-%m-%d %H:%M}"


def plain(words: str | None) -> str | None:
    """Write words for a terminal: with ordinary spaces."""
    from reportgen.text import NBSP

    return None if words is None else words.replace(NBSP, " ")
