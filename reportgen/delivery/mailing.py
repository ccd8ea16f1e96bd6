"""A desk's mail put together: its settings, secrets and list, and what is said of the sending itself."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from markupsafe import escape

from reportgen.archive import Actor, Archive, NoteRecord
from reportgen.config import DESK_FILE, Desk
from reportgen.config.mail import Mail
from reportgen.delivery import secrets
from reportgen.delivery.addresses import address_digest, checked_address
from reportgen.delivery.edition import edition
from reportgen.delivery.message import Composer, Notice, signer
from reportgen.delivery.planning import Plan
from reportgen.delivery.queueing import Notices, composed, line_up
from reportgen.delivery.recipients import (
    Recipient,
    Suppressed,
    load_recipients,
    load_suppressed,
)
from reportgen.delivery.record import PREFIX
from reportgen.delivery.sending import Sender
from reportgen.delivery.tokens import message_id
from reportgen.delivery.transport import Outcome, SmtpServer, TemporaryError
from reportgen.errors import ConfigError, DeliveryError, UsageError
from reportgen.render.digest import mail_words, notice
from reportgen.render.plain import WIDTH as PLAIN_WIDTH

TEST = "@test"
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Mailing:
    """What one desk sends from one archive. Shape: environment may hold its secrets."""

    archive: Archive
    settings: Desk
    folder: Path
    templates: Path
    environment: Mapping[str, str]

    @cached_property
    def mail(self) -> Mail:
        """Return the desk's settings for mail, its files named from the desk's folder.

        Raises: ConfigError if the desk has none.
        """
        found = self.settings.mail
        if found is None:
            raise ConfigError(
                f"{self.folder / DESK_FILE}: mail: missing, expected who sends, and through which server",
                hint="templates/brand/desk.toml shows an example.",
            )
        if not found.smtp.ca_file:
            return found
        file = str(self.folder / Path(found.smtp.ca_file).expanduser())
        return found.model_copy(update={"smtp": found.smtp.model_copy(update={"ca_file": file})})

    def recipients(self, named: Path | None = None) -> tuple[Recipient, ...]:
        """Read the desk's list, or another.

        Raises: ConfigError with every fault.
        """
        path = named if named is not None else self.folder / Path(self.mail.recipients).expanduser()
        return load_recipients(path, self.archive.clock().date())

    def suppressed(self) -> Suppressed:
        """Read the desk's suppression list; nobody is on it where the desk names none and has none.

        Raises: ConfigError with every fault; also for a list that is named and is not there.
        """
        path = self.folder / Path(self.mail.suppressed).expanduser()
        is_named = "suppressed" in self.mail.model_fields_set
        return load_suppressed(path) if is_named or os.path.lexists(path) else Suppressed(frozenset())

    def composer(self, record: NoteRecord) -> Composer:
        """Make the note ready for mail.

        Raises: ConfigError, DeliveryError, ArchiveError.
        """
        secret = secrets.token_secret(self.mail, self.folder, self.environment)
        made = edition(self.archive, record, self.mail.id_domain)
        return Composer(self.mail, made, secret, signer(self.mail, self.folder))

    def server(self) -> SmtpServer:
        """Name the server that takes the messages; it is not asked yet.

        Raises: ConfigError if its password is nowhere.
        """
        password = secrets.password(self.mail, self.environment)
        return SmtpServer(self.mail.smtp, password, self.mail.id_domain)

    def sender(self, record: NoteRecord, actor: Actor, pause: Callable[[float], None]) -> Sender:
        """Put together what sends a note."""
        return Sender(
            self.archive, self.mail, self.composer(record), self.server(), actor,
            pause=pause, chance=random.Random(),
        )  # fmt: skip

    def notices(self, plan: Plan) -> Notices:
        """Return what is said of the sending: to readers of a note that it replaces, and to the journal."""
        words = mail_words(self.templates, plan.note.language)

        def correction(old: str) -> Notice:
            said = words("notice.correction").replace("{old}", old)
            if plan.note.correction_why:
                why = " ".join(plan.note.correction_why.split())
                said += " " + words("notice.correction_why").replace("{why}", why)
            return _said(words("subject.correction"), said)

        def journal(readers: int) -> Notice:
            return _said(words("subject.journal"), words("notice.journal").replace("{count}", f"{readers}"))

        return Notices({old: correction(old) for old in {*plan.corrects.values()}}, journal)

    def rehearse(self, plan: Plan, out: Path) -> dict[str, Any]:
        """Write every message of a plan into a new folder instead of sending it, and return the summary.

        Raises: UsageError if the folder holds anything.
        """
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"{out}: not empty, expected a new folder for the messages")
        out.mkdir(parents=True, exist_ok=True)
        composer, notices = self.composer(plan.note), self.notices(plan)
        date = self.archive.clock().replace(microsecond=0).isoformat()
        rows = []
        for one in line_up(plan, self.archive.id, self.mail, date):
            message = composed(composer, one, notices)
            file = f"{one.recipient.id}.eml"  # the journal's begins with @, as no reader's does
            (out / file).write_bytes(message.content)
            rows.append(
                {
                    "recipient": one.recipient.id,
                    "file": file,
                    "sha256": message.sha256,
                    "bytes": len(message.content),
                }
            )
        summary = {"note": plan.note.id, "messages": rows, **counts(plan)}
        (out / SUMMARY).write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return summary

    def test(self, record: NoteRecord, address: str, actor: Actor) -> Outcome:
        """Send a note to one address, marked as a test, and put it on record.

        Raises: UsageError for what is no address; DeliveryError for a server that cannot be used.
        """
        try:
            email = checked_address(address)
        except ValueError as error:
            raise UsageError(f"--test: {error}") from error
        words = mail_words(self.templates, record.language)
        said = _said(words("subject.test"), words("notice.test"))
        date: dt.datetime = self.archive.clock().replace(microsecond=0)
        named = message_id(self.archive.id, record.id, f"{TEST} {date.isoformat()}", self.mail.id_domain)
        message = self.composer(record).compose(TEST, "", email, named, date, said)
        server = self.server()
        try:
            server.open()
            outcome = server.deliver(self.mail.envelope_sender, email, message.content)
        except TemporaryError as error:
            raise DeliveryError(str(error)) from error
        finally:
            server.close()
        body = {
            "address": address_digest(email),
            "sha256": message.sha256,
            "what": outcome.what,
            "reply": outcome.reply,
        }
        with self.archive.writing() as writer:
            writer.append(f"{PREFIX}tested", note=record.id, actor=actor, key=TEST, body=body)
        self.archive.remember()
        return outcome


def counts(plan: Plan) -> dict[str, Any]:
    """Return what a plan says of those whom it does not serve."""
    return {
        "to_send": len(plan.going),
        "has_it": plan.served,
        "held": dict(plan.held),
        "excused": dict(plan.excused),
        "other_language": plan.elsewhere,
        "not_concerned": plan.untouched,
        "in_flight": list(plan.in_flight),
        "failed_before": list(plan.failed),
        "bounced": list(plan.bounced),
        "no_longer_on_the_list": list(plan.gone),
    }


def _said(subject: str, words: str) -> Notice:
    return Notice(subject, notice(escape(words)), "\n".join(textwrap.wrap(words, PLAIN_WIDTH)))
