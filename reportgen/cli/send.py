"""reportgen send."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.errors import ApprovalError, DeliveryError, UsageError
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.archive import Actor
    from reportgen.delivery.mailing import Mailing
    from reportgen.delivery.planning import Plan
    from reportgen.delivery.record import State
    from reportgen.delivery.sending import Result

ROLE = "sender"
_MOST_QUEUED = 20  # named one by one; `deliveries` names them all
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("send")
@click.argument("note_id", metavar="NOTE_ID")
@click.option(
    "--recipients",
    "listed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The list, as CSV or SQLite; mail.recipients of desk.toml until one is named.",
)
@click.option(
    "--dry-run",
    "rehearsal",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the messages into this new folder, and send nothing.",
)
@click.option(
    "--test", "address", metavar="ADDRESS", help="Send one message, marked TEST, to this address alone."
)
@click.option("--resend-in-flight", is_flag=True, help="Send again what may have arrived: same Message-ID.")
@click.option("--resend-bounced", is_flag=True, help="Send again what came back, to the address on the list.")
@click.option("--retry-failed", is_flag=True, help="Try again whom the server refused for good.")
@click.option(
    "--everyone",
    is_flag=True,
    help="Send a correction to the whole list, not only to those who received the wrong note.",
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option(
    "--as", "person", metavar="PERSON", envvar="REPORTGEN_PERSON", help="Who sends, a sender of the desk."
)
@office.json_option
@office.archive_option
@desk_options
def command(
    desk: Desk,
    note_id: str,
    listed: Path | None,
    rehearsal: Path | None,
    address: str | None,
    resend_in_flight: bool,
    resend_bounced: bool,
    retry_failed: bool,
    everyone: bool,
    yes: bool,
    person: str | None,
    root: Path | None,
    as_json: bool,
) -> None:
    """Send a published note to the desk's clients, each once.

    A correction goes to those who received the note that it replaces, and to those who were still to receive
    it. What was interrupted goes on where it ended; a message of which nobody knows whether it arrived is
    named, and sent again only with --resend-in-flight. The exit status is 10 if anyone was not served.
    """
    from reportgen.delivery.planning import plan
    from reportgen.delivery.sending import alone

    if rehearsal is not None and address is not None:
        raise UsageError("--dry-run and --test exclude each other: one sends nothing, the other one message")
    mailing = _mailing(desk, root)
    archive = mailing.archive
    record = archive.note(note_id)
    if address is not None:
        _test(mailing, note_id, address, _sender(mailing, person), as_json)
        return
    choices = {
        "resend_in_flight": resend_in_flight,
        "resend_bounced": resend_bounced,
        "retry_failed": retry_failed,
        "everyone": everyone,
    }
    recipients, suppressed = mailing.recipients(listed), mailing.suppressed()
    if rehearsal is not None:
        _rehearse(mailing, plan(archive, record, recipients, suppressed, **choices), rehearsal, as_json)
        return
    actor = _sender(mailing, person)
    with alone(archive):
        planned = plan(archive, record, recipients, suppressed, **choices)
        asked = threading.Event()

        def pause(seconds: float) -> None:
            if asked.wait(seconds):
                raise DeliveryError("it was broken off", hint="The same command sends to the rest.")

        sender = mailing.sender(record, actor, pause)
        if planned.going and not yes:
            _confirm(planned, mailing)
        with _set_by_signals(asked), _progress(len(planned.going)) as step:

            def after_each() -> None:
                step()
                pause(0)

            result = sender.send(planned, mailing.notices(planned), after_each)
    _tell(planned, result, as_json)


def _mailing(desk: Desk, root: Path | None) -> Mailing:
    from reportgen import config
    from reportgen.delivery.mailing import Mailing

    templates = desk.assets("templates")
    folder = desk.folder if desk.folder is not None else templates / "brand"
    settings = config.load_desk(folder)
    return Mailing(office.archive_of(desk, root), settings, folder, templates, os.environ)


def _sender(mailing: Mailing, person: str | None) -> Actor:
    """Return who sends, in the role of a sender.

    Raises: UsageError, ApprovalError.
    """
    from reportgen.archive import Actor
    from reportgen.pipeline.life import person_of

    if not person:
        raise UsageError(
            "nobody is named who sends, expected a person of the desk",
            hint="Give --as PERSON, or set REPORTGEN_PERSON; people stand in [[people]] of desk.toml.",
        )
    found = person_of(mailing.settings, person)
    if ROLE not in found.roles:
        raise ApprovalError(
            f"{found.id}: is {' and '.join(found.roles)}, expected a {ROLE}",
            hint=f'Add "{ROLE}" to the roles of {found.id} in desk.toml, or let another person send.',
        )
    return Actor.of(found, ROLE)


def _test(mailing: Mailing, note_id: str, address: str, actor: Actor, as_json: bool) -> None:
    record = mailing.archive.note(note_id)
    if record.state != "published":
        raise DeliveryError(f"{note_id}: is {record.state}, only published notes are sent")
    outcome = mailing.test(record, address, actor)
    if as_json:
        click.echo(json.dumps({"note": note_id, "what": outcome.what, "reply": outcome.reply}))
    else:
        click.echo(f"{note_id}: test {outcome.what.replace('_', ' ')}: {outcome.reply}")
    if outcome.what != "accepted":
        click.get_current_context().exit(DeliveryError.exit_code)


def _rehearse(mailing: Mailing, planned: Plan, out: Path, as_json: bool) -> None:
    summary = mailing.rehearse(planned, out)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, indent=1))
        return
    copies = " and the journal's" if len(summary["messages"]) > len(planned.going) else ""
    click.echo(f"{planned.note.id}: {_messages(planned)}{copies} in {out}; nothing was sent")
    for line in _who_not(planned):
        click.echo(line)


def _confirm(planned: Plan, mailing: Mailing) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked whether to send", hint="Give --yes, or look first with --dry-run."
        )
    smtp = mailing.mail.smtp
    kind = f"correction of {planned.note.supersedes}" if planned.is_correction else "note"
    lines = (
        f"{planned.note.id} ({kind}) by {smtp.host}:{smtp.port}, {smtp.security}",
        f"  to send        {len(planned.going)}",
        f"  have it        {planned.served}",
        f"  held back      {len(planned.held)}",
        f"  not written to {len(planned.excused)}",
        f"  in flight      {len(planned.in_flight)}",
        f"  failed before  {len(planned.failed)}",
        f"  came back      {len(planned.bounced)}",
        f"  not concerned  {planned.untouched + planned.elsewhere}",
    )
    for line in lines:
        click.echo(line, err=True)
    click.confirm(f"Send {_messages(planned)}?", abort=True, err=True)


def _messages(planned: Plan) -> str:
    count = len(planned.going)
    return f"{count} message{'' if count == 1 else 's'}"


def _tell(planned: Plan, result: Result, as_json: bool) -> None:
    """Say what became of the send; leave with 10 if anyone was not served."""
    from reportgen.delivery.mailing import counts

    unserved = bool(result.left or result.stopped or planned.unserved)
    if as_json:
        left = {id: {"state": state, "reply": reply} for id, (state, reply) in result.left.items()}
        content: dict[str, Any] = {
            "exit": DeliveryError.exit_code if unserved else 0,
            "note": planned.note.id,
            "accepted": result.accepted,
            "not_accepted": left,
            "stopped": result.stopped,
            "hint": result.hint,
            **counts(planned),
        }
        click.echo(json.dumps(content, ensure_ascii=False, indent=1))
    else:
        states = Counter(state for state, _ in result.left.values())
        parts = [f"{result.accepted} accepted", *(f"{n} {s.replace('_', ' ')}" for s, n in states.items())]
        parts += [f"{planned.served} had it"] if planned.served else []
        parts += [f"{planned.untouched} not concerned"] if planned.untouched else []
        click.echo(f"{planned.note.id}: {', '.join(parts)}")
        for id, (state, reply) in _named(result):
            click.echo(f"  {id}: {state.replace('_', ' ')}{': ' if reply else ''}{reply}")
        if states["queued"] > _MOST_QUEUED:
            click.echo(
                f"  and {states['queued'] - _MOST_QUEUED} more queued: `reportgen deliveries` names them"
            )
        for line in _who_not(planned):
            click.echo(line)
        if result.stopped:
            click.echo(f"reportgen: the sending ended early: {result.stopped}", err=True)
            if result.hint:
                click.echo(f"  {result.hint}", err=True)
    if unserved:
        click.get_current_context().exit(DeliveryError.exit_code)


def _named(result: Result) -> Iterator[tuple[str, tuple[State, str]]]:
    """Return whom the sending leaves unserved; of those who were never tried, the first few."""
    queued = 0
    for id, (state, reply) in result.left.items():
        queued += state == "queued"
        if state != "queued" or queued <= _MOST_QUEUED:
            yield id, (state, reply)


def _who_not(planned: Plan) -> Iterator[str]:
    """Name whom a plan leaves out, and why."""
    for id, why in planned.held.items():
        yield f"  {id}: held back: {why}"
    for id, why in planned.excused.items():
        yield f"  {id}: not written to: {why}"
    for id in planned.in_flight:
        yield f"  {id}: in flight: it may have arrived; --resend-in-flight sends it again"
    for id in planned.failed:
        yield f"  {id}: failed before; --retry-failed tries again"
    for id in planned.bounced:
        yield f"  {id}: came back; --resend-bounced sends it again, to the address on the list"
    if planned.elsewhere:
        yield f"  readers of another language than {planned.note.language}: {planned.elsewhere}"
    for id in planned.gone:
        yield f"  {id}: should have it, and is no longer on the list"


@contextmanager
def _set_by_signals(asked: threading.Event) -> Iterator[None]:
    """Let a signal end the sending between two messages, as one that is broken off leaves a doubt.

    A second signal acts at once. What this process was told to ignore, as by nohup, it goes on ignoring.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}

    def restore() -> None:
        for number, handler in heard.items():
            signal.signal(number, handler)

    def end(_: int, __: FrameType | None) -> None:
        asked.set()
        restore()

    for number in heard:
        signal.signal(number, end)
    try:
        yield
    finally:
        restore()


@contextmanager
def _progress(length: int) -> Iterator[Callable[[], None]]:
    """Show how far the sending is, on a terminal."""
    if not sys.stderr.isatty() or not length:
        yield lambda: None
        return
    with click.progressbar(length=length, label="sending", file=sys.stderr) as bar:
        yield lambda: bar.update(1)
