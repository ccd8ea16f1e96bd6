"""Pages about notes rather than of them: the reading room, a comparison, the index of a package as PDF.

They ask the network for nothing, also when opened from a folder, and run no script but their own: each page
names the digests of its style and script in its policy.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import warnings
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reportgen.config import Brand, Colours
from reportgen.model import Fact, Ref
from reportgen.render import fonts
from reportgen.render.environment import Guard, environment

FOLDER = "archive"
_TAG = re.compile(r"<style>.*?</style>|<[^>]*>", re.DOTALL)


def page(templates: Path, name: str, brand: Brand, *, script: str = "", **values: Any) -> str:
    """Render templates/archive/<name>.html.j2 as one file for the screen.

    Raises: TemplateError.
    """
    room = _Room(templates, brand)
    style = room.render("room.css.j2")
    program = room.render(script) if script else Markup("")
    return room.render(
        f"{name}.html.j2",
        style=style,
        script=program,
        style_digest=_digest(style),
        script_digest=_digest(program) if script else "'none'",
        **values,
    ).lstrip()


def difference(templates: Path, brand: Brand, found: Any) -> str:
    """Render a comparison of two notes (reportgen.archive.diff.Difference) as a page.

    Raises: TemplateError.
    """
    same = f"{found.same} facts read the same." if found.same != 1 else "One fact reads the same."
    words = _by_section([w for w in found.words if w.kind != "renumbered"])
    numbers = _by_section([w for w in found.words if w.kind == "renumbered"])
    return page(templates, "diff", brand, d=found, same=same, words=words, renumbered=numbers)


def _by_section(words: Sequence[Any]) -> list[dict[str, Any]]:
    groups = groupby(words, key=lambda w: w.section)
    return [{"section": section, "sentences": list(found)} for section, found in groups]


def index_pdf(
    templates: Path, name: str, brand: Brand, identifier: str, moment: dt.datetime, **values: Any
) -> bytes:
    """Set a page as PDF that is PDF/A-3a and PDF/UA-1, the same bytes each time.

    Raises: TemplateError; PdfError for a warning of the renderer or a failed rule.
    """
    import weasyprint

    from reportgen.render import conformance, pdf

    room = _Room(templates, brand)
    rules = fonts.file_rules(brand.fonts)
    style = Markup(str(room.render("package.css.j2")).replace("/*fonts*/", rules, 1))
    html = room.render(f"{name}.html.j2", style=style, created=moment.isoformat(), **values).lstrip()
    strange = fonts.absent(Markup(_TAG.sub(" ", html)).unescape(), brand.fonts)
    html = Markup(html.translate({ord(c): "?" for c in strange}))  # a list need not name every letter
    with pdf.epoch(moment), pdf.no_warnings():
        fetcher = pdf.BundledFiles(frozenset(face.path for face in fonts.faces(brand.fonts)), templates)
        source = weasyprint.HTML(string=html, base_url=templates.as_uri() + "/", url_fetcher=fetcher)
        laid_out = source.render(pdf_variant=pdf.VARIANT)
        conformance.complete(laid_out.metadata, identifier)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its colour profile open
            raw = laid_out.write_pdf(
                pdf_variant=pdf.VARIANT, pdf_identifier=identifier.encode(), hinting=False
            )
    finished = conformance.finish(raw, {})
    conformance.prove(finished)
    return finished


class _Room:
    """The templates of the reading room, in the colours and fonts of the brand."""

    def __init__(self, templates: Path, brand: Brand) -> None:
        self._folders = (templates / FOLDER,)
        self._environment = environment(self._folders, {}, _refuse)
        self._environment.globals.update(brand=brand, c=_colours(brand.colours), f=brand.fonts)

    def render(self, name: str, **values: Any) -> Markup:
        with Guard(self._folders, name):
            return Markup(self._environment.get_template(name).render(**values))


def _refuse(found: Fact | Ref, text: str) -> Markup:
    raise TypeError(f"{found.id}: a page about notes prints no fact ({text})")


def _colours(colours: Colours) -> dict[str, str]:
    return {name: str(colour) for name, colour in colours.model_dump().items()}


def _digest(content: str) -> str:
    """Return the source expression by which a content security policy permits one style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode('ascii')}'"
