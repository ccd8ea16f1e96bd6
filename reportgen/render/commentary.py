"""Commentary: what the desk's analysts write, one Markdown file for each section and as-of.

A file begins with lines of TOML between two lines of +++: the author, and how its words meet the section.
Its numbers are references to facts, so that they open their pedigree as the others do.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Annotated, Literal

from markupsafe import Markup, escape
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from reportgen.checks.page import VOID
from reportgen.checks.typed import Printed, numbers
from reportgen.config import Analyst
from reportgen.config.tables import Line, Table, faults
from reportgen.errors import AsOfError, CommentaryError, TemplateError
from reportgen.model import Fact, Ref
from reportgen.render import numerals
from reportgen.render.markdown import MARK, Fault, Printing, convert
from reportgen.render.note import SectionEntry
from reportgen.text import as_of_name, parse_as_of, show

FOLDER = "commentary"
EXHIBIT = "exhibit."
_FENCE = "+++"
_SECTION = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = frozenset(("note", "front", "headline", "deck"))  # names on the page and of templates
_UNTOUCHED = frozenset(("disclosures",))  # words that compliance has approved
DATES = ("observed", "start", "published")
_CANDIDATES = 6


def _one_or_more(found: object) -> object:
    return (found,) if isinstance(found, str) else found


class Heading(Table):
    """The lines of TOML at the head of a file."""

    author: Annotated[tuple[Line, ...], Field(min_length=1), BeforeValidator(_one_or_more)]
    mode: Literal["replace", "before", "after"] | None = None
    title: str = ""  # of a section of its own
    follows: str = ""  # the section behind which it stands

    @model_validator(mode="after")
    def _one_kind(self) -> Heading:
        if bool(self.title) != bool(self.follows):
            raise ValueError("title and follows go together, in a section of its own")
        return self


@dataclass(frozen=True, slots=True)
class Comment:
    """What one file adds to a note, read and checked."""

    file: str
    section: str
    mode: Literal["replace", "before", "after", "new"]
    authors: tuple[Analyst, ...]
    html: str
    numbers: tuple[Printing, ...]
    title: str = ""
    follows: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What commentary may refer to, and who may write it."""

    facts: Mapping[str, Fact]
    refs: Mapping[str, Ref]
    missing: Mapping[str, str]  # id of a fact that is not held, and why
    exhibits: Collection[str]
    sections: Sequence[SectionEntry]
    analysts: Sequence[Analyst]
    quotes: tuple[str, ...] = ()


def files(folder: Path | None, as_of: dt.datetime, lang: str = "en") -> tuple[Path, ...]:
    """List the commentary of a moment in a desk's folder, by name.

    Raises: CommentaryError for a folder whose name is no as-of, or a file that is no commentary.
    """
    root = None if folder is None else folder / FOLDER
    if root is None or not root.is_dir():
        return ()
    wrong = [
        f"{path}: no note reads it, expected a folder for an as-of, such as 2025-04-10 or 2025-04-11T1800"
        for path in _misnamed(root)
    ]
    base = root / as_of_name(as_of)
    own = base if lang == "en" else base / lang
    found = sorted(path for path in own.iterdir() if not _hidden(path)) if own.is_dir() else []
    other = [path for path in found if path.suffix != ".md" and not _is_language(path, lang)]
    wrong += [f"{path}: expected a file of Markdown, named for its section with .md" for path in other]
    if wrong:
        raise CommentaryError("\n".join(wrong))
    return tuple(path for path in found if path.suffix == ".md")


def load(folder: Path | None, as_of: dt.datetime, lang: str, known: Known) -> tuple[Comment, ...]:
    """Read the commentary of a moment.

    Raises: CommentaryError that lists every fault with file and line.
    """
    paths = files(folder, as_of, lang)
    if not paths:
        return ()
    printed = Printed(known.facts, known.refs)
    comments, said = [], []
    for path in paths:
        name = f"{FOLDER}/{path.parent.relative_to(_root(path)).as_posix()}/{path.name}"
        read = _read(path, name, known, printed)
        if isinstance(read, Comment):
            comments.append(read)
        else:
            said += [
                f"{name} line {fault.line}: {fault.message}" for fault in sorted(read, key=lambda f: f.line)
            ]
    if said:
        raise CommentaryError(
            "\n".join(said), hint="`reportgen facts` lists the facts; numbers are written {{ id | form }}."
        )
    return tuple(comments)


def body(comment: Comment, printed: Callable[[Printing], Markup]) -> Markup:
    """Return a comment for the page, signed, its numbers printed by the medium."""
    words = Markup(MARK.sub(lambda mark: str(printed(comment.numbers[int(mark[1])])), comment.html))
    signers = "; ".join(", ".join(filter(None, (one.name, one.role))) for one in comment.authors)
    return Markup('<div class="commentary" data-comment="{}">\n{}<p class="signed">{}</p>\n</div>\n').format(
        comment.section, words, signers
    )


