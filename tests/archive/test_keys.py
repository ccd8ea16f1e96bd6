"""The signing key and its passphrase: what is opened, what is refused, and that nothing of them leaks."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from reportgen.archive import keys, passphrases
from reportgen.cli import cli
from reportgen.config import init_desk
from reportgen.config.signing import Signing
from reportgen.errors import ApprovalError, ConfigError, HostError

AT = dt.datetime(2026, 11, 22, 18, 30, tzinfo=dt.UTC)
PASSPHRASE = "correct horse battery"
ENCRYPTION = serialization.BestAvailableEncryption(PASSPHRASE.encode())
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@pytest.fixture(scope="module")
def made() -> keys.TestIdentity:
    return keys.make_test_identity(PASSPHRASE.encode(), AT)


@pytest.fixture
def key(made: keys.TestIdentity, tmp_path: Path) -> Path:
    file = tmp_path / "keys" / "key.p12"
    keys.write_new(file, made.p12)
    return file


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A passphrase in a file that only its owner reads."""
    file = tmp_path / "passphrase"
    file.touch(0o600)
    file.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return file


def certificate(
    key: Any, digest: hashes.SHA256 | None, *, usage: str = "", ca: bool = False
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Desk key")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(77)
        .not_valid_before(AT - dt.timedelta(days=1))
        .not_valid_after(AT + dt.timedelta(days=1))
    )
    if usage:
        named = {each: each == usage for each in _USAGES}
        builder = builder.add_extension(x509.KeyUsage(**named), critical=True)
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, digest)


def test_a_test_identity_says_that_it_is_one(key: Path) -> None:
    identity = keys.load_identity(key, PASSPHRASE.encode())
    assert identity.is_test
    assert identity.subject == "TEST – not for publication, reportgen test identity"
    assert identity.not_before < AT < identity.not_after
    assert len(identity.fingerprint) == 64
    assert identity.chain_pem().count(b"BEGIN CERTIFICATE") == 2
    identity.require_valid(AT)


def test_its_authority_can_issue_nothing_else(made: keys.TestIdentity) -> None:
    _, _, others = pkcs12.load_key_and_certificates(made.p12, PASSPHRASE.encode())
    (authority,) = x509.load_pem_x509_certificates(made.authority)
    assert others == [authority]
    assert b"PRIVATE" not in made.authority
    basic = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)


def test_two_test_identities_differ(made: keys.TestIdentity) -> None:
    assert keys.make_test_identity(PASSPHRASE.encode(), AT).authority != made.authority


def test_files_are_the_owners_and_never_overwritten(key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    with pytest.raises(ConfigError, match="exists"):
        keys.write_new(key, b"other")
    assert key.read_bytes() == before


def test_a_passphrase_that_is_too_short() -> None:
    with pytest.raises(ApprovalError, match="passphrase of 5 bytes, expected 8 or more") as caught:
        keys.make_test_identity(b"short", AT)
    assert "short'" not in str(caught.value)


def test_a_file_that_is_missing_or_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file") as caught:
        keys.load_identity(tmp_path / "key.p12", b"x")
    assert "keys init" in str(caught.value)
    for content in (b"", b"-----BEGIN CERTIFICATE-----\n", b"\x30\x03\x02\x01\x03"):
        (tmp_path / "key.p12").write_bytes(content)
        with pytest.raises(ConfigError, match="not a PKCS#12 file"):
            keys.load_identity(tmp_path / "key.p12", b"x")
    with pytest.raises(ConfigError, match="cannot read"):
        keys.load_identity(tmp_path, b"x")


@pytest.mark.parametrize("given", [b"Tr0ub4dor", b"", PASSPHRASE.upper().encode()])
def test_a_wrong_passphrase(key: Path, given: bytes) -> None:
    with pytest.raises(ApprovalError, match="wrong passphrase, or a damaged file") as caught:
        keys.load_identity(key, given)
    assert caught.value.exit_code == 9
    assert given == b"" or given.decode() not in str(caught.value)


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _p12(kind: str) -> bytes:
    if kind == "no key":
        return pkcs12.serialize_key_and_certificates(
            b"x", None, None, [certificate(RSA, hashes.SHA256())], ENCRYPTION
        )
    if kind == "no certificate":
        return pkcs12.serialize_key_and_certificates(b"x", RSA, None, None, ENCRYPTION)
    key: Any = RSA
    digest: hashes.SHA256 | None = hashes.SHA256()
    usage, ca = "digital_signature", kind == "authority"
    if kind == "usage":
        usage = "key_encipherment"
    elif kind == "small":
        key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    elif kind == "dsa":
        key = dsa.generate_private_key(2048)
    elif kind == "ed25519":
        key, digest = ed25519.Ed25519PrivateKey.generate(), None
    made = certificate(key, digest, usage=usage, ca=ca)
    return pkcs12.serialize_key_and_certificates(b"x", key, made, None, ENCRYPTION)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("no key", "holds no private key"),
        ("no certificate", "holds no certificate of its key"),
        ("usage", "not a key for signing: its usage lacks"),
        ("authority", "a certificate of an authority"),
        ("small", "an RSA key of 1024 bits, expected 2048"),
        ("dsa", "a key of type DSAPrivateKey, expected RSA or ECDSA"),
        ("ed25519", "a key of type Ed25519PrivateKey, expected RSA or ECDSA"),
    ],
)
def test_a_key_that_may_not_sign(tmp_path: Path, kind: str, fault: str) -> None:
    file = tmp_path / "key.p12"
    file.write_bytes(_p12(kind))
    with pytest.raises(ApprovalError, match=fault) as caught:
        keys.load_identity(file, PASSPHRASE.encode())
    assert str(file) in str(caught.value)
    assert PASSPHRASE not in str(caught.value)


