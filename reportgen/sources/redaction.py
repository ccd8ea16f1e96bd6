"""Secrets kept out of everything that is written or raised."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "REDACTED"
_USERINFO = re.compile(r"(?<=://)[^/\s?#]+@")  # user and password of a proxy, which may hold an @ of its own
_NAMED = re.compile(r"(?i)((?:api_key|app_token|apikey|token|password)=)[^&\s'\"<>]+")
# Libraries that log each request with its address.
_TALKERS = ("httpx", "httpcore", "httpcore.connection", "httpcore.http11", "httpcore.proxy")


class Redactor(logging.Filter):
    """Replaces known secrets, and whatever stands where a secret would stand."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        forms = {form for s in secrets if s for form in (s, quote(s, safe=""), quote_plus(s))}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return a text without secrets."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return _NAMED.sub(rf"\1{MASK}", _USERINFO.sub(f"{MASK}@", text))

    def body(self, content: bytes) -> bytes:
        """Return a body without the known secrets: the page of a proxy may quote the address it refused."""
        for form in self._forms:
            content = content.replace(form.encode(), MASK.encode())
        return content

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a log record in place; none is held back."""
        record.msg, record.args = self(record.getMessage()), ()
        return True

    def hush(self) -> None:
        """Redact what the HTTP libraries log, at whatever level somebody listens."""
        for name in _TALKERS:
            logging.getLogger(name).addFilter(self)

    def unhush(self) -> None:
        """Leave the HTTP libraries' loggers as they were."""
        for name in _TALKERS:
            logging.getLogger(name).removeFilter(self)
