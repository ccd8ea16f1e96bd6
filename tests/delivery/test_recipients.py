"""The desk's list: read whole, or refused with every fault of it and no address in the message."""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reportgen.delivery.recipients import COLUMNS, Recipient, load_recipients, load_suppressed
from reportgen.errors import ConfigError

TODAY = dt.date(2026, 11, 22)
HEADER = ",".join(COLUMNS)
ROWS = """\
c1,Zoe@Client.Example.com,Zoë Ünal,en,institutional,US,2025-01-02,signed letter,active
c2,b.smith@firm.example.com,"Smith, B.",,professional,GB,2025-01-02,client agreement,
c3,m@bücher.example.com,M,de,institutional,EU,2025-01-02,web form,paused
"""


def written(tmp_path: Path, rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = tmp_path / "recipients.csv"
    path.write_bytes(f"{header}\n{rows}".encode(encoding))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load_recipients(path, TODAY)
    return str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_list(tmp_path: Path, encoding: str) -> None:
    assert load_recipients(written(tmp_path, ROWS, encoding=encoding), TODAY) == (
        Recipient("c1", "Zoe@client.example.com", "Zoë Ünal", "en", "institutional", "US", "active"),
        Recipient("c2", "b.smith@firm.example.com", "Smith, B.", "", "professional", "GB", "active"),
        Recipient("c3", "m@xn--bcher-kva.example.com", "M", "de", "institutional", "EU", "paused"),
    )


def test_windows_line_ends_and_blank_rows(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_bytes(f"{HEADER}\n\n  \n{ROWS}\n , ,\n,,,,,,,,\n\n".replace("\n", "\r\n").encode())
    assert len(load_recipients(path, TODAY)) == 3


def test_a_database(tmp_path: Path) -> None:
    path = tmp_path / "clients.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE recipients ({HEADER})")
        rows = [r.split(",") for r in ROWS.replace('"Smith, B."', "Smith").splitlines()]
        database.executemany(f"INSERT INTO recipients VALUES ({','.join('?' * len(COLUMNS))})", rows)
    before = path.read_bytes()
    assert [r.id for r in load_recipients(path, TODAY)] == ["c1", "c2", "c3"]
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE recipients")
    assert "table recipients: no such table" in refusal(path)


def test_every_fault_at_once_and_no_address_among_them(tmp_path: Path) -> None:
    rows = """\
c1,zoe@client.example.com,Zoe,en,institutional,US,2025-01-02,letter,active
c1,secret.person@other.example.com,Zoe,en,institutional,US,2025-01-02,letter,active
c3,ZOE@client.example.com,Zoe,en,institutional,US,2025-01-02,letter,active
c4,secret person@firm,"",EN,Institutional!,USA,2027-01-02,,maybe
c5,two@@firm.example.com,Eve,en,institutional,US,last week,letter,active
c6,ok@firm.example.com,"Eve
Bcc: all@firm.example.com",en,institutional,US,,,active
c/7,fine@firm.example.com,Eve,en,institutional,US,2025-01-02,letter,active
c8,short@firm.example.com,Eve
c9,nine@firm.example.com,=?utf-8?q?Eve?=,en,institutional,US,2025-01-02,letter,active
c10,ten@firm.example.com,EVE,en,institutional,US,2025-01-02,letter,active
""".replace("EVE", "Eve" * 100)
    said = refusal(written(tmp_path, rows))
    for fault in (
        "row 3: id: the same as in row 2",
        "row 4: email: the same as in row 2",
        "row 5: email: ",
        "row 5: name: empty",
        "row 5: language: expected a code such as en, found 'EN'",
        "row 5: audience: expected a word such as institutional, found 'Institutional!'",
        "row 5: jurisdiction: expected a code such as US, found 'USA'",
        "row 5: consent_source: empty",
        "row 5: consent_date: 2027-01-02 lies in the future",
        "row 5: status: expected active or paused, found 'maybe'",
        "row 6: email: ",
        "row 6: consent_date: expected a date such as 2025-04-10, found 'last week'",
        "row 7: name: holds a control character",
        "row 7: consent_date: empty",
        "row 8: id: expected letters, digits, - and _, found 'c/7'",
        "row 9: 3 cells, expected 9",
        "row 10: name: expected plain letters, found the encoding of a mail header",
        "row 11: name: longer than 200 letters",
    ):
        assert fault in said, said
    for secret in ("zoe@", "secret", "person@", "firm.example", "two@", "all@", "client.example"):
        assert secret not in said.replace(str(tmp_path), "")


def test_an_address_is_the_same_however_its_domain_is_written(tmp_path: Path) -> None:
    rows = "c1,m@bücher.example.com,M,en,institutional,US,2025-01-02,letter,\n"
    twice = rows + rows.replace("c1", "c2").replace("bücher", "XN--BCHER-KVA")
    assert "row 3: email: the same as in row 2" in refusal(written(tmp_path, twice))


def test_cells_that_slipped_into_another_column_are_not_repeated(tmp_path: Path) -> None:
    rows = "zoe.uenal@x.example,c1,Zoe,Ms Zoe Uenal-Hidden,zoe@x.example,zoe.uenal@hidden.example,,,\n"
    said = refusal(written(tmp_path, rows)) + refusal(
        written(tmp_path, "", rows.strip() + ",Zoe Uenal-Hidden 9")
    )
    for secret in ("uenal", "Uenal", "x.example", "hidden"):
        assert secret not in said.replace(str(tmp_path), "")


def test_many_faults_do_not_flood(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, "x,,,,,,,,\n" * 1000))
    assert len(said.splitlines()) < 60
    assert "more" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("id,email,name", "column 'audience': missing"),
        (HEADER + ",phone", "column 'phone': unknown"),
        (HEADER + ",id", "column 'id': twice"),
        ("", "column 'id': missing"),
        (HEADER.replace(",", ";"), "its columns are separated by ';', expected commas"),
        (HEADER.replace(",", "\t"), r"its columns are separated by '\t', expected commas"),
    ],
)
def test_a_header_that_is_none(tmp_path: Path, header: str, fault: str) -> None:
    assert fault in refusal(written(tmp_path, ROWS, header))


