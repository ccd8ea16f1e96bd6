"""What stands in line for the server: for each reader and the journal one message, settled once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reportgen.config.mail import Mail
from reportgen.delivery.addresses import address_digest
from reportgen.delivery.message import NO_NOTICE, Composer, Message, Notice
from reportgen.delivery.planning import Plan
from reportgen.delivery.recipients import Recipient
from reportgen.delivery.record import JOURNAL, Delivery
from reportgen.delivery.tokens import message_id


class Going(NamedTuple):
    """Someone to be served. Shape: is_new asks for an entry in the ledger, with why."""

    recipient: Recipient
    message_id: str
    date: str
    attempts: int
    corrects: str  # the note that the reader holds and this one replaces
    readers: int  # of the send of which this is the journal's copy
    is_new: bool
    why: str

    @property
    def is_journal(self) -> bool:
        """Tell whether this is compliance's copy."""
        return self.recipient.id.startswith(JOURNAL)

    @property
    def settled(self) -> Mapping[str, Any]:
        """Return what the ledger says of it."""
        kind = "journal" if self.is_journal else "correction" if self.corrects else "note"
        body: dict[str, Any] = {
            "message_id": self.message_id,
            "address": address_digest(self.recipient.email),
            "date": self.date,
            "audience": self.recipient.audience,
            "jurisdiction": self.recipient.jurisdiction,
            "kind": kind,
        }
        if self.is_journal:
            body["readers"] = self.readers
        elif self.corrects:
            body["corrects"] = self.corrects
        return body


@dataclass(frozen=True, slots=True)
class Notices:
    """What is said of the sending itself: to readers of a note that is replaced, and to compliance."""

    corrections: Mapping[str, Notice] = field(default_factory=dict)  # by the note that is replaced
    journal: Callable[[int], Notice] = lambda readers: NO_NOTICE

    def of(self, one: Going) -> Notice:
        """Return what is said to someone."""
        if one.is_journal:
            return self.journal(one.readers)
        return self.corrections.get(one.corrects, NO_NOTICE)


def line_up(plan: Plan, archive_id: str, mail: Mail, date: str) -> list[Going]:
    """Return the messages of a plan, the journal's first; Message-ID and date stay what they were."""
    note_id, known = plan.note.id, plan.known

    def going(recipient: Recipient, before: Delivery | None, readers: int = 0) -> Going:
        named = message_id(archive_id, note_id, recipient.id, mail.id_domain)
        corrects = plan.corrects.get(recipient.id, "")
        if before is None:
            return Going(recipient, named, date, 0, corrects, readers, True, "")
        is_moved = (before.recipient, before.address) != (recipient.id, address_digest(recipient.email))
        return Going(
            recipient,
            before.message_id or named,
            before.date or date,
            before.attempts,
            before.corrects or corrects,
            before.readers or readers,
            is_new=_wants_a_copy(before) or is_moved,
            why="sent again after it came back" if before.state == "bounced" else "",
        )

    readers = [going(one, plan.former.get(one.id)) for one in plan.going]
    sent = sum(not d.is_journal and d.state != "held" for d in known.values())
    copies = [going(journal(name, mail), known[name], sent) for name in plan.copies]
    if any(_wants_a_copy(plan.former.get(one.id)) for one in plan.going):
        name = f"{JOURNAL}{1 + sum(d.is_journal for d in known.values())}"
        copies.append(going(journal(name, mail), None, len(readers)))
    return copies + sorted(readers, key=lambda one: _was_refused(plan.former.get(one.recipient.id)))


def _was_refused(before: Delivery | None) -> bool:
    """Tell whether someone was refused in words that are not about him: the others are tried first."""
    return before is not None and before.state == "deferred" and before.reply.startswith("5")


def composed(composer: Composer, one: Going, notices: Notices) -> Message:
    """Return the message to someone.

    Raises: DeliveryError for a name or address that would break out of its header.
    """
    to, date = one.recipient, dt.datetime.fromisoformat(one.date)
    return composer.compose(to.id, to.name, to.email, one.message_id, date, notices.of(one))


def journal(name: str, mail: Mail) -> Recipient:
    """Return compliance as a recipient."""
    return Recipient(name, mail.journal, "Compliance journal", "", "", "", "active")


def _wants_a_copy(before: Delivery | None) -> bool:
    """Tell whether what goes to someone is a send of its own, of which compliance has no copy yet."""
    return before is None or before.state in ("held", "bounced")
