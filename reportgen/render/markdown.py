"""Analysts' Markdown: a small part of it, references to facts, and the line of whatever else is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

from reportgen.checks import direction
from reportgen.checks.page import plain as plain_words
from reportgen.checks.typed import Typed, numbers
from reportgen.model import Fact, Ref
from reportgen.text import MINUS

# Private-use characters hold the place of a number until a medium prints it.
MARK = re.compile("\ue010(\\d+)\ue011")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_REFERENCE = re.compile(r"\{\{([^{}\n]*)\}\}")
_ID = re.compile(r"\s*([a-z0-9_]+(?:\.[a-z0-9_]+)*)\s*(?:\|\s*([a-z_]+)\s*)?")
_BLOCKS = frozenset(
    f"{name}_{side}"
    for name in ("paragraph", "bullet_list", "list_item", "blockquote", "table")
    for side in ("open", "close")
) | {f"{name}_{side}" for name in ("thead", "tbody", "tr", "th", "td") for side in ("open", "close")}
_INLINE = frozenset(("text", "softbreak", "hardbreak", "em_open", "em_close", "strong_open", "strong_close"))
_TAGS = frozenset(
    (
        *("p", "ul", "li", "blockquote", "em", "strong", "a", "br", "h3", "h4"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    )
)
_LINK = re.compile(r"\]\(\s*([^)\s]*)")  # the parser leaves a dangerous one as it stands
_SCHEMES = ("https://", "http://", "mailto:")
_NAMES = {
    "html_block": "HTML",
    "html_inline": "HTML",
    "image": "a picture",
    "code_inline": "code",
    "code_block": "code (four blanks before a paragraph make it code)",
    "fence": "code",
    "hr": "a rule",
    "ordered_list_open": "a numbered list (its numbers are no facts)",
    "ordered_list_close": "",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a line of a file."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Printing:
    """A number of the text on its way to the page: its origin and the words that it prints as."""

    origin: Fact | Ref | str  # of an exhibit its id
    words: str
    form: str = ""


@dataclass(slots=True)
class Text:
    """A text in HTML, with a mark for each number, and what is wrong with it."""

    html: str = ""
    numbers: list[Printing] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


Refer = Callable[[str, str], "Printing | str"]  # the id and form of a reference: what it prints, or a fault
Match = Callable[[str], "Printing | str"]  # a typed number


def convert(
    source: str,
    first_line: int,
    refer: Refer,
    match: Match,
    quotes: tuple[str, ...] = (),
    *,
    headings: bool = True,
) -> Text:
    """Turn Markdown into HTML that holds nothing but the permitted elements.

    References {{ id }} and {{ id | form }} and typed numbers become marks. Shape: first_line is the line
    of the file on which the source begins.
    """
    from markdown_it import MarkdownIt

    text = Text()
    for at, words in enumerate(source.split("\n")):
        if found := _PRIVATE.search(unescape(words)):  # Markdown resolves entities later
            text.faults.append(Fault(first_line + at, f"the private character U+{ord(found[0]):04X}"))
    if text.faults:
        return text
    prepared = "\n".join(
        _references(words, first_line + at, refer, text) for at, words in enumerate(source.split("\n"))
    )
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(prepared)
    for token in tokens:
        line = first_line + (token.map[0] if token.map else 0)
        if token.type in ("heading_open", "heading_close"):
            if not headings and token.type == "heading_open":
                text.faults.append(Fault(line, "a heading, which the opening section has not"))
            elif token.tag not in ("h3", "h4") and token.type == "heading_open":
                text.faults.append(Fault(line, "a heading of the first two levels, expected ### or ####"))
        elif token.type == "inline":
            _inline(token, line, match, quotes, text)
        elif token.type not in _BLOCKS and _NAMES.get(token.type, "?"):
            text.faults.append(Fault(line, f"{_named(token)} is not permitted in commentary"))
    html: str = parser.renderer.render(tokens, parser.options, {})
    marks = [int(mark) for mark in MARK.findall(html)]
    if not text.faults and sorted(marks) != list(range(len(text.numbers))):
        text.faults.append(Fault(first_line, "a reference in the address of a link, expected it in the text"))
    if not text.faults:
        text.html = _clean(html)
    return text


def _references(line: str, number: int, refer: Refer, text: Text) -> str:
    """Put a mark in place of each reference of a line."""

    def marked(found: re.Match[str]) -> str:
        parts = _ID.fullmatch(found[1])
        if parts is None:
            text.faults.append(
                Fault(
                    number,
                    f"{found[0]} is no reference, expected {{{{ fact.id }}}} or {{{{ fact.id | form }}}}",
                )
            )
            return ""
        return _mark(refer(parts[1], parts[2] or ""), number, text)

    marked_line = _REFERENCE.sub(marked, line)
    if found := re.search(r"\{\{|\}\}|\{%|%\}|\{#", marked_line):
        text.faults.append(Fault(number, f"{found[0]} stands alone, expected {{{{ fact.id }}}} on one line"))
    return marked_line


def _mark(found: Printing | str, line: int, text: Text) -> str:
    if isinstance(found, str):
        text.faults.append(Fault(line, found))
        return ""
    text.numbers.append(found)
    return f"\ue010{len(text.numbers) - 1}\ue011"


def _inline(token: object, line: int, match: Match, quotes: tuple[str, ...], text: Text) -> None:
    """Check the words of a block and mark the numbers typed in them."""
    children = token.children or []  # type: ignore[attr-defined]
    whole = "".join(_plain(child) for child in children)
    typed = {one.start: one for one in _typed(whole, quotes)}
    at = 0
    for child in children:
        start, at = at, at + len(_plain(child))
        if child.type in ("softbreak", "hardbreak"):
            line += 1
        elif child.type == "link_open":
            address = str(child.attrs.get("href", ""))
            if not address.startswith(_SCHEMES):
                text.faults.append(Fault(line, f"a link to {address!r}, expected one to https://…"))
        elif child.type == "text":
            if unfollowed := _LINK.search(child.content):
                text.faults.append(Fault(line, f"a link to {unfollowed[1]!r}, expected one to https://…"))
            child.content = _numbered(child.content, start, typed, line, match, text)
        elif child.type not in _INLINE and child.type != "link_close":
            text.faults.append(Fault(line, f"{_named(child)} is not permitted in commentary"))
    first = line - sum(child.type in ("softbreak", "hardbreak") for child in children)
    _directions("".join(_plain(child) for child in children), first, text)


def _numbered(content: str, start: int, typed: dict[int, Typed], line: int, match: Match, text: Text) -> str:
    """Put a mark in place of each number that is typed in a run of words."""
    parts, done = [], 0
    for one in sorted(typed.values(), key=lambda one: one.start):
        if not start <= one.start < start + len(content):
            continue
        if one.end > start + len(content):
            text.faults.append(Fault(line, f"the number {one.words!r} is split by markup"))
            continue
        parts += [content[done : one.start - start], _mark(match(one.words), line, text)]
        done = one.end - start
    return "".join((*parts, content[done:]))


def _typed(whole: str, quotes: tuple[str, ...]) -> list[Typed]:
    """Find the typed numbers, marks and what is between them left out."""
    return list(numbers(MARK.sub(lambda mark: " " * len(mark[0]), whole), quotes))


def _directions(whole: str, line: int, text: Text) -> None:
    """Compare the words of direction around each number with its sign."""
    shown, places = "", []
    done = 0
    for mark in MARK.finditer(whole):
        shown += whole[done : mark.start()]
        one = text.numbers[int(mark[1])]
        places.append((len(shown), len(shown) + len(one.words), one))
        shown += one.words
        done = mark.end()
    shown += whole[done:]
    plain = shown.replace("\N{NO-BREAK SPACE}", " ").replace("\n", " ")
    for start, end, one in places:
        if not isinstance(one.origin, Fact) or one.form in ("observed", "start", "published"):
            continue
        leads, follows = direction.before(plain[:start]), direction.after(plain[end:])
        at = line + shown[:start].count("\n")
        for word, sign in (leads, follows):
            if direction.against(one.origin, word, sign):
                said = f"{word} {one.words}" if (word, sign) == leads else f"{one.words} {word}"
                text.faults.append(
                    Fault(
                        at, f"'{plain_words(said)}' goes against {one.origin.id}, which is {one.origin.text}"
                    )
                )
        if leads[1] and one.words.startswith((MINUS, "+")):
            text.faults.append(
                Fault(
                    at,
                    f"a verb and a sign, {leads[0]} {one.words}: write {{{{ {one.origin.id} | magnitude }}}}",
                )
            )


def _plain(child: object) -> str:
    kind = child.type  # type: ignore[attr-defined]
    return "\n" if kind in ("softbreak", "hardbreak") else child.content if kind == "text" else ""  # type: ignore[attr-defined]


def _named(token: object) -> str:
    kind, content = token.type, token.content.strip()  # type: ignore[attr-defined]
    name = _NAMES.get(kind, kind.replace("_", " "))
    return f"{name} ({content.splitlines()[0][:40]})" if content else name


def _clean(html: str) -> str:
    """Let nothing through but the permitted elements, whatever the parser made of the text."""
    import nh3

    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noreferrer",
        strip_comments=True,
    )
