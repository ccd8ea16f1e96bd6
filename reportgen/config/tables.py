"""What the tables of a desk's settings have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Line = Annotated[str, Field(min_length=1)]


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
            said.append(f"{key}: {words}, found {fault['input']!r}")
    return "; ".join(said)
