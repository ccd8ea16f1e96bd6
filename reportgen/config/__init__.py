"""Settings of a desk: brand, analysts and legal lines, from the desk folder's desk.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from reportgen.assets import asset_dir
from reportgen.config.archive import ArchiveSettings
from reportgen.config.disclosures import Distribution
from reportgen.config.live import Fetch, Run
from reportgen.config.mail import Mail
from reportgen.config.people import Person, refuse_namesakes
from reportgen.config.signing import Signing
from reportgen.config.tables import Line, Table, faults
from reportgen.errors import ConfigError

DESK_FILE = "desk.toml"
_LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_SVG = "{http://www.w3.org/2000/svg}svg"
_PNG_BEGINS, _PNG_ENDS = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
PAPER = "#ffffff"
LEAST_CONTRAST = 4.5  # of small type, by the Web Content Accessibility Guidelines

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Family = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ]*$")]


class Colours(Table):
    """The palette: one house colour, one for alarm, the rest quiet. Words are printed in most of them."""

    house: Colour = "#14365d"
    on_house: Colour = "#ffffff"
    alarm: Colour = "#a83240"
    caution: Colour = "#8a6414"
    calm: Colour = "#1f6f80"
    waiting: Colour = "#66707c"
    ink: Colour = "#1b2430"
    quiet: Colour = "#5a6572"
    rule: Colour = "#d5dae0"
    wash: Colour = "#f3f5f8"

    @field_validator("house", "alarm", "caution", "calm", "waiting", "ink", "quiet")
    @classmethod
    def _stands_out_from_paper(cls, colour: str) -> str:
        return _legible(colour, PAPER, "white paper")

    @field_validator("on_house")
    @classmethod
    def _stands_out_from_house(cls, colour: str, info: ValidationInfo) -> str:
        house = info.data.get("house")  # absent where it is at fault itself
        return colour if house is None else _legible(colour, house, f"house {house}")


class Fonts(Table):
    """Font families; each is the name of an installed fontpkg package."""

    sans: Family = "IBM Plex Sans"
    serif: Family = "IBM Plex Serif"


class Brand(Table):
    name: Line
    division: str = ""
    kicker: str = ""
    logo: str = ""
    colours: Colours = Colours()
    fonts: Fonts = Fonts()


class Analyst(Table):
    name: Line
    role: str = ""
    email: str = ""
    qualification: str = ""

    @field_validator("email")
    @classmethod
    def _looks_like_an_address(cls, email: str) -> str:
        name, at, host = email.partition("@")
        if " " in email or (email and not (name and at and host)):
            raise ValueError("expected name@host, or nothing")
        return email


class Legal(Table):
    risk_heading: str = ""  # in place of the note's own words
    certification: tuple[Line, ...]
    disclosures: tuple[Line, ...] = ()
    disclaimer: tuple[Line, ...]


class Desk(Table):
    """What a desk decides about its notes."""

    brand: Brand
    analysts: Annotated[tuple[Analyst, ...], Field(min_length=1)]
    legal: Legal
    mail: Mail | None = None
    distribution: Distribution = Distribution()
    signing: Signing = Signing()
    people: tuple[Person, ...] = ()
    archive: ArchiveSettings = ArchiveSettings()
    fetch: Fetch = Fetch()
    run: Run = Run()
    logo_bytes: bytes = Field(default=b"", exclude=True, repr=False)

    @field_validator("people")
    @classmethod
    def _one_person_for_each_id(cls, people: tuple[Person, ...]) -> tuple[Person, ...]:
        return refuse_namesakes(people)

    @property
    def logo_type(self) -> str:
        """Return the media type of the logo."""
        return _LOGO_TYPES[Path(self.brand.logo).suffix.lower()]


def luminance(colour: str) -> float:
    """Return the relative luminance of the Web Content Accessibility Guidelines, from 0 to 1."""
    shares = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def load_desk(folder: Path | None = None) -> Desk:
    """Read desk.toml of a desk folder, or of the house's example desk.

    Raises: ConfigError that lists every fault at once.
    """
    file = (folder if folder is not None else asset_dir("templates") / "brand") / DESK_FILE
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{file}: no such file, expected the desk's settings",
            hint="`reportgen init` makes a desk folder.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    if "logo_bytes" in entries:
        raise ConfigError(f"{file}: logo_bytes: unknown key", hint="Name the logo's file as brand.logo.")
    try:
        desk = Desk.model_validate(entries)
    except ValidationError as error:
        raise ConfigError(f"{file}: " + faults(error)) from error
    return (
        desk if not desk.brand.logo else desk.model_copy(update={"logo_bytes": _logo(file, desk.brand.logo)})
    )


def init_desk(folder: Path, assets: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write a new desk folder: the example desk, the given assets by relative path, a place for commentary.

    Raises: ConfigError if the folder holds anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder}: not empty, expected a new or empty folder for the desk")
    brand = asset_dir("templates") / "brand"
    files = {
        DESK_FILE: (brand / DESK_FILE).read_bytes(),
        "commentary/README.md": (brand / "commentary.md").read_bytes(),
        **assets,
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tuple(folder / name for name in files)


def _legible(colour: str, ground: str, name: str) -> str:
    found = contrast(colour, ground)
    if found < LEAST_CONTRAST:
        raise ValueError(f"contrast of {found:.1f} with {name}, expected {LEAST_CONTRAST} or more")
    return colour


def _logo(file: Path, name: str) -> bytes:
    path = file.parent / name
    kind = path.suffix.lower()
    if kind not in _LOGO_TYPES:
        raise ConfigError(f"{file}: brand.logo: expected one of {', '.join(_LOGO_TYPES)}, found {name!r}")
    if not path.resolve().is_relative_to(file.parent.resolve()):
        raise ConfigError(f"{file}: brand.logo: expected a file inside the desk folder, found {name!r}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: brand.logo: cannot read {path}") from error
    fault = _svg_fault(content) if kind == ".svg" else _png_fault(content)
    if fault:
        raise ConfigError(f"{file}: brand.logo: {name}: {fault}")
    return content


def _svg_fault(content: bytes) -> str:
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        return f"no SVG: {error}"
    if root.tag != _SVG:
        return f"no SVG: expected an svg element of http://www.w3.org/2000/svg, found {root.tag!r}"
    if "viewBox" not in root.attrib:
        return "an SVG without a viewBox has no size on the page"
    return ""


def _png_fault(content: bytes) -> str:
    if not content.startswith(_PNG_BEGINS):
        return f"no PNG: it begins with {content[:8]!r}"
    return "" if content.endswith(_PNG_ENDS) else "a PNG that is cut off"