def test_files_that_are_no_lists(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "absent.csv")
    assert "no such file" in refusal(tmp_path / "absent.sqlite")
    assert "names nobody" in refusal(written(tmp_path, ""))
    path = tmp_path / "recipients.csv"
    path.write_bytes(HEADER.encode() + b"\nc1,\xff\xfe\n")
    assert "not UTF-8 at byte" in refusal(path)
    path.write_text(f'{HEADER}\n"c1,unfinished')
    assert "not CSV" in refusal(path)


def test_a_recipient_does_not_print_the_address() -> None:
    shown = repr(Recipient("c1", "zoe@client.example.com", "Zoe", "en", "institutional", "US", "active"))
    assert shown == "Recipient('c1')"


def test_the_suppression_list_by_id_address_or_digest(tmp_path: Path) -> None:
    path = tmp_path / "suppressed.csv"
    digest = hashlib.sha256(b"d@client.example.com").hexdigest()
    path.write_text(f"who,date,why\nc1,2026-01-01,left\nB@client.example.com,,\n{digest},,\n")
    suppressed = load_suppressed(path)

    def someone(id: str, email: str) -> Recipient:
        return Recipient(id, email, "N", "en", "institutional", "US", "active")

    assert someone("c1", "a@client.example.com") in suppressed
    assert someone("c2", "b@client.example.com") in suppressed
    assert someone("c4", "d@client.example.com") in suppressed
    assert someone("c5", "e@client.example.com") not in suppressed
    in_unicode = hashlib.sha256("g@bücher.example.com".encode()).hexdigest().upper()
    path.write_text(f"who\nF@BÜCHER.example.com\nh@xn--bcher-kva.example.com\n{in_unicode}\nCLIENT-6\n")
    suppressed = load_suppressed(path)
    for name in "fgh":
        assert someone("c1", f"{name}@xn--bcher-kva.example.com") in suppressed, name
    assert someone("client-6", "a@client.example.com") in suppressed
    assert someone("c1", "i@xn--bcher-kva.example.com") not in suppressed
    path.write_text("who\n@journal-1\n@test\nc9\n")  # pressed in the desk's own copies
    assert load_suppressed(path).names == {"c9"}
    path.write_text("who\nsecret@@client.example.com\n")
    with pytest.raises(ConfigError, match="row 2: who: ") as refused:
        load_suppressed(path)
    assert "secret" not in str(refused.value)
    with pytest.raises(ConfigError, match=r"Name the list in desk\.toml as mail\.suppressed"):
        load_suppressed(tmp_path / "absent.csv")
    path.write_text("who\nnot an id\n")
    with pytest.raises(ConfigError, match="row 2: who: expected an id, an address or its SHA-256"):
        load_suppressed(path)