def test_a_desks_own_key_is_no_test(tmp_path: Path) -> None:
    file = tmp_path / "key.p12"
    made = certificate(RSA, hashes.SHA256(), usage="content_commitment")
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"x", RSA, made, None, ENCRYPTION))
    identity = keys.load_identity(file, PASSPHRASE.encode())
    assert (identity.is_test, identity.subject, identity.serial) == (False, "Desk key", "4d")
    with pytest.raises(ApprovalError, match="expired 2026-11-23 18:30 UTC, now 2026-12-01 00:00 UTC"):
        identity.require_valid(dt.datetime(2026, 12, 1, tzinfo=dt.UTC))


def test_certificates_that_are_trusted(made: keys.TestIdentity, tmp_path: Path) -> None:
    (authority,) = x509.load_pem_x509_certificates(made.authority)
    (tmp_path / "ca.pem").write_bytes(made.authority * 2)
    (tmp_path / "ca.der").write_bytes(authority.public_bytes(serialization.Encoding.DER))
    assert keys.load_certificates([tmp_path / "ca.pem", tmp_path / "ca.der"]) == (authority,)
    (tmp_path / "junk.pem").write_bytes(b"junk")
    with pytest.raises(ConfigError) as caught:
        keys.load_certificates([tmp_path / "junk.pem", tmp_path / "gone.pem", tmp_path / "ca.pem"])
    assert "junk.pem: no certificate in it" in str(caught.value)
    assert "gone.pem: cannot be read" in str(caught.value)


# Passphrases.


def test_a_passphrase_from_a_file(secret: Path) -> None:
    assert passphrases.from_file(secret) == PASSPHRASE.encode()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_passphrase_that_others_can_read(secret: Path, mode: int) -> None:
    secret.chmod(mode)
    with pytest.raises(ConfigError, match=f"open to others .mode {mode:04o}., expected 0600") as caught:
        passphrases.from_file(secret)
    assert PASSPHRASE not in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n", "two\nlines\n"])
def test_a_file_without_a_passphrase(secret: Path, content: str) -> None:
    secret.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match="expected a passphrase on one line"):
        passphrases.from_file(secret)
    secret.unlink()
    with pytest.raises(ConfigError, match="cannot read the passphrase"):
        passphrases.from_file(secret)


