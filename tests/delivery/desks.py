"""A desk folder whose mail goes to a server of the tests."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from reportgen.assets import asset_dir
from reportgen.delivery.recipients import COLUMNS, Recipient
from tests.delivery.conftest import Running

SETTINGS = """

[mail]
sender = "research@desk.example.com"
sender_name = "Example Securities"
return_path = "bounces@desk.example.com"
journal = "journal@desk.example.com"
unsubscribe_url = "https://desk.example.com/leave?t={{token}}"
secret_file = "mail-secret"

[mail.smtp]
host = "localhost"
port = {port}
security = "{security}"
ca_file = "{ca_file}"
backoff_s = 0.01
timeout_s = 10
"""


def make_desk(folder: Path, running: Running, recipients: Sequence[Recipient]) -> Path:
    """Write a desk: the example desk with mail, a secret and a list."""
    folder.mkdir()
    smtp = running.mail.smtp
    example = (asset_dir("templates") / "brand" / "desk.toml").read_text(encoding="utf-8")
    own = SETTINGS.format(port=smtp.port, security=smtp.security, ca_file=smtp.ca_file)
    (folder / "desk.toml").write_text(example + own, encoding="utf-8")
    secret = folder / "mail-secret"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    secret.chmod(0o600)
    write_list(folder / "recipients.csv", recipients)
    return folder


def write_list(path: Path, recipients: Sequence[Recipient]) -> None:
    """Write the list of a desk."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for r in recipients:
            consent = ("2025-01-02", "letter")
            writer.writerow(
                (r.id, r.email, r.name, r.language, r.audience, r.jurisdiction, *consent, r.status)
            )
