"""A second brand: one folder of settings changes page, screen and charts, and a faulty one writes nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest

from reportgen.config import Colours, load_desk
from reportgen.figures.palette import palette

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 24">'
    '<path fill="#fff4e6" d="M0 24 12 0 24 24ZM34 6h80v12H34Z"/></svg>'
)
SETTINGS = """
[brand]
name = "Harbour Research"
division = "Rates strategy"
kicker = "Harbour rates"
logo = "mark.svg"

[brand.colours]
house = "#5b1a33"
on_house = "#fff4e6"
alarm = "#9c2a10"
caution = "#7a5a00"
calm = "#22634a"
waiting = "#6b6470"
ink = "#241a1e"
quiet = "#62565b"
rule = "#ddd2d6"
wash = "#f8f3f4"

[brand.fonts]
sans = "IBM Plex Serif"
serif = "IBM Plex Serif"

[[analysts]]
name = "C. Harbour"

[legal]
risk_heading = "Before you act"
certification = ["Harbour's analysts certify their own views."]
disclaimer = ["Harbour Research is an example."]
"""
NOTE = Path("2025-04-10") / "treasury-weekly"
COLOUR = re.compile(r'"(#[0-9a-f]{6})"')


def write(folder: Path, settings: str = SETTINGS, logo: str = LOGO) -> Path:
    """Write a desk's folder."""
    folder.mkdir()
    (folder / "desk.toml").write_text(settings, encoding="utf-8")
    (folder / "mark.svg").write_text(logo, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a note of the second brand, with everything that can be built."""
    folder = tmp_path_factory.mktemp("brand")
    command = [sys.executable, "-m", "reportgen", "build", "--as-of", "2025-04-10", "--extras"]
    command += ["--out", str(folder / "out"), "--desk", str(write(folder / "desk"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "out" / NOTE


def test_the_masthead_and_the_legal_lines_are_its_own(built: Path) -> None:
    page = (built / "note.html").read_text()
    masthead = page[page.index('<header class="masthead">') : page.index("</header>")]
    assert '<img class="logo" alt="Harbour Research" src="data:image/svg+xml;base64,' in masthead
    assert "Rates strategy" in masthead
    with pypdfium2.PdfDocument(built / "note.pdf") as opened:
        words = " ".join(sheet.get_textpage().get_text_range() for sheet in opened)
    for text in (page, " ".join(words.split())):
        assert "Harbour Research" in text
        assert "Before you act" in text
        assert "certify their own views" in text
        assert "Example Securities" not in text


def test_the_style_sheet_has_its_colours_and_fonts_alone(built: Path) -> None:
    page = (built / "note.html").read_text()
    styles = page[page.index("<style>") : page.index("</style>")]
    example = Colours()
    assert "#5b1a33" in styles
    for colour in (example.house, example.alarm, example.caution, example.calm):
        assert colour not in styles
    assert "Plex Sans" not in styles


def test_the_pdf_holds_its_fonts_alone(built: Path) -> None:
    said = subprocess.run(
        ["pdffonts", str(built / "note.pdf")], capture_output=True, text=True, check=True
    ).stdout
    assert "IBM-Plex-Serif" in said or "IBMPlexSerif" in said
    assert "Sans" not in said


def test_the_charts_have_its_colours_and_font_alone(built: Path) -> None:
    own = palette(load_desk(built.parents[2] / "desk").brand.colours).strokes
    example = palette(Colours()).strokes
    drawn = sorted((built / "figures").glob("*.svg"))
    assert len(drawn) >= 12
    found: set[str] = set()
    for path in drawn:
        svg = path.read_text()
        assert "font-family=\"'IBM Plex Serif', sans-serif\"" in svg
        found |= set(COLOUR.findall(svg))
    assert {own[s] for s in ("first", "second", "third", "fourth")} <= found
    assert not found & set(example.values())


def test_the_extras_lie_beside_the_note(built: Path) -> None:
    drawn = {path.stem for path in (built / "figures").glob("*.svg")}
    assert {path.stem for path in (built / "figures").glob("*.png")} == drawn
    assert (built / "facts.csv").read_text().startswith("id,label,value,unit,text,")
    assert (built / "facts.xlsx").read_bytes().startswith(b"PK")
    data = {path.stem for path in (built / "data").glob("*.csv")}
    assert data < drawn
    assert not data & {"credit", "risk", "gauge", "dollar_yield"}  # restricted series


@pytest.mark.parametrize(
    ("old", "new", "status", "fault"),
    [
        ('kicker = "Harbour rates"', 'motto = "x"', 3, "brand.motto: unknown key"),
        ('"#7a5a00"', '"#e0b000"', 3, "brand.colours.caution: contrast of 2.0 with white paper"),
        ('"#22634a"', '"#66139b"', 3, "brand.colours: house #1f21c9 and calm #66139b give lines that look"),
        ('sans = "IBM Plex Serif"', 'sans = "No Such Sans"', 5, "font family 'No Such Sans': no package"),
    ],
)
def test_a_faulty_brand_writes_nothing(refused, tmp_path, old, new, status, fault):
    assert old in SETTINGS
    settings = SETTINGS.replace(old, new)
    if "#66139b" in new:
        settings = settings.replace("#5b1a33", "#1f21c9").replace("#fff4e6", "#ffffff")
    desk = write(tmp_path / "desk", settings)
    said = refused(status, "build", "--as-of", "2025-04-10", "--out", tmp_path / "out", "--desk", desk)
    assert fault in said
    assert not (tmp_path / "out").exists()


def test_a_logo_that_is_no_picture_writes_nothing(refused, tmp_path):
    desk = write(tmp_path / "desk", logo="<html><body>404</body></html>")
    said = refused(3, "build", "--as-of", "2025-04-10", "--out", tmp_path / "out", "--desk", desk)
    assert "brand.logo: mark.svg: no SVG: expected an svg element" in said
    assert not (tmp_path / "out").exists()