class InMemory(KeyringBackend):
    """A keyring of the library's own kind."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def ring() -> Iterator[InMemory]:
    before, ring = keyring.get_keyring(), InMemory()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def test_the_keyring_keeps_a_passphrase(ring: InMemory, key: Path) -> None:
    assert passphrases.from_keyring(key) is None
    passphrases.into_keyring(key, PASSPHRASE.encode())
    assert passphrases.from_keyring(key.parent / ".." / "keys" / "key.p12") == PASSPHRASE.encode()
    assert list(ring.held) == [("reportgen signing key", str(key.resolve()))]


def test_a_machine_without_a_keyring(ring: InMemory, key: Path) -> None:
    keyring.set_keyring(NoKeyring())
    with pytest.raises(HostError, match="keyring cannot be asked"):
        passphrases.from_keyring(key)
    with pytest.raises(HostError, match="does not take the passphrase") as caught:
        passphrases.into_keyring(key, PASSPHRASE.encode())
    assert PASSPHRASE not in str(caught.value)


# The settings.


def test_files_are_named_from_the_desks_folder() -> None:
    signing = Signing(key="keys/a.p12", trust=("ca.pem", "/etc/desk/old.pem"), tsa_trust=("tsa.pem",))
    assert signing.key_file(Path("/desk")) == Path("/desk/keys/a.p12")
    assert signing.trust_files(Path("/desk")) == (
        Path("/desk/ca.pem"),
        Path("/etc/desk/old.pem"),
    )
    assert signing.tsa_trust_files(Path("/desk")) == (Path("/desk/tsa.pem"),)
    assert Signing().key_file(Path("/desk")) is None


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"key": "a.p12"}, "a key but no trust"),
        ({"tsa_url": "https://tsa.example.com"}, "tsa_url but no tsa_trust"),
        ({"tsa_url": "tsa.example.com", "tsa_trust": ["t.pem"]}, "expected http:// or https://"),
        ({"tsa_url": "https://me:pw@tsa.example.com", "tsa_trust": ["t.pem"]}, "would be sealed"),
        ({"passphrase": "x"}, "Extra inputs are not permitted"),
        ({"tsa_timeout_s": 0}, "greater than 0"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Signing.model_validate(settings)


# The command.


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    init_desk(folder, {})
    return folder


def test_init_makes_a_key_that_the_desk_can_use(desk: Path, secret: Path) -> None:
    result = run("keys", "init", "--desk", desk, "--passphrase-file", secret)
    assert result.exit_code == 0, result.output
    file = desk / "keys" / "test-signing.p12"
    assert result.stdout.splitlines() == [str(file), str(file.with_suffix(".ca.pem"))]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with (desk / "desk.toml").open("a", encoding="utf-8") as settings:
        settings.write(result.stderr.partition("In desk.toml:")[2])
    shown = run("keys", "show", "--desk", desk, "--passphrase-file", secret, "--json")
    assert shown.exit_code == 0, shown.output
    said = json.loads(shown.stdout)
    assert said["test"] is True
    assert said["subject"].startswith("TEST – not for publication")
    assert said["state"].startswith("valid, ")
    assert PASSPHRASE not in result.output + shown.output


def test_init_overwrites_nothing(desk: Path, secret: Path) -> None:
    assert run("keys", "init", "--desk", desk, "--passphrase-file", secret).exit_code == 0
    before = {path: path.read_bytes() for path in (desk / "keys").iterdir()}
    again = run("keys", "init", "--desk", desk, "--passphrase-file", secret)
    assert again.exit_code == 3
    assert "exists" in again.stderr
    assert {path: path.read_bytes() for path in (desk / "keys").iterdir()} == before


def test_init_can_fill_the_keyring(desk: Path, secret: Path, ring: InMemory) -> None:
    made = run("keys", "init", "--desk", desk, "--passphrase-file", secret, "--keyring")
    assert made.exit_code == 0
    with (desk / "desk.toml").open("a", encoding="utf-8") as settings:
        settings.write(made.stderr.partition("In desk.toml:")[2])
    assert run("keys", "show", "--desk", desk).exit_code == 0


def test_show_reads_to_a_person(key: Path, secret: Path) -> None:
    said = run("keys", "show", key, "--passphrase-file", secret).stdout
    assert "subject     TEST – not for publication, reportgen test identity\n" in said
    assert "test        yes\n" in said


@pytest.mark.parametrize("verb", ["init", "show"])
def test_a_passphrase_is_no_argument(verb: str) -> None:
    command: Any = cli.get_command(None, "keys")  # type: ignore[arg-type]
    names = {name for option in command.commands[verb].params for name in option.opts}
    assert "--passphrase-file" in names
    assert not names & {"--passphrase", "--password", "-p"}


def test_refusals_have_their_own_status(desk: Path, key: Path, secret: Path) -> None:
    assert run("keys", "show", "--desk", desk, "--passphrase-file", secret).exit_code == 3
    nobody = run("keys", "show", key)
    assert nobody.exit_code == 2
    assert "no terminal to ask" in nobody.stderr
    secret.write_text("something else\n", encoding="utf-8")
    wrong = run("keys", "show", key, "--passphrase-file", secret)
    assert wrong.exit_code == 9
    assert "something else" not in wrong.output


def test_a_terminal_is_asked_and_shows_nothing(key: Path) -> None:
    """Type the passphrase into a real terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "reportgen", "keys", "show", str(key)],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        start_new_session=True,
        text=True,
    )
    os.close(slave)
    seen = b""
    while b"Passphrase of" not in seen or not seen.rstrip(b" ").endswith(b":"):
        seen += os.read(master, 1024)
    os.write(master, PASSPHRASE.encode() + b"\n")
    said, _ = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 0
    assert "TEST – not for publication" in said
    assert PASSPHRASE.encode() not in seen
