"""The message as a reader's program sees it: parsed by the standard library, its signature verified."""

from __future__ import annotations

import datetime as dt
import email
import hashlib
import hmac
import re
from email.message import EmailMessage, MIMEPart
from email.policy import default
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reportgen.archive import Archive, NoteRecord
from reportgen.delivery.addresses import address_digest, digests
from reportgen.delivery.edition import Edition, edition
from reportgen.delivery.message import Composer, Message, Notice, signer
from reportgen.delivery.tokens import message_id, token
from reportgen.errors import ConfigError, DeliveryError
from tests.delivery.conftest import DIGEST, NOTE, PDF, PNG, START, TEXT, publish, settings

SECRET = b"a secret of the tests' own"
ID = f"<{NOTE}.0123@desk.example.com>"


@pytest.fixture
def made(archive: Archive, note: NoteRecord) -> Edition:
    return edition(archive, note, "desk.example.com")


def compose(made: Edition, name: str = "Zoë Ünal", notice: Notice | None = None, **changes: str) -> Message:
    composer = Composer(settings().model_copy(update=changes), made, SECRET)
    return composer.compose("c00001", name, "zoe@client.example.com", ID, START, notice or Notice())


def parsed(message: Message) -> EmailMessage:
    found = email.message_from_bytes(message.content, policy=default)
    assert isinstance(found, EmailMessage)
    for part in found.walk():
        assert part.defects == []
        for header in part.values():
            assert header.defects == ()
    return found


def words(part: MIMEPart | None) -> str:
    assert part is not None
    found: str = part.get_content()
    return found.replace("\r\n", "\n")


def test_the_tree_of_parts(made: Edition) -> None:
    message = parsed(compose(made))
    assert [(p.get_content_type(), p.get_content_disposition()) for p in message.walk()] == [
        ("multipart/mixed", None),
        ("multipart/alternative", None),
        ("text/plain", None),
        ("multipart/related", None),
        ("text/html", None),
        ("image/png", "inline"),
        ("application/pdf", "attachment"),
    ]
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    link = f"https://desk.example.com/leave?t={token(SECRET, 'c00001')}"
    assert words(plain) == TEXT.replace(" <https://unsubscribe.invalid/>", f"\n<{link}>").rstrip()
    shown = words(page)
    assert f'href="{link}"' in shown
    assert "Yields rose 39\u00a0bp." in shown
    *_, picture, pdf = message.walk()
    assert picture.get_content() == PNG
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in shown
    assert pdf.get_content() == PDF
    assert pdf.get_filename() == f"{NOTE}.pdf"


def test_every_line_ends_as_the_wire_wants_and_is_short(made: Edition) -> None:
    content = compose(made, name="Ж" * 60).content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    content.decode("ascii")
    head, _, rest = content.partition(b"\r\n\r\n")
    assert max(map(len, rest.split(b"\r\n"))) <= 78
    assert max(map(len, head.split(b"\r\n"))) <= 200
    assert b"\r\n." not in content  # a lone dot would end the message for a careless relay


def test_headers(made: Edition) -> None:
    message = parsed(compose(made))
    assert {name: str(value) for name, value in message.items()} == {
        "From": "Example Securities <research@desk.example.com>",
        "Reply-To": "desk@desk.example.com",
        "To": "Zoë Ünal <zoe@client.example.com>",
        "Subject": "Treasury Weekly: Long end breaks & dollar drops",
        "Date": "Sun, 22 Nov 2026 18:00:00 +0000",
        "Message-ID": ID,
        "List-Id": "<tw.desk.example.com>",
        "List-Unsubscribe": (
            f"<https://desk.example.com/leave?t={token(SECRET, 'c00001')}>, <mailto:leave@desk.example.com>"
        ),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "en",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }
    assert all(len(message.get_all(name, [])) == 1 for name in message)