def joined(comment: Comment | None, section: Markup, printed: Callable[[Printing], Markup]) -> Markup:
    """Return a section with what is written of it; replaced words leave verdicts and exhibits in place."""
    if comment is None:
        return section
    said = body(comment, printed)
    if comment.mode == "replace":
        kept, places = _kept(section)
        for place in reversed(places):  # links from elsewhere still lead here
            said = Markup('<div id="{}">{}</div>').format(place, said)
        return said + kept
    return said + section if comment.mode == "before" else section + said


def _root(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.name == FOLDER)


def _misnamed(root: Path) -> Iterator[Path]:
    """Walk over the folders and files that no note would ever read."""
    for path in sorted(root.iterdir()):
        if path.suffix == ".md" and path.is_file() and path.name != "README.md":
            yield path
        elif path.is_dir() and not _hidden(path):
            try:
                fits = as_of_name(parse_as_of(path.name)) == path.name
            except AsOfError:
                fits = False
            if not fits:
                yield path


def _hidden(path: Path) -> bool:
    """Say whether an editor or a system left a file behind."""
    return path.name.startswith(".") or path.name.endswith(("~", ".swp", ".bak"))


def _is_language(path: Path, lang: str) -> bool:
    return lang == "en" and path.is_dir() and re.fullmatch(r"[a-z]{2}(-[A-Za-z]+)?", path.name) is not None


def _read(path: Path, name: str, known: Known, printed: Printed) -> Comment | list[Fault]:
    """Read one file."""
    try:
        source = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return [Fault(line, f"byte 0x{error.object[error.start]:02x} is not UTF-8")]
    except OSError as error:
        return [Fault(1, f"cannot be read: {error.strerror}")]
    lines = source.split("\n")
    fences = [at for at, line in enumerate(lines) if line.rstrip() == _FENCE][:2]
    if len(fences) < 2 or fences[0] != 0:
        return [Fault(1, f'expected {_FENCE}, lines of TOML such as author = "…", and {_FENCE} again')]
    head, rest = lines[1 : fences[1]], "\n".join(lines[fences[1] + 1 :])
    heading = _heading(head)
    if isinstance(heading, list):
        return heading
    wrong = list(_placed(path.stem, heading, head, known))
    opening = any(entry.id == path.stem and entry.place == "opening" for entry in known.sections)
    text = convert(rest, fences[1] + 2, _refer(known), _match(printed), known.quotes, headings=not opening)
    wrong += text.faults
    if not rest.strip():
        wrong.append(Fault(fences[1] + 2, "no words follow"))
    wrong += [
        Fault(_line(head, "title"), f"the number {one.words!r} in a title, expected words")
        for one in numbers(heading.title, known.quotes)
    ]
    if wrong:
        return wrong
    named = {analyst.name: analyst for analyst in known.analysts}
    return Comment(
        file=name,
        section=path.stem,
        mode="new" if heading.title else heading.mode or "after",
        authors=tuple(named[author] for author in heading.author),
        html=text.html,
        numbers=tuple(text.numbers),
        title=heading.title,
        follows=heading.follows,
    )


def _heading(head: Sequence[str]) -> Heading | list[Fault]:
    try:
        return Heading.model_validate(tomllib.loads("\n".join(head)))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        return [Fault(1 + (int(at[1]) if at else len(head)), f"not valid TOML: {error}")]
    except ValidationError as error:
        # One fault a key, each with the line of its key.
        keys = [
            str(fault["loc"][0]) if fault["loc"] else "title" for fault in error.errors(include_url=False)
        ]
        return [
            Fault(_line(head, key), said) for key, said in zip(keys, faults(error).split("; "), strict=False)
        ]


