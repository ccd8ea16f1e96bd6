"""What shaped a note besides its data, in one zip: settings, templates, charts, versions of the software.

The same files give the same bytes: stored without compression, with fixed dates, in order of name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import platform
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

import reportgen
from reportgen import config
from reportgen.calendars.exceptions import EXCEPTIONS_FILE
from reportgen.config import DESK_FILE
from reportgen.errors import ArchiveError, ConfigError
from reportgen.findings.events import PACKAGED as EVENTS
from reportgen.indicators.thresholds import PACKAGED as THRESHOLDS
from reportgen.pipeline.desk import Desk
from reportgen.render.disclosures import FOLDER as DISCLOSURES
from reportgen.render.libraries import pango_version
from reportgen.text import as_of_name

CONTEXT = "context.zip"
SOFTWARE = "software.json"
COMMENTARY = "commentary"
READING_ROOM = "archive"  # templates that show notes and shape none
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold
_PERMITTED_BYTES = 64 * 1024 * 1024
_CODE = ("*.py", "*.toml")
_SHAPES_NOTHING = ("_assets", "archive", "cli", "delivery", "sources")
_LIBRARIES = (
    *("brotli", "contourpy", "cssselect2", "fonttools", "jinja2", "markdown-it-py", "markupsafe"),
    *("matplotlib", "nh3", "numpy", "pikepdf", "pillow", "pyarrow", "pydantic", "pydyf", "pyphen"),
    *("tinycss2", "tinyhtml5", "tzdata", "weasyprint"),
)


def sealed(desk: Desk, note: str, as_of: dt.datetime) -> bytes:
    """Return the zip of all that shapes a note of a moment besides its data.

    Shape: desk/ holds desk.toml, the logo, events, thresholds and the commentary of the as-of, never
        recipients or keys; templates/ and charts/ what the note is made with; software.json the versions.
    """
    files = {name: path.read_bytes() for name, path in _paths(desk, note, as_of)}
    return packed({**files, SOFTWARE: _json(software(_fonts(desk)))})


def unchanged(before: bytes, desk: Desk, note: str, as_of: dt.datetime) -> bytes:
    """Return the context if the files are still as they were.

    Raises: ConfigError naming the files that changed while a note was being built from them.
    """
    now = sealed(desk, note, as_of)
    if now != before:
        was, found = members(before), members(now)
        changed = sorted(name for name in was.keys() | found.keys() if was.get(name) != found.get(name))
        raise ConfigError(
            f"{', '.join(changed)}: changed while the note was being built", hint="Build it again."
        )
    return before


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return files as a zip whose bytes depend on their names and contents alone."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # else it tells the system
            archive.writestr(entry, files[name])
    return target.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    """Return the files of a context by name.

    Raises: ArchiveError if it cannot be read, or holds a name that leads elsewhere.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > _PERMITTED_BYTES:
                raise ArchiveError(f"{CONTEXT}: holds more than {_PERMITTED_BYTES} bytes")
            for entry in entries:
                _refuse_elsewhere(entry.filename)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise ArchiveError(f"{CONTEXT}: not a readable zip ({error})") from error


def unpack(content: bytes, folder: Path) -> None:
    """Write the files of a context below a folder."""
    for name, held in members(content).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(held)


def software(fonts: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the versions of all that makes a note's bytes, down to the digest of each file of our code."""
    names = sorted({*_LIBRARIES, *fonts})
    return {
        "reportgen": reportgen.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "pango": ".".join(map(str, pango_version() or ())),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "libraries": {name: version(name) for name in names},
        "code": code(),
    }


def version(name: str) -> str | None:
    """Return the version of an installed distribution, None if it is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@cache
def code() -> dict[str, str]:
    """Return the digest of each file of the package that makes notes, code and rules, by its path in it."""
    root = Path(reportgen.__file__).parent
    paths = sorted(path for pattern in _CODE for path in root.rglob(pattern))
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if (name := path.relative_to(root).as_posix()).partition("/")[0] not in _SHAPES_NOTHING
    }


def _paths(desk: Desk, note: str, as_of: dt.datetime) -> Iterator[tuple[str, Path]]:
    """Walk over the files of a context with the names that they get in it."""
    templates = desk.assets("templates")
    folder = desk.folder if desk.folder is not None else templates / "brand"
    yield f"desk/{DESK_FILE}", folder / DESK_FILE
    logo = config.load_desk(folder).brand.logo
    if logo:
        yield f"desk/{PurePosixPath(logo)}", folder / logo
    for packaged in (EVENTS, THRESHOLDS):
        yield f"desk/{packaged.name}", desk.file(packaged)
    if desk.folder is not None:
        yield from _below(desk.folder, EXCEPTIONS_FILE, "desk/")
        yield from _below(desk.folder, f"{COMMENTARY}/{as_of_name(as_of)}", "desk/")
        yield from _below(desk.folder, DISCLOSURES, "desk/")
    for part in sorted(templates.iterdir()):
        elsewhere = part.name != note and (part / "note.toml").exists()
        if not elsewhere and part.name != READING_ROOM:
            yield from _below(templates, part.name, "templates/")
    yield from _below(desk.assets("charts"), ".", "charts/")


def _below(root: Path, part: str, prefix: str) -> Iterator[tuple[str, Path]]:
    """Walk over the files of a part of a folder, but for what editors and systems leave behind."""
    start = root / part
    paths = [start] if start.is_file() else sorted(start.rglob("*"))
    for path in paths:
        name = path.relative_to(root)
        hidden = any(step.startswith(".") or step == "__pycache__" for step in name.parts)
        if path.is_file() and not hidden and not path.name.endswith("~"):
            yield prefix + name.as_posix(), path


def _fonts(desk: Desk) -> tuple[str, ...]:
    """Return the distributions that hold the fonts of the brand."""
    folder = desk.folder if desk.folder is not None else desk.assets("templates") / "brand"
    fonts = config.load_desk(folder).brand.fonts
    return tuple(f"fontpkg-{family.lower().replace(' ', '-')}" for family in (fonts.sans, fonts.serif))


def _refuse_elsewhere(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or name.endswith("/"):
        raise ArchiveError(f"{CONTEXT}: holds {name!r}, expected the path of a file inside it")


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
