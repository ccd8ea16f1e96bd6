"""A Postfix of the tests' own: its settings, queue and mailboxes in one folder, on a port of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.delivery.conftest import free_port

PROGRAMS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
OWNER = "postfix"
DESK, CLIENTS, GONE = "desk.example.com", "client.example.com", "gone.example.com"

MAIN = """\
compatibility_level = 3.6
command_directory = {programs}
daemon_directory = {daemons}
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = {owner}
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.{desk}
mydestination =
local_transport = error:nobody is local
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {certificate}
smtpd_tls_security_level = encrypt
message_size_limit = 30000000
# Clients' mailboxes are files here; whoever has none is refused at once.
virtual_mailbox_domains = {desk}, {clients}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/etc/mailboxes
virtual_mailbox_limit = 0
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
# This domain takes everything, and gives it back afterwards.
relay_domains = {gone}
transport_maps = inline:{{ {{ {gone} = gone }} }}
"""
# Name, type, private, unprivileged, chroot, wakeup, maxproc, command.
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
# Whoever comes in here is a stranger, for whom nothing is relayed.
127.0.0.1:{strange_port} inet n - n - - smtpd -o smtpd_relay_restrictions=reject_unauth_destination
  -o smtpd_recipient_restrictions=permit
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
gone unix - n n - - virtual -o virtual_mailbox_maps=
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """One that runs."""

    folder: Path
    port: int
    strange_port: int  # of one who may not relay

    def mailbox(self, address: str) -> Path:
        """Return the Maildir of an address."""
        name, _, domain = address.partition("@")
        return self.folder / "mail" / domain / name

    def messages(self, address: str, *, expected: int) -> list[bytes]:
        """Return what an address received, once there is as much as expected."""
        new = self.mailbox(address) / "new"
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            found = sorted(new.iterdir()) if new.is_dir() else []
            if len(found) >= expected:
                return [path.read_bytes() for path in found]
            time.sleep(0.1)
        raise AssertionError(f"{address} did not receive {expected} messages\n{self.log()}")

    def log(self) -> str:
        """Return what the server wrote of itself."""
        return (self.folder / "log" / "mail.log").read_text(errors="replace")


def program() -> Path | None:
    """Find the program; None where it is not installed."""
    return next((path for p in PROGRAMS if (path := Path(p) / "postfix").exists()), None)


@contextmanager
def running(certificate: Path, addresses: Iterable[str]) -> Iterator[Postfix]:
    """Start a Postfix with mailboxes for some addresses, and stop it again. It starts as root alone."""
    found = program()
    assert found is not None
    daemons = subprocess.run(
        [found.parent / "postconf", "-d", "-h", "daemon_directory"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    folder = Path(mkdtemp(prefix="postfix-"))  # every part of its path is open to the server's own user
    folder.chmod(0o755)
    owner = pwd.getpwnam(OWNER)
    for name in ("etc", "queue", "data", "log", "mail"):
        (folder / name).mkdir()
    for name in ("data", "log", "mail"):
        os.chown(folder / name, owner.pw_uid, owner.pw_gid)
    key = folder / "etc" / "tls.pem"
    shutil.copy(certificate, key)
    key.chmod(0o600)
    port, strange_port = free_port(), free_port()
    (folder / "etc" / "main.cf").write_text(
        MAIN.format(
            programs=found.parent, daemons=daemons, folder=folder, owner=OWNER, desk=DESK, clients=CLIENTS,
            gone=GONE, certificate=key, uid=owner.pw_uid, gid=owner.pw_gid,
        )
    )  # fmt: skip
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port, strange_port=strange_port))
    (folder / "etc" / "mailboxes").write_text(
        "".join(f"{a} {a.partition('@')[2]}/{a.partition('@')[0]}/\n" for a in addresses)  # Maildirs
    )
    made = Postfix(folder, port, strange_port)
    call = [str(found), "-c", str(folder / "etc")]
    try:
        subprocess.run([*call, "start"], capture_output=True, text=True, check=True)
        yield made
    finally:
        subprocess.run([*call, "stop"], capture_output=True, text=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)
