"""The digest: the note as mail clients can show it, before its rules are inlined, and as plain text."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from reportgen.errors import TemplateError
from reportgen.render import commentary
from reportgen.render.context import Exhibit, NoteContext
from reportgen.render.html import line
from reportgen.render.note import Words
from reportgen.render.numerals import Medium
from reportgen.render.plain import plain_text
from reportgen.render.press import Press

FOLDER = "digest"  # of the pictures, inside the note's folder
# Stands for the address that is the recipient's own, until the message is made.
UNSUBSCRIBE = "https://unsubscribe.invalid/"
NOTICE = "<!--notice-->"  # where a word about the sending itself may stand
WIDTH = 480  # of a picture in CSS pixels; the bitmap has twice as many
# What sections show on a page and the digest shows in its own way, or not at all.
_NOT_IN_MAIL = ("verdicts", "exhibit", "pair")
_PNG_SIZE = slice(16, 24)
_NOTICE_BOX = Markup(
    '<table class="notice" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
    '<tr><td class="notice" style="border:2px solid #a83240;padding:10px 14px;background-color:#ffffff">'
    '<p style="margin:0;font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:23px;'
    'font-weight:bold;color:#a83240">{words}</p></td></tr></table>'
    '<div style="font-size:16px;line-height:16px">&nbsp;</div>'  # Outlook keeps no margin below a table
)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture beside the digest, and how large it is shown."""

    src: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest for the reader, and its twin in which every number names its origin, for the audit."""

    html: str
    marked: str


def digest(context: NoteContext, templates: Path, bitmaps: Mapping[str, bytes]) -> Digest:
    """Compose the digest with the charts whose bitmaps are given, in their order.

    Raises: TemplateError; also where the two versions would differ in a word.
    """
    made, marked = (_composed(context, templates, bitmaps, medium) for medium in ("print", "screen"))
    if plain_text(made) != plain_text(marked):
        raise TemplateError("the digest for mail differs from the one that is audited, in its words")
    return Digest(made, marked)


def mail_words(templates: Path, lang: str) -> Words:
    """Read the words of the mail in a language."""
    return Words(templates / "mail" / lang / "words.toml")


def _composed(context: NoteContext, templates: Path, bitmaps: Mapping[str, bytes], medium: Medium) -> str:
    press = Press(context, templates, medium)
    words = mail_words(templates, context.lang)
    own = press.environment.globals
    own |= {"m": words, "before": _before(context).get} | dict.fromkeys(_NOT_IN_MAIL, _nothing)
    module = press.environment.get_template("mail/macros.html.j2").module
    own |= {name: macro for name, macro in vars(module).items() if not name.startswith("_")}
    headline, deck = line(press, "headline"), line(press, "deck")
    week = _section(press, "week")
    with press.as_plain():
        title = line(press, "headline").unescape()
    mail, rewritten = context.desk.mail, _rewritten(context)
    page = press.render(
        "mail/digest.html.j2",
        style=press.render("mail/style.css.j2", c=context.desk.brand.colours),
        extra_style=press.render("mail/extra.css.j2"),
        c=context.desk.brand.colours,
        subject=f"{press.definition.title}: {title}",
        headline=headline,
        deck=deck,
        week=week,
        pictures=[(press.exhibit_of(id), _image(id, png)) for id, png in bitmaps.items()],
        ids=lambda kind: _ids(context.findings, kind),
        argued={kind: _moved(context) and f"{kind}s" not in rewritten for kind in ("driver", "clue")},
        note_url=mail.url_of(context.note_id) if mail is not None else "",
        unsubscribe=UNSUBSCRIBE if mail is not None and mail.unsubscribe_url else "",
        risks_heading=context.desk.legal.risk_heading or press.words("section.risks"),
        risks=_section(press, "risks"),
        disclosures=_section(press, "disclosures"),
    )
    return press.numbered(str(page)).lstrip()


def _section(press: Press, id: str) -> Markup:
    """Render a section of the note with what the analysts wrote of it."""
    comment = next((one for one in press.context.commentary if one.section == id), None)
    return commentary.joined(comment, press.render(f"sections/{id}.html.j2"), press.comment_number)


def chosen(context: NoteContext, wanted: Sequence[str]) -> list[Exhibit]:
    """Return the exhibits of the digest that could be drawn, in the order wanted."""
    drawn = {exhibit.id: exhibit for exhibit in context.exhibits}
    return [drawn[id] for id in wanted if id in drawn]


def notice(words: Markup | str) -> str:
    """Return a word about the sending itself, to be set into the digest, its rules inlined."""
    return str(_NOTICE_BOX.format(words=words))


def _nothing(*_: object, **__: object) -> Markup:
    return Markup()


def _ids(findings: Mapping[str, object], kind: str) -> list[str]:
    return [id for id in findings if id.startswith(f"{kind}.")]


def _moved(context: NoteContext) -> bool:
    """Say whether there was a move to explain; in a calm week no verdict is argued."""
    factor = context.findings.get("perspective.which_factor")
    return factor is None or factor.verdict not in ("no_move", "unknown")


def _before(context: NoteContext) -> dict[str, str]:
    """Return last week's verdicts where they were others; drivers had none where nothing was to explain."""
    turned = getattr(context.extra.get("comparison"), "verdicts", ())
    before = {one.id: one.before for one in turned}
    if before.get("perspective.which_factor") not in ("no_move", "unknown"):
        return before
    return {id: verdict for id, verdict in before.items() if not id.startswith("driver.")}


def _rewritten(context: NoteContext) -> set[str]:
    """Return the sections whose words the analysts replaced: the rules' reasons no longer speak for them."""
    return {one.section for one in context.commentary if one.mode == "replace"}


def _image(id: str, png: bytes) -> Image:
    width, height = struct.unpack(">II", png[_PNG_SIZE])
    return Image(f"{FOLDER}/{id}.png", str(WIDTH), str(round(WIDTH * height / width)))
