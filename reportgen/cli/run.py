"""reportgen run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen import config
from reportgen.cli import host
from reportgen.cli.fetch import chosen_sources, connect, progress, store_folder
from reportgen.cli.options import desk_options, now, refuse_unknown, shown
from reportgen.config.live import Fetch, Run
from reportgen.errors import ConfigError
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.pipeline.fetching import Report
    from reportgen.pipeline.running import Evening


@click.command("run")
@click.option("--again", is_flag=True, help="Build although nothing has come since the last note.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@desk_options
def command(desk: Desk, again: bool, as_json: bool) -> None:
    """Fetch, wait for what is due, build the note, check it, submit it, and mail the desk how it went.

    For cron or systemd on the evening of the last business day. Safe to start twice: a second run leaves
    while the first is at work, and builds nothing where nothing has come since.

    Exit status: 0 when all went well; 11 when the note stands but something did not come; else that of the
    step that failed.
    """
    from reportgen.pipeline import running

    folder = store_folder(desk)
    settings = config.load_desk(desk.folder)
    refuse_unknown(settings.run.note, settings.run.lang)
    host.require_renderer()
    desk.put_rules_in_force()
    _check_rules(settings.run.wait_for)
    with progress() as say:
        submit, unsubmitted = _submission(desk, settings)
        means = running.Means(
            clock=now,
            sleep=time.sleep,
            fetch=_fetching(desk, settings.fetch, folder, say),
            build=_building(desk, settings.run),
            check=running.checked,
            submit=submit,
            unsubmitted=unsubmitted,
            tell=_telling(desk, settings),
        )
        evening = running.run(desk, settings.run, means, say, again=again)
    if as_json:
        click.echo(json.dumps(_content(evening), ensure_ascii=False, indent=1))
    else:
        click.echo(running.text(evening), nl=False)
    click.get_current_context().exit(evening.exit_code)


def _check_rules(names: Sequence[str]) -> None:
    """Refuse a publication rule to wait for that there is none of.

    Raises: ConfigError.
    """
    from reportgen.calendars.rules import rule
    from reportgen.errors import CalendarError

    for name in names:
        try:
            rule(name)
        except CalendarError as error:
            raise ConfigError(f"desk.toml: run.wait_for: {error.message}", hint=error.hint) from error


def _fetching(
    desk: Desk, live: Fetch, folder: Path, say: Callable[[str], None]
) -> Callable[[Sequence[str]], Report]:
    from reportgen import catalog
    from reportgen.pipeline.fetching import fetch

    everyone, open_way = chosen_sources(desk, live, ()), connect(desk, live)

    def ask(rules: Sequence[str]) -> Report:
        known = catalog.all_series()
        asked = [s for s in everyone if not rules or any(known[i].publication in rules for i in s.series)]
        return fetch(folder, asked, open_way, now, first=live.since, wait=live.lock_seconds, progress=say)

    return ask


def _building(desk: Desk, settings: Run) -> Callable[[dt.datetime], Path]:
    from reportgen.cli.build import build_into

    out = (desk.folder or Path()) / settings.out
    return lambda as_of: build_into(out, desk, as_of, settings.note, settings.lang)


def _submission(desk: Desk, settings: config.Desk) -> tuple[Callable[[Path], str] | None, str]:
    """Return what submits a note, or why nothing does."""
    from reportgen.cli import office
    from reportgen.pipeline import life

    person = settings.run.submit_as or os.environ.get("REPORTGEN_PERSON", "")
    named = os.environ.get("REPORTGEN_ARCHIVE")
    root = Path(named) if named else settings.archive.root_folder(desk.folder)
    if not settings.run.submit:
        return None, "run.submit of desk.toml is false"
    if root is None:
        return None, "no archive is configured"
    if not person:
        return None, "nobody is named as run.submit_as in desk.toml"

    def submit(folder: Path) -> str:
        record = life.submit(office.office_of(desk, root, person, office.output_of(folder)), folder, "run")
        lacking = " and ".join(record.lacking)
        return f"{record.id} {record.state}" + (f"; it needs the approval of {lacking}" if lacking else "")

    return submit, ""


def _telling(desk: Desk, settings: config.Desk) -> Callable[[str, str], str] | None:
    """Return what mails the desk, None where nobody is to be told or no server is named."""
    mail, people = settings.mail, settings.run.mail_to
    if mail is None or not people:
        return None

    def tell(subject: str, text: str) -> str:
        from reportgen.pipeline.telling import tell_desk

        return tell_desk(mail, people, subject, text, desk.folder, os.environ, now())

    return tell


def _content(evening: Evening) -> dict[str, Any]:
    return {
        "exit": evening.exit_code,
        "began": shown(evening.began),
        "as_of": shown(evening.as_of),
        "note": evening.note_id,
        "folder": None if evening.folder is None else str(evening.folder),
        "steps": [dataclasses.asdict(step) for step in evening.steps],
    }
