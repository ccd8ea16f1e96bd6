"""The desk's signatures: which key, who is trusted, which time-stamping authority. Never a passphrase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from reportgen.config.tables import Line, Table, web_address


class Signing(Table):
    """[signing] of desk.toml. Files are named from the desk folder, from ~, or absolutely."""

    key: str = ""  # PKCS#12; empty: nothing is signed yet
    trust: tuple[Line, ...] = ()  # authorities that vouch for the desk's keys, PEM or DER; past ones too
    keyring: bool = False  # ask the system's keyring for the passphrase
    tsa_url: str = ""
    tsa_trust: tuple[Line, ...] = ()
    tsa_required: bool = True  # without a token nothing is published; false: published and recorded without
    tsa_timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0

    @field_validator("tsa_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return web_address(url, "http", "https") if url else url

    @model_validator(mode="after")
    def _whole(self) -> Signing:
        if self.key and not self.trust:
            raise ValueError("a key but no trust: name the certificate of the authority that issued it")
        if self.tsa_url and not self.tsa_trust:
            raise ValueError("tsa_url but no tsa_trust: name the certificate of the time-stamping authority")
        return self

    def key_file(self, folder: Path) -> Path | None:
        """Return the file of the key, None if the desk has none."""
        return _placed(folder, self.key) if self.key else None

    def trust_files(self, folder: Path) -> tuple[Path, ...]:
        """Return the files of the certificates that vouch for signers."""
        return tuple(_placed(folder, name) for name in self.trust)

    def tsa_trust_files(self, folder: Path) -> tuple[Path, ...]:
        """Return the files of the certificates that vouch for time-stamping authorities."""
        return tuple(_placed(folder, name) for name in self.tsa_trust)


def _placed(folder: Path, name: str) -> Path:
    return folder / Path(name).expanduser()
