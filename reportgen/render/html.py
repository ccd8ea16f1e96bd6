"""The page: sections, side column and pedigrees in one self-contained file."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from reportgen.render import commentary, fonts
from reportgen.render.context import NoteContext
from reportgen.render.note import Place
from reportgen.render.numerals import Medium
from reportgen.render.press import Press

_SPACE = re.compile(r"[ \n]+")  # no-break spaces stay
_TAG = re.compile(r"<(style|script)>.*?</\1>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SectionPage:
    """A section as it appears on the page."""

    id: str
    place: Place
    heading: str
    html: Markup


def page(context: NoteContext, templates: Path) -> str:
    """Return the note as one file for the screen, which asks the network for nothing.

    Raises: TemplateError.
    """
    press = Press(context, templates, "screen")
    bare = compose(press, style(press, "screen"))
    italic = "<em" in bare or "<i>" in bare
    rules = fonts.embedded_rules(_words(bare), context.desk.brand.fonts, italic=italic)
    return bare.replace("/*fonts*/", rules, 1)


def print_page(context: NoteContext, templates: Path) -> str:
    """Return the note as the HTML from which the PDF is set.

    Raises: TemplateError.
    """
    press = Press(context, templates, "print")
    rules = fonts.file_rules(context.desk.brand.fonts)
    return compose(press, style(press, "print")).replace("/*fonts*/", rules, 1)


def compose(press: Press, css: Markup) -> str:
    """Render the sections, then the frame around them."""
    context = press.context
    headline, deck = line(press, "headline"), line(press, "deck")
    opening, front, rest = _sections(press)
    with press.as_plain():
        title, description = line(press, "headline").unescape(), line(press, "deck").unescape()
    script = press.render("brand/screen.js")
    frame = press.render(
        "layout.html.j2",
        style=css,
        script=script,
        script_digest=_digest(script),
        headline=headline,
        deck=deck,
        sections=[*opening, *rest],
        opening_exhibits=front,
        document_title=f"{press.definition.title}: {title}",
        description=description,
        keywords=", ".join((press.definition.title, context.note_id, context.as_of.isoformat())),
        generator=f"reportgen {context.versions.get('reportgen', '')}".strip(),
        pedigrees=Markup("\ue002"),
    )
    pedigrees = press.render("brand/pedigree.html.j2", printed=tuple(press.printed.values()))
    return press.numbered(str(frame.replace("\ue002", pedigrees, 1))).lstrip()


def style(press: Press, medium: Medium) -> Markup:
    """Return the style sheet of a medium in the colours and fonts of the brand."""
    brand = press.context.desk.brand
    return press.render(f"brand/{medium}.css.j2", c=brand.colours, f=brand.fonts)


def _sections(press: Press) -> tuple[list[SectionPage], Markup, list[SectionPage]]:
    """Render the sections in the order of the page; one that says nothing is left out."""
    opening, rest = [], []
    for entry in (e for e in press.definition.section if e.place == "opening"):
        section, *own = _section(press, entry.id, entry.place)
        opening.append(section)
        rest += own  # beside the side column there are no headings
    front = press.render("sections/front.html.j2")
    for entry in (e for e in press.definition.section if e.place != "opening"):
        rest += _section(press, entry.id, entry.place)
    return [s for s in opening if s.html.strip()], front, [s for s in rest if s.html.strip()]


def line(press: Press, name: str) -> Markup:
    """Render a section that is one line of words."""
    return Markup(_SPACE.sub(" ", press.render(f"sections/{name}.html.j2").strip()))


def _section(press: Press, id: str, place: Place) -> list[SectionPage]:
    """Render a section with what the analysts wrote of it, and the sections of their own that follow it."""
    own = press.context.desk.legal.risk_heading if id == "risks" else ""
    heading = own or press.words(f"section.{id}")
    comments = {comment.section: comment for comment in press.context.commentary}
    rendered = press.render(f"sections/{id}.html.j2")
    section = commentary.joined(comments.get(id), rendered, press.comment_number)
    beside: Place = "body" if place == "opening" else place
    return [
        SectionPage(id, place, heading, section),
        *(
            SectionPage(one.section, beside, one.title, commentary.body(one, press.comment_number))
            for one in comments.values()
            if one.follows == id
        ),
    ]


def _digest(script: str) -> str:
    """Return the source expression by which a content security policy permits one script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}"


def _words(page_html: str) -> str:
    """Return the characters that a page shows, entities resolved; attributes do not count."""
    return Markup(_TAG.sub(" ", page_html)).unescape()