@pytest.mark.parametrize(
    "words",
    [
        "Correction",
        "Correction: yields across the whole curve and what they mean for the weeks to come",
        "Correction: “Renditen” über 5 % – Überblick für Anlegerinnen und Anleger in der Schweiz",
        "订正：长端利率突破，美元下跌，流动性仍然稳定，本周要点与风险提示，后续关注事项",
    ],
)
def test_a_long_subject_stays_what_it_is(made: Edition, words: str) -> None:
    message = compose(made, notice=Notice(words))
    assert parsed(message)["Subject"] == f"{words}: Treasury Weekly: Long end breaks & dollar drops"
    head = message.content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(line.strip() and not line.endswith(b": ") for line in head)
    assert max(map(len, (line for line in head if b"Unsub" not in line))) <= 78


def test_the_same_message_is_the_same_bytes_and_another_readers_is_not(made: Edition) -> None:
    assert compose(made).content == compose(made).content
    composer = Composer(settings(), made, SECRET)
    other = composer.compose("c00002", "Zoë Ünal", "zoe@client.example.com", ID, START)
    assert other.content != compose(made).content
    assert compose(made).sha256 == hashlib.sha256(compose(made).content).hexdigest()


def test_a_desk_without_a_place_to_unsubscribe(archive: Archive) -> None:
    page = DIGEST.replace('<a href="https://unsubscribe.invalid/">Unsubscribe</a>', "")
    record = publish(archive, sealed_files={"digest.html": page.encode(), "digest.txt": b"x\n"})
    made = edition(archive, record, "d.example")
    assert "List-Unsubscribe" not in parsed(compose(made, unsubscribe_url="", unsubscribe_mailto=""))


def test_a_place_to_unsubscribe_that_the_desk_no_longer_names(made: Edition) -> None:
    with pytest.raises(ConfigError, match=r"mail\.unsubscribe_url: missing"):
        compose(made, unsubscribe_url="")


def test_a_notice_stands_first(made: Edition) -> None:
    notice = Notice("TEST", "<p>Only a &amp; test.</p>", "Only a & test.")
    message = parsed(compose(made, notice=notice))
    assert message["Subject"] == "TEST: Treasury Weekly: Long end breaks & dollar drops"
    assert words(message.get_body(("plain",))).startswith("Only a & test.\n\nLong end breaks\n")
    page = words(message.get_body(("html",)))
    assert page.index("Only a &amp; test.") < page.index("<h1>")


@pytest.mark.parametrize("name", ["A\r\nBcc: all@client.example.com", "A\nX: y", "A\rB", "A\0B"])
def test_a_name_that_would_be_another_header(made: Edition, name: str) -> None:
    with pytest.raises(DeliveryError, match="recipient c00001: ") as refused:
        compose(made, name)
    assert "client.example.com" not in str(refused.value)


def test_no_header_has_a_line_longer_than_servers_take(made: Edition) -> None:
    with pytest.raises(DeliveryError, match="To: has a line of more than 998 bytes"):
        compose(made, "x" * 2000)


@pytest.mark.parametrize(
    "title", ["A\r\nBcc: all@client.example.com", "A\u2028B", "Up&#13;&#10;Bcc: x@y.example"]
)
def test_a_title_that_would_be_another_header(archive: Archive, title: str) -> None:
    page = re.sub("<title>.*</title>", f"<title>{title}</title>", DIGEST)
    record = publish(archive, sealed_files={"digest.html": page.encode()})
    message = parsed(compose(edition(archive, record, "desk.example.com")))
    assert message["Bcc"] is None  # the words stay in the one line of the subject
    assert len(message["Subject"].splitlines()) == 1


def test_names_with_signs_of_the_grammar_stay_names(made: Edition) -> None:
    for name in ('Smith, "J." <x@y.example>', "a@b.example, c@d.example", "Bond: James;", "(comment)"):
        to = parsed(compose(made, name))["To"]
        assert [a.addr_spec for a in to.addresses] == ["zoe@client.example.com"]
        assert to.addresses[0].display_name == name


def test_the_note_lacks_a_digest(archive: Archive) -> None:
    record = publish(archive, sealed_files={"digest.html": b""})
    with pytest.raises(DeliveryError, match=r"digest\.html is not among its sealed files"):
        edition(archive, record, "desk.example.com")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def key_file(tmp_path: Path, key: rsa.RSAPrivateKey) -> Path:
    path = tmp_path / "dkim.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    return path


