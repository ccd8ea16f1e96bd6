"""Settings of live data: where the publishers are reached, and what the desk's evening does."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, field_validator

from reportgen.config.mail import mail_address
from reportgen.config.tables import Line, Table, web_address

FIRST_DAY = dt.date(2015, 1, 1)  # from which the embedded data and every comparison with the past begin
Seconds = Annotated[float, Field(gt=0, le=3600)]
Minutes = Annotated[float, Field(ge=0, le=24 * 60)]


class Fetch(Table):
    """How `fetch` fills the store. Keys and proxies are never here: they come from the environment."""

    sources: tuple[Line, ...] = ()  # all of them
    files: str = ""  # folder of the desk's own CSV files, below the desk folder or anywhere
    since: dt.date = FIRST_DAY
    ca_bundle: str = ""
    connect_seconds: Seconds = 10
    read_seconds: Seconds = 30
    total_seconds: Seconds = 180
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    lock_seconds: Annotated[float, Field(ge=0, le=3600)] = 60
    per_minute: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)  # requests, by source
    urls: dict[str, Line] = Field(default_factory=dict)  # by source, for a mirror

    @field_validator("urls")
    @classmethod
    def _are_addresses(cls, urls: dict[str, str]) -> dict[str, str]:
        for source, url in urls.items():
            try:
                web_address(url, "https", "http")
            except ValueError as error:
                raise ValueError(f"{source}: {error}") from error
        return urls


class Run(Table):
    """What `run` does after it has fetched, and whom it tells."""

    note: Line = "treasury-weekly"
    lang: Line = "en"
    out: Line = "output"
    wait_minutes: Minutes = 90  # for what is due
    poll_minutes: Annotated[float, Field(ge=0.01, le=24 * 60)] = 10
    wait_for: tuple[Line, ...] = ("treasury_close", "cftc_tff")  # publication rules
    submit: bool = True  # where an archive is configured
    submit_as: str = ""  # id of the person in whose name
    mail_to: tuple[Line, ...] = ()
    mail_on: Literal["always", "failure", "never"] = "always"

    @field_validator("mail_to")
    @classmethod
    def _look_like_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            if "@" not in mail_address(address):
                raise ValueError("expected addresses like desk@example.com")
        return addresses

    @field_validator("wait_for")
    @classmethod
    def _are_rules(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("expected each rule once")
        return names
