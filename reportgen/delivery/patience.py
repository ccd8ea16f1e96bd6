"""How long a sending goes on when things go wrong one after the other."""

from __future__ import annotations

import re

from reportgen.delivery.recipients import Recipient
from reportgen.delivery.record import JOURNAL
from reportgen.delivery.transport import Outcome
from reportgen.errors import DeliveryError

_MOST_IN_DOUBT = 3  # one after the other: each leaves a reader of whom nobody knows whether he was served
_MOST_REFUSED = 5  # one after the other: the server has something against the message, not the reader
_LEAST_ALIKE = 2
_MOST_PUT_OFF = 5  # one after the other: the server wants to be left alone for a while
_SERVICE_CLOSING = 421
# RFC 3463. Of the reader's address or mailbox speak x.1, x.2 and x.4, of the sender's x.1.7 and x.1.8.
_STATUS = re.compile(r"(?<![\d.])5\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_OF_READER = ("1", "2", "4")
_OF_SENDER = (("1", "7"), ("1", "8"))


class Patience:
    """Count what goes wrong one after the other, and end a sending that would only go on so.

    Shape: readers are those to be tried. blameless are those of them who were refused for what is not about
    them; it is known when the sending ends.
    """

    def __init__(self, readers: int) -> None:
        self.blameless: list[tuple[Recipient, Outcome]] = []
        self._most_alike = max(_LEAST_ALIKE, min(_MOST_REFUSED, readers))
        self._doubtful = self._put_off = 0
        self._refused: list[tuple[Recipient, Outcome]] = []
        self._is_any_accepted = False
        self._alike: list[tuple[Recipient, Outcome]] = []
        self._words = ""

    @property
    def is_at_an_end(self) -> bool:
        """Tell whether the server took one message after the other for none, and is to be left alone."""
        return self._put_off > 0 and self._put_off % _MOST_PUT_OFF == 0

    def judge(self, recipient: Recipient, outcome: Outcome) -> None:
        """Take note of an outcome.

        Raises: DeliveryError if it is one too many.
        """
        self._doubtful = self._doubtful + 1 if outcome.what == "in_doubt" else 0
        is_of_server = outcome.stage == "MAIL FROM" or outcome.code in (0, _SERVICE_CLOSING)
        self._put_off = self._put_off + 1 if outcome.what == "deferred" and is_of_server else 0
        if outcome.what == "failed" and outcome.stage != "RCPT TO":
            self._refused.append((recipient, outcome))
        elif outcome.what == "accepted":
            self._refused.clear()
        if self._doubtful >= _MOST_IN_DOUBT:
            raise DeliveryError(
                f"the server left {self._doubtful} messages in doubt, one after the other: {outcome.reply}"
            )
        if len(self._refused) >= _MOST_REFUSED:
            self.blameless = list(self._refused)
            raise DeliveryError(
                f"the server refused {len(self._refused)} messages for what they hold: {outcome.reply}"
            )
        if not recipient.id.startswith(JOURNAL):  # whose address the desk's own server knows in any case
            self._compare(recipient, outcome)

    def _compare(self, recipient: Recipient, outcome: Outcome) -> None:
        """Count readers who are refused in the same words, where these do not speak of a reader."""
        self._is_any_accepted = self._is_any_accepted or outcome.what == "accepted"
        is_refused = outcome.what == "failed" and outcome.stage == "RCPT TO" and outcome.code > 0
        words = _ground(outcome) if is_refused else ""
        if not words or words != self._words:
            self._alike.clear()
        self._words = words
        if not words:
            return
        self._alike.append((recipient, outcome))
        is_plain = _STATUS.search(outcome.reply) is not None
        if not is_plain and self._is_any_accepted:
            return
        if len(self._alike) >= (self._most_alike if is_plain else _MOST_REFUSED):
            self.blameless = list(self._alike)
            raise DeliveryError(
                f"the server refused {len(self._alike)} readers one after the other in the same words, which "
                f"do not speak of them: {outcome.reply}. It does not take mail from this desk: check "
                "mail.smtp (user, port) and who may send through it"
            )


def _ground(outcome: Outcome) -> str:
    """Return why a reader was refused, the same for all whom it concerns; nothing if it is about the reader.

    Shape: the status where the reply has one; else its words without names and numbers.
    """
    status = _STATUS.search(outcome.reply)
    if status is not None:
        is_of_reader = status[1] in _OF_READER and (status[1], status[2]) not in _OF_SENDER
        return "" if is_of_reader else f"{outcome.code} {status[0]}"
    return " ".join(word for word in outcome.reply.split() if word.isalpha()) or str(outcome.code)