def record_of(key: rsa.RSAPrivateKey) -> bytes:
    import base64

    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def test_dkim_verifies_and_covers_both_ways_to_unsubscribe(
    made: Edition, key_file: Path, key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    given = {"domain": "desk.example.com", "selector": "s1", "key_file": "dkim.pem"}
    mail = settings().model_validate(settings().model_dump() | {"dkim": given})
    message = Composer(mail, made, SECRET, signer(mail, tmp_path)).compose(
        "c00001", "Zoë", "zoe@client.example.com", ID, START
    )
    asked = []

    def dns(name: bytes, timeout: float = 5) -> bytes:
        asked.append(name)
        return record_of(key)

    assert dkim.verify(message.content, dnsfunc=dns)
    assert asked == [b"s1._domainkey.desk.example.com."]
    found = parsed(message)
    covered = re.search(r"h=([^;]*)", str(found["DKIM-Signature"]))
    assert covered is not None
    names = {n.strip().lower() for n in covered[1].split(":")}
    assert {"list-unsubscribe", "list-unsubscribe-post", "from", "to", "subject", "message-id"} <= names
    for before, after in (
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: list"),
        (b"leave?t=", b"leave?u="),
        (b"JVBERi0xLjcK", b"JVBERi0xLjgK"),  # the PDF's first bytes
    ):
        assert before in message.content
        assert not dkim.verify(message.content.replace(before, after, 1), dnsfunc=dns)


def test_a_key_that_lies_open_or_is_none(tmp_path: Path, key_file: Path) -> None:
    given = {"domain": "desk.example.com", "selector": "s1", "key_file": "dkim.pem"}
    mail = settings().model_validate(settings().model_dump() | {"dkim": given})
    key_file.chmod(0o644)
    with pytest.raises(ConfigError, match="open to others"):
        signer(mail, tmp_path)
    key_file.chmod(0o600)
    key_file.write_bytes(b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n")
    with pytest.raises(ConfigError, match="expected an RSA key as PEM") as refused:
        signer(mail, tmp_path)
    assert "AAAA" not in str(refused.value)


def test_ids_tell_nothing_of_an_address_and_stay_the_same() -> None:
    found = message_id("archive", NOTE, "c00001", "desk.example.com")
    assert found == message_id("archive", NOTE, "c00001", "desk.example.com")
    assert re.fullmatch(rf"<{NOTE}\.[0-9a-f]{{32}}@desk\.example\.com>", found)
    assert "c00001" not in found
    others = {message_id(*parts, "d") for parts in (("a", NOTE, "c1"), ("a", NOTE, "c2"), ("b", NOTE, "c1"))}
    assert len(others) == 3


def test_a_token_is_the_reader_and_proof_of_the_secret() -> None:
    proof = hmac.new(SECRET, b"c00001", "sha256").hexdigest()[:32]  # as the README tells the page to check it
    assert token(SECRET, "c00001") == f"c00001.{proof}"


def test_an_address_is_known_by_its_digest_however_it_is_written() -> None:
    assert address_digest(" Zoe@Client.example.com ") == address_digest("zoe@client.example.com")
    assert address_digest("zoe@client.example.com") == hashlib.sha256(b"zoe@client.example.com").hexdigest()
    assert address_digest("Zoe@BÜCHER.example") == address_digest("zoe@xn--bcher-kva.example")
    others = digests("zoe@xn--strae-oqa.example")  # no letter of the older standard for such domains
    assert others == tuple(
        hashlib.sha256(f"zoe@{host}.example".encode()).hexdigest() for host in ("xn--strae-oqa", "straße")
    )


def test_the_date_is_the_one_that_was_settled(made: Edition) -> None:
    later = START.astimezone(dt.timezone(dt.timedelta(hours=-5)))
    message = Composer(settings(), made, SECRET).compose("c1", "Z", "z@client.example.com", ID, later)
    assert parsed(message)["Date"] == "Sun, 22 Nov 2026 18:00:00 +0000"
