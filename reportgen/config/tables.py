"""What the tables of a desk's settings have in common."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Line = Annotated[str, Field(min_length=1)]
_LONGEST_SHOWN = 60


class Table(BaseModel):
    """A table of a settings file: nothing unknown in it, frozen once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def faults(error: ValidationError) -> str:
    """Say every fault of a settings file with its key."""
    said = []
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            said.append(f"{key}: unknown key")
        elif fault["type"] == "missing":
            said.append(f"{key}: missing")
        else:
            words = fault["msg"].removeprefix("Value error, ")
            found = shown(fault["input"])
            said.append(f"{key}: {words}, found {found}" if found else f"{key}: {words}")
    return "; ".join(said)


def shown(found: object) -> str:
    """Return a setting for a message: a number, date or short word; of a URL only the host.

    Missing: nothing for a table or list, or for a text so long or oddly set that it may be a key.
    """
    if isinstance(found, str):
        scheme, is_url, rest = found.partition("://")
        if "@" in found:
            return "an address"
        words = f"{scheme}://{re.split('[/?#]', rest)[0]}" if is_url else found  # a path may hold a key
        return repr(words) if len(words) <= _LONGEST_SHOWN and "\n" not in words else ""
    return repr(found) if isinstance(found, (bool, int, float, dt.date, dt.time)) else ""


def web_address(url: str, *schemes: str) -> str:
    """Return an address on the web that names a host, and no user and no password.

    Raises: ValueError for one that does not: settings are sealed with every note.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # its words repeat what may hold a password
        raise ValueError(f"expected {' or '.join(f'{name}://' for name in schemes)} and a host") from None
    if "@" in parts.netloc:
        raise ValueError("a user name or password in it would be sealed with each note; expected none")
    if parts.scheme not in schemes or not parts.hostname or any(c.isspace() for c in url):
        raise ValueError(f"expected {' or '.join(f'{name}://' for name in schemes)} and a host")
    return url