def _placed(section: str, heading: Heading, head: Sequence[str], known: Known) -> Iterator[Fault]:
    """Find what is wrong with who writes where."""
    for author in heading.author:
        if author not in {analyst.name for analyst in known.analysts}:
            names = ", ".join(analyst.name for analyst in known.analysts)
            yield Fault(
                _line(head, "author"), f"author {author!r} is not an analyst of desk.toml, expected {names}"
            )
    held = {entry.id: entry for entry in known.sections}
    open_to_all = ", ".join(id for id in held if id not in _UNTOUCHED)
    if section in _UNTOUCHED:
        yield Fault(1, f"section {section!r} takes no commentary, expected one of {open_to_all}")
    elif section in held:
        if heading.title:
            yield Fault(_line(head, "title"), f"{section!r} is a section of the note and keeps its title")
        if heading.mode == "replace" and held[section].place in ("end", "appendix"):
            yield Fault(
                _line(head, "mode"), f"section {section!r} cannot be replaced, expected mode before or after"
            )
    elif not heading.title:
        yield Fault(
            1,
            f"no section {section!r}, expected one of {open_to_all}; "
            "a section of its own has a title, and follows = the section before it",
        )
    else:
        if not _SECTION.fullmatch(section) or section in _TAKEN:
            yield Fault(1, f"{section!r} cannot name a section, expected small letters, digits and _")
        if heading.mode is not None:
            yield Fault(_line(head, "mode"), "a section of its own has no mode")
        if heading.follows not in held or heading.follows in _UNTOUCHED:
            yield Fault(_line(head, "follows"), f"follows {heading.follows!r}, expected one of {open_to_all}")


def _line(head: Sequence[str], key: str) -> int:
    """Return the line of the file on which a key stands, the first if it is absent."""
    for at, line in enumerate(head):
        if re.match(rf"\s*{re.escape(key)}\s*=", line):
            return at + 2
    return 1


def _refer(known: Known) -> Callable[[str, str], Printing | str]:
    def found(id: str, form: str) -> Printing | str:
        if id.startswith(EXHIBIT):
            exhibit = id.removeprefix(EXHIBIT)
            if exhibit not in known.exhibits:
                return f"no exhibit {exhibit!r} in this note{_like(exhibit, known.exhibits)}"
            return Printing(exhibit, "", "exhibit") if not form else f"an exhibit has no form {form!r}"
        if id in known.facts:
            return _printing(known.facts[id], form)
        if id in known.refs:
            ref = known.refs[id]
            return Printing(ref, ref.text) if not form else f"the reference {id} has no form {form!r}"
        if id in known.missing:
            return f"{id} is missing: {known.missing[id]}"
        return f"no fact {id!r}{_like(id, known.facts)}"

    return found


def _printing(fact: Fact, form: str) -> Printing | str:
    """Print a fact in a form, as templates do."""
    try:
        if form in DATES:
            return Printing(fact, show(fact, form), form)
        filter = numerals.FILTERS.get(form)
        if form and (filter is None or form == "zero"):
            forms = ", ".join((*(name for name in numerals.FILTERS if name != "zero"), *DATES))
            return f"no form {form!r}, expected one of {forms}"
        given = numerals.number(fact, lambda _, words: escape(words))
        return Printing(fact, str(given if filter is None else filter(given)), form)
    except (ValueError, TemplateError) as error:
        return str(error)


def _match(printed: Printed) -> Callable[[str], Printing | str]:
    def found(words: str) -> Printing | str:
        candidates = printed.candidates(words)
        if len(candidates) == 1:
            return Printing(candidates[0], words.replace("-", "\N{MINUS SIGN}") if words[0] == "-" else words)
        if not candidates:
            return f"the number {words!r} matches no fact"
        ids = ", ".join(one.id for one in candidates[:_CANDIDATES])
        more = f" and {len(candidates) - _CANDIDATES} more" if len(candidates) > _CANDIDATES else ""
        first = f"{{{{ {candidates[0].id} }}}}"
        return f"the number {words!r} matches {ids}{more}: write {first} or the one that is meant"

    return found


def _like(id: str, ids: Collection[str]) -> str:
    close = difflib.get_close_matches(id, list(ids), n=3)
    return f", did you mean {' or '.join(close)}?" if close else ""


class _Parts(HTMLParser):
    """Find the exhibits and verdicts of a section, and the places within it to which links lead."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self.places: list[str] = []
        self._page = page
        self._starts = [0, *(found.end() for found in re.finditer("\n", page))]
        self._stack: list[str] = []
        self._begin: tuple[int, int] | None = None  # depth and offset
        self.feed(page)
        self.close()

    def _at(self) -> int:
        """Return the offset of the tag that is being read."""
        line, column = self.getpos()
        return self._starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        if self._begin is None and classes & {"pair", "exhibit", "verdicts"}:
            self._begin = len(self._stack), self._at()
        elif self._begin is None and given.get("id"):
            self.places.append(str(given["id"]))
        self._stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._stack:
            return
        while self._stack.pop() != tag:
            pass
        if self._begin is not None and len(self._stack) == self._begin[0]:
            end = self._page.index(">", self._at()) + 1
            self.kept.append(self._page[self._begin[1] : end])
            self._begin = None


def _kept(section: Markup) -> tuple[Markup, list[str]]:
    """Return what stays of a section whose words are replaced, and the places that links lead to."""
    parts = _Parts(str(section))
    return Markup("\n".join(parts.kept)), parts.places
