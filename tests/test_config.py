"""A desk's settings: what is accepted, what is refused, and what a new folder holds."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from reportgen.assets import asset_dir
from reportgen.config import contrast, init_desk, load_desk
from reportgen.errors import ConfigError

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><path d="M0 0H40V10Z"/></svg>'
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DESK = (asset_dir("templates") / "brand" / "desk.toml").read_text(encoding="utf-8")


def write(folder: Path, text: str) -> Path:
    (folder / "desk.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_example_desk_says_that_it_is_one() -> None:
    desk = load_desk()
    assert desk.brand.name == "Example Securities"
    assert [analyst.name for analyst in desk.analysts] == ["A. Analyst", "B. Analyst"]
    assert "not a firm" in desk.legal.disclaimer[0]


def test_a_desk_of_its_own(tmp_path: Path) -> None:
    desk = load_desk(write(tmp_path, DESK.replace("Example Securities", "Harbour Research", 1)))
    assert desk.brand.name == "Harbour Research"


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    faulty = (
        DESK.replace('house = "#14365d"', 'house = "navy"')
        .replace("[legal]", "[legal]\nsecret = 1")
        .replace('email = "a.analyst@example.com"', 'email = "nowhere"')
    )
    with pytest.raises(ConfigError) as caught:
        load_desk(write(tmp_path, faulty))
    message = str(caught.value)
    assert "desk.toml" in message
    for fault in (
        "brand.colours.house",
        "'navy'",
        "legal.secret: unknown key",
        "analysts.0.email",
        "'nowhere'",
    ):
        assert fault in message


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[[analysts]]", "[[analyst]]", "analyst: unknown key"),
        ('name = "Example Securities"', "", "brand.name: missing"),
        ('sans = "IBM Plex Sans"', 'sans = "x\'; } body {"', "brand.fonts.sans"),
        ('logo = ""', 'logo = "logo.gif"', "brand.logo: expected one of .svg, .png"),
        ('logo = ""', 'logo = "logo.svg"', "brand.logo: cannot read"),
        ('logo = ""', 'logo = "../logo.svg"', "inside the desk folder"),
        ("[brand]", 'logo_bytes = "x"\n[brand]', "logo_bytes: unknown key"),
        ("[brand]", "[brand", "not valid TOML"),
        ("[brand]", '[brand]\ntagline = "x"', "brand.tagline: unknown key"),
        ("[brand.colours]", '[brand.colours]\naccent = "#112233"', "brand.colours.accent: unknown key"),
        ('"#8a6414"', '"#c8963e"', "brand.colours.caution: contrast of 2.7 with white paper, expected 4.5"),
        ('"#ffffff"', '"#5a6572"', "brand.colours.on_house: contrast of 2.1 with house #14365d, expected"),
    ],
)
def test_what_is_refused(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in DESK
    with pytest.raises(ConfigError, match=r"desk\.toml") as caught:
        load_desk(write(tmp_path, DESK.replace(old, new)))
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ('[fetch.urls]\nfred = "https://desk:hunter2@api.example.com/"', "fetch.urls: fred: a user name or"),
        ('[signing]\ntsa_url = "https://desk:hunter2@tsa.example.com"', "signing.tsa_url: a user name or"),
        ('[mail]\nnote_url = "https://desk:hunter2@x.example/{note}"', "mail.note_url: a user name or"),
        ('[mail]\nnote_url = "http://x.example/?key=hunter2"', "found 'http://x.example'"),
        ('[mail]\njournal = "hunter2@firm example"', "mail.journal: expected name@host, found an address"),
        ('[mail]\nsmtp = { host = "h", pasword = "hunter2" }', "mail.smtp.pasword: unknown key"),
        ('[mail.smtp]\nhost = "h"\nuser = "u"\nca_file = ["hunter2"]', "mail.smtp.ca_file: "),
        (f'[mail.dkim]\ndomain = "{"hunter2" * 9}!"', "mail.dkim.domain: "),
        ('[run]\nmail_to = ["hunter2@bücher.example"]', "run.mail_to: expected the domain as xn--"),
    ],
)
def test_no_secret_and_no_address_is_repeated(tmp_path: Path, own: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_desk(write(tmp_path, f"{DESK}\n{own}\n"))
    assert fault in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_folder_without_settings_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file") as caught:
        load_desk(tmp_path)
    assert "reportgen init" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "kind"), [("mark.svg", SVG, "image/svg+xml"), ("mark.PNG", PNG, "image/png")]
)
def test_a_logo_is_read_with_the_settings(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    desk = load_desk(write(tmp_path, DESK.replace('logo = ""', f'logo = "{name}"')))
    assert (desk.logo_bytes, desk.logo_type) == (content, kind)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("logo.svg", PNG, "no SVG: not well-formed"),
        ("logo.svg", b"", "no SVG: no element found"),
        ("logo.svg", b"<html/>", "no SVG: expected an svg element"),
        ("logo.svg", b'<svg viewBox="0 0 1 1"/>', "no SVG: expected an svg element"),
        ("logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "without a viewBox"),
        ("logo.png", SVG, "no PNG: it begins with b'<svg xml'"),
        ("logo.png", b"GIF89a", "no PNG: it begins with b'GIF89a'"),
        ("logo.png", PNG[:-4], "a PNG that is cut off"),
    ],
)
def test_a_logo_that_is_not_what_its_name_says(tmp_path: Path, name: str, content: bytes, fault: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=r"desk\.toml: brand\.logo") as caught:
        load_desk(write(tmp_path, DESK.replace('logo = ""', f'logo = "{name}"')))
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # Web Content Accessibility Guidelines: black on white, and the lightest grey that passes on white.
    [("#000000", "#ffffff", 21.0), ("#767676", "#ffffff", 4.54), ("#ffffff", "#767676", 4.54)],
)
def test_contrast_is_that_of_the_guidelines(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


def test_a_new_desk_folder_can_be_used_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    written = init_desk(folder, {"thresholds.toml": b"# thresholds\n"})
    assert {path.relative_to(folder).as_posix() for path in written} == {
        "desk.toml",
        "commentary/README.md",
        "thresholds.toml",
    }
    assert load_desk(folder) == load_desk()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="not empty"):
        init_desk(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
