"""Fonts that come as Python packages: where they lie, which characters they hold, what the page embeds."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from reportgen.config import Fonts
from reportgen.errors import TemplateError

_WEIGHTS = (400, 600)
_NORMAL_WIDTH = 100
_NAMES = range(7)  # copyright, family, style and version, as fonts number them


@dataclass(frozen=True, slots=True)
class Face:
    """One font file in the part that it plays on a page."""

    family: str
    style: str
    weight: int | None  # None: one variable file holds all weights
    path: Path

    @property
    def weights(self) -> str:
        """Return the weights for a style sheet of a browser."""
        return f"{_WEIGHTS[0]} {_WEIGHTS[-1]}" if self.weight is None else str(self.weight)


def faces(fonts: Fonts, *, italic: bool = True) -> tuple[Face, ...]:
    """Return the faces that a page needs: upright text and headings, and italics where it has emphasis."""
    sans = (face for face in _family(fonts.sans) if italic or face.style == "normal")
    serif = (face for face in _family(fonts.serif) if face.style == "normal")
    return (*sans, *serif)


@cache
def characters(path: Path) -> frozenset[int]:
    """Return the code points that a font file can draw."""
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def absent(words: str, fonts: Fonts) -> list[str]:
    """Return the characters that a font of the brand cannot draw, in order; styles may ask for capitals."""
    wanted = {ord(c) for c in words + words.upper() if not c.isspace()}
    return sorted(chr(c) for face in faces(fonts) for c in wanted - characters(face.path))


def file_rules(fonts: Fonts) -> str:
    """Return @font-face rules that point at the installed files, for the PDF."""
    return "\n".join(
        _rule(face, face.path.as_uri(), "" if face.weight is None else f"font-weight:{face.weight};")
        for face in faces(fonts)
    )


def embedded_rules(words: str, fonts: Fonts, *, italic: bool) -> str:
    """Return @font-face rules that carry the fonts, cut down to the characters of a page."""
    needed = "".join(sorted(set(words + words.upper())))
    return "\n".join(
        _rule(
            face,
            f"data:font/woff2;base64,{base64.b64encode(_cut(face, needed)).decode('ascii')}",
            f"font-weight:{face.weights};font-display:swap;",
        )
        for face in faces(fonts, italic=italic)
    )


def _rule(face: Face, url: str, more: str) -> str:
    return f"@font-face{{font-family:'{face.family}';font-style:{face.style};{more}src:url('{url}')}}"


@cache
def _family(name: str) -> tuple[Face, ...]:
    """Read the metadata of an installed fontpkg package.

    Raises: TemplateError if the family is not installed.
    """
    package = "fontpkg_" + name.lower().replace(" ", "_")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise TemplateError(
            f"font family {name!r}: no package {package}",
            hint=f"Install {package.replace('_', '-')} or name another.",
        )
    folder = Path(spec.origin).parent
    files = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))["files"]
    return tuple(
        Face(name, file["style"], file["weight"], folder / file["path"])
        for file in files
        if file["variable"] or file["weight"] in _WEIGHTS
    )


@cache
def _cut(face: Face, needed: str) -> bytes:
    """Return a font of the needed characters as WOFF2.

    Layout tables are dropped: digits are tabular without them, and they would take most of the time.
    """
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    with TTFont(face.path, lazy=True, recalcTimestamp=False) as font:
        for table in ("GSUB", "GPOS", "GDEF") if face.weight is None else ("GSUB", "GDEF"):
            if table in font:
                del font[table]
        options = subset.Options(layout_features=["kern"], hinting=False, notdef_outline=True)
        options.drop_tables += ["STAT", "MVAR", "meta"]
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=needed)
        names = font["name"]
        del font["name"]  # else every glyph is searched for names in use
        subsetter.subset(font)
        names.names = [n for n in names.names if n.nameID in _NAMES]
        font["name"] = names
        if face.weight is None:
            font["fvar"].instances = []  # named weights, whose names are gone
            axes = {axis.axisTag for axis in font["fvar"].axes}
            limits = {"wght": (_WEIGHTS[0], _WEIGHTS[-1])} | (
                {"wdth": _NORMAL_WIDTH} if "wdth" in axes else {}
            )
            instantiateVariableFont(font, limits, inplace=True)
        font.flavor = "woff2"
        out = io.BytesIO()
        font.save(out)
    return out.getvalue()
