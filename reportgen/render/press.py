"""The press: one note's templates, what they may ask of it, and what they have printed."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import cast

import jinja2
from markupsafe import Markup, escape

from reportgen import text
from reportgen.errors import TemplateError
from reportgen.model import NEW_YORK, Fact, Finding, Ref
from reportgen.render import commentary, numerals
from reportgen.render.context import Exhibit, NoteContext, SeriesRow
from reportgen.render.environment import Guard, environment
from reportgen.render.markdown import Printing
from reportgen.render.note import load_note, load_words
from reportgen.render.numerals import Medium, Moment, Number

MACROS = "brand/macros.html.j2"
NO_VALUE = "–"  # in a table of data
# Private-use characters stand for an exhibit's number until the order is known.
_EXHIBIT = re.compile("\ue000([a-z0-9_]+)\ue001")
_XREF = re.compile('<a class="xref"[^>]*>[^<]*\ue000([a-z0-9_]+)\ue001</a>')
_ABSENT = "\ue003"
_TITLE_CHARACTERS, _SUBTITLE_CHARACTERS = 52, 63  # in a line of a half-page caption
_TAG = re.compile(r"<[^>]*>")


# Facts that say something by their absence: nothing ever stood as high, an episode left no mark.
_NOT_GAPS = ("analogue.", "similar.", "rarity.")


@dataclass(frozen=True, slots=True)
class Gap:
    """An input or exhibit that the note lacks, or has only in an old state."""

    input: str
    state: str
    why: str
    due: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Publisher:
    """Series of one publisher under the same terms."""

    name: str
    licence: str
    restricted: bool
    revised: bool
    rows: tuple[SeriesRow, ...]


def compile_templates(templates: Path, note: str, lang: str) -> None:
    """Compile the templates of a note, so that its first page does not wait for it; faults are told there."""
    folders = _folders(templates, note, lang)
    compiling = environment(folders, {}, lambda found, text: Markup(text))
    for folder, pattern in zip(folders, ("**/*.j2", "*.j2", "brand/*.j2"), strict=True):
        for path in sorted(folder.glob(pattern)):
            with suppress(jinja2.TemplateError, OSError, UnicodeDecodeError):
                compiling.get_template(path.relative_to(folder).as_posix())


def _folders(templates: Path, note: str, lang: str) -> tuple[Path, ...]:
    """Return where the templates of a note are looked for, in this order."""
    return templates / note / lang, templates / note, templates


class Press:
    """Render the templates of one note for one medium.

    Exhibits are numbered where they appear; a reference to one that comes later is filled in at the end.
    """

    def __init__(self, context: NoteContext, templates: Path, medium: Medium) -> None:
        self.context = context
        self.medium: Medium = medium
        self.definition = load_note(templates, context.note)
        self.words = load_words(templates, context.note, context.lang)
        self.printed: dict[str, Fact | Ref] = {}
        self._order: list[str] = []
        self._exhibits = {exhibit.id: exhibit for exhibit in context.exhibits}
        self._folders = _folders(templates, context.note, context.lang)
        self._strings: dict[str, str] = {}
        self.environment = environment(self._folders, self._strings, self._wrap)
        self._offer()

    def render(self, name: str, **values: object) -> Markup:
        """Render a template by name.

        Raises: TemplateError that names template and line.
        """
        with Guard(self._folders, name):
            return Markup(self.environment.get_template(name).render(**values))

    def string(self, source: str, subject: str) -> Markup:
        """Render a template given as text, such as a chart's title."""
        self._strings[subject] = source
        return self.render(subject)

    def plain(self, source: str, subject: str) -> str:
        """Render a template given as text, without markup."""
        with self.as_plain():
            return self.string(source, subject).unescape().strip()

    @contextmanager
    def as_plain(self) -> Iterator[None]:
        """Print words without markup for a while."""
        medium, self.medium = self.medium, "plain"
        try:
            yield
        finally:
            self.medium = medium

    def numbered(self, page: str) -> str:
        """Fill in the numbers of the exhibits; a reference in brackets to one that is not shown goes.

        Raises: TemplateError for such a reference in the run of a sentence.
        """
        page = _XREF.sub(lambda found: found[0] if found[1] in self._order else _ABSENT, page)
        page = page.replace(f"{_ABSENT}, ", "").replace(f", {_ABSENT}", "").replace(f" ({_ABSENT})", "")
        if _ABSENT in page:
            before = _TAG.sub("", page[: page.index(_ABSENT)])[-40:]
            raise TemplateError(
                f"xref(…) after {before!r} refers to an exhibit that is not shown",
                hint="Guard with drawn(…).",
            )
        return _EXHIBIT.sub(lambda found: str(self._order.index(found[1]) + 1), page)

    # What templates may call.

    def fact(self, id: str) -> Number:
        try:
            return numerals.number(self.context.facts[id], self._wrap)
        except KeyError:
            raise TemplateError(f"no fact {id!r}{self._because(id)}", hint="Guard with has(…).") from None

    def has(self, *ids: str) -> bool:
        return all(id in self.context.facts for id in ids)

    def v(self, id: str) -> float | str | None:
        found = self.context.facts.get(id)
        return None if found is None else found.value

    def why(self, *ids: str) -> str:
        """Return why the first of some facts that is missing is."""
        gaps = (self.context.missing[id] for id in ids if id in self.context.missing)
        gap = next(gaps, None)
        if gap is None:
            raise TemplateError(f"why({', '.join(map(repr, ids))}): not among the missing facts")
        return gap.why

    def begins(self, id: str) -> str:
        """Return the year with which the observations that a fact can be compared with begin."""
        inputs = {one.series.id for one in self._held(id).inputs}
        return str(
            max(row.first for row in self.context.series if row.first and row.series.id in inputs).year
        )

    def finding(self, id: str) -> Finding:
        try:
            return self.context.findings[id]
        except KeyError:
            raise TemplateError(
                f"no finding {id!r}, expected one of {', '.join(self.context.findings)}"
            ) from None

    def reason(self, id: str) -> Markup:
        """Print a finding's reason with its facts."""

        def printed(fact_id: str, form: str) -> str:
            if form in ("observed", "start"):  # as dates are written elsewhere on the page
                return str(self.observed(fact_id) if form == "observed" else self.started(fact_id))
            fact = self.context.facts[fact_id]
            return str(self._wrap(fact, text.show(fact, form)))

        return Markup(text.resolve(str(escape(self.finding(id).reason)), printed))

    def ref(self, id: str) -> Number:
        try:
            return numerals.number(self.context.thresholds[id], self._wrap)
        except KeyError:
            raise TemplateError(f"no threshold or event {id!r}") from None

    def dir(self, id: str, up: str, down: str, flat: str, tol: float = 0.0) -> str:
        value = self.fact(id).number
        return flat if abs(value) <= tol else up if value > 0 else down

    def date(self, when: dt.date | dt.datetime, *, year: bool = False) -> Moment:
        day = when.astimezone(NEW_YORK).date() if isinstance(when, dt.datetime) else when
        words = text.format_date(day) if year else text.format_day(day, self.context.market_date)
        return Moment(words, day.isoformat(), self._wrap_moment)

    def moment(self, when: dt.datetime) -> Moment:
        words = text.format_moment(when, self.context.market_date)
        return Moment(words, when.isoformat(), self._wrap_moment)

    def observed(self, id: str) -> Moment:
        return self._of(id, self.date(self._held(id).observed))

    def month(self, id: str) -> Moment:
        """Name the month that a monthly number is of."""
        day = self._held(id).observed
        return self._of(id, Moment(f"{day:%B}", day.isoformat(), self._wrap_moment))

    def started(self, id: str) -> Moment:
        start = self._held(id).start
        if start is None:
            raise TemplateError(f"started({id!r}): not a change, it has no first day")
        return self._of(id, self.date(start))

    def published(self, id: str) -> Moment:
        return self._of(id, self.moment(self._held(id).published))

    def due(self, finding_id: str) -> Moment:
        when = self.finding(finding_id).due
        if when is None:
            raise TemplateError(f"due({finding_id!r}): nothing is due", hint="Guard with finding(…).due.")
        return self._of(finding_id, self.moment(when))

    def release(self, what: str) -> Moment:
        for row in self.context.releases:
            if row.what == what:
                return self.moment(row.at)
        raise TemplateError(f"release({what!r}): not among the releases to come")

    def drawn(self, id: str) -> bool:
        return id in self._exhibits

    def exhibit_of(self, id: str) -> Exhibit:
        try:
            return self._exhibits[id]
        except KeyError:
            raise TemplateError(f"no exhibit {id!r}", hint="Guard with drawn(…).") from None

    def show(self, id: str) -> Markup:
        """Note that an exhibit appears here and return its number."""
        if id in self._order:
            raise TemplateError(f"exhibit {id!r} is shown twice")
        self._order.append(self.exhibit_of(id).id)
        return self.number_of(id)

    def number_of(self, id: str) -> Markup:
        return Markup(f"\ue000{id}\ue001")

    def title(self, exhibit: Exhibit) -> Markup:
        return Markup(self.string(exhibit.title, self._title_of(exhibit)).strip())

    def alt(self, exhibit: Exhibit) -> str:
        """Return the sentence that stands for a picture.

        Raises: TemplateError where the data leave nothing of it.
        """
        words = self.plain(exhibit.alt, f"alt of charts/{exhibit.id}.toml")
        if not words:
            raise TemplateError(f"charts/{exhibit.id}.toml: alt says nothing, expected a sentence")
        return words

    def inline_svg(self, exhibit: Exhibit) -> Markup:
        """Return the picture as part of the page, named for those who cannot see it."""
        named = Markup('<svg role="img" aria-label="{}" ').format(self.alt(exhibit))
        return Markup(exhibit.svg[exhibit.svg.index("<svg") :].replace("<svg ", named, 1).rstrip())

    def caption_lines(self, *ids: str) -> str:
        """Estimate the lines of the tallest caption of a pair, so that its pictures stand on one height."""
        lines = 2
        for exhibit in (self.exhibit_of(id) for id in ids):
            title = f"{self.words('label.exhibit')} 00. {self.plain(exhibit.title, self._title_of(exhibit))}"
            rows = (ceil(len(title) / _TITLE_CHARACTERS), ceil(len(exhibit.subtitle) / _SUBTITLE_CHARACTERS))
            lines = max(lines, sum(rows))
        return str(lines)

    def css_string(self, words: object) -> Markup:
        """Return words as a string of a style sheet."""
        quoted = str(words).replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ")
        return Markup(f'"{" ".join(quoted.splitlines())}"')

    def label(self, kind: str, key: str) -> str:
        """Return the word for a verdict, state or confidence; a stance without one speaks for itself."""
        return self.words.get(f"{kind}.{key}", key.replace("_", " ").capitalize())

    def clock(self, when: dt.datetime) -> Moment:
        return Moment(f"{when.astimezone(NEW_YORK):%H:%M}", when.isoformat(), self._wrap_moment)

    def short(self, when: dt.datetime) -> Moment:
        """Write a moment to come briefly: the weekday within a week, else the date."""
        local = when.astimezone(NEW_YORK)
        near = local.date() - self.context.as_of.astimezone(NEW_YORK).date() < dt.timedelta(days=7)
        day = f"{local:%a}" if near else f"{local.day}{text.NBSP}{local:%b}"
        return Moment(f"{day}{text.NBSP}{local:%H:%M}", when.isoformat(), self._wrap_moment)

    def gaps(self) -> list[Gap]:
        """Return what was missing or late: series that are not fresh, and facts that lack more than those."""
        rows = [row for row in self.context.series if row.state != "fresh"]
        alike: dict[tuple[str, str, str, dt.datetime | None], list[SeriesRow]] = {}
        for row in rows:
            publisher = row.series.citation.split(",")[0]
            alike.setdefault((publisher, row.state, row.why, row.due), []).append(row)
        found = [Gap(_named(same, self.context.series), *key[1:]) for key, same in alike.items()]
        named = {f"{row.series.id} ({row.series.source})" for row in rows}
        known = {f"{row.series.id} ({row.series.source})": _named([row], ()) for row in self.context.series}
        lacking = {
            (gap.input, gap.why): Gap(known.get(gap.input, gap.input), "missing", gap.why, gap.due)
            for gap in self.context.missing.values()
            if gap.input not in named
            and not gap.id.startswith(_NOT_GAPS)
            and not gap.id.endswith(".last_higher")
        }
        return found + list(lacking.values())

    def outdated(self) -> list[Gap]:
        """Return which publishers' numbers the findings look at and are older than permitted, and why."""
        rows = cast("tuple[SeriesRow, ...]", self.context.extra.get("outdated", ()))
        fresh = {_publisher(row) for row in self.context.series if row.state == "fresh"}
        some = self.words("label.some_series")
        alike = {(_publisher(row), row.state, row.why, row.due): row for row in rows}
        return [
            Gap(f"{name}, {some}" if name in fresh else name, state, why, due)
            for name, state, why, due in alike
        ]

    def publishers(self) -> list[Publisher]:
        """Return who published the series, and under which terms, with the series of each."""
        groups: dict[tuple[str, str, bool, bool], list[SeriesRow]] = {}
        for row in self.context.series:
            series = row.series
            key = (series.citation.split(",")[0], series.licence, series.restricted, series.revised)
            groups.setdefault(key, []).append(row)
        # One contract's positions are several series of one page.
        return [
            Publisher(*key, tuple({row.series.source: row for row in rows}.values()))
            for key, rows in sorted(groups.items())
        ]

    def data_uri(self, content: bytes, media_type: str) -> str:
        return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"

    def comment_number(self, one: Printing) -> Markup:
        """Print a number of an analyst's text."""
        if isinstance(one.origin, str):
            xref: Markup = self.environment.globals["xref"](one.origin)  # type: ignore[operator]
            return xref
        if isinstance(one.origin, Ref) or one.form not in commentary.DATES:
            return self._wrap(one.origin, one.words)
        when = {"observed": one.origin.observed, "start": one.origin.start, "published": one.origin.published}
        moment = when[one.form]
        iso = "" if moment is None else moment.isoformat()
        return self._wrap_moment(Moment(one.words, iso, self._wrap_moment, one.origin.id))

    # What stays inside.

    def _offer(self) -> None:
        offered = self.environment.globals
        offered |= {
            function.__name__: function
            for function in (
                *(self.fact, self.has, self.v, self.why, self.finding, self.reason, self.ref, self.dir),
                *(self.date, self.moment, self.short, self.clock, self.release),
                *(self.observed, self.month, self.started, self.published, self.due, self.begins),
                *(self.drawn, self.exhibit_of, self.show, self.number_of, self.title, self.alt),
                *(self.inline_svg, self.data_uri, self.caption_lines, self.css_string),
                *(self.label, text.in_sentence, self.gaps, self.outdated, self.publishers),
                *(format_cell, numerals.anchor),
            )
        }
        context = self.context
        offered |= {
            "note": self.definition,
            "desk": context.desk,
            "disclosures": context.disclosures,
            "lang": context.lang,
            "note_id": context.note_id,
            "as_of": context.as_of,
            "market_date": context.market_date,
            "week_start": context.week_start,
            "facts": context.facts,
            "missing": context.missing,
            "findings": context.findings,
            "releases": context.releases,
            "series": context.series,
            "gauge": context.gauge,
            "extra": context.extra,
            "versions": context.versions,
            "screen": self.medium == "screen",
            "w": self.words,
        }
        with Guard(self._folders, MACROS):
            macros = self.environment.get_template(MACROS).module
        offered |= {name: macro for name, macro in vars(macros).items() if not name.startswith("_")}

    def _title_of(self, exhibit: Exhibit) -> str:
        return f"title of charts/{exhibit.id}.toml"

    def _held(self, id: str) -> Fact:
        origin = self.fact(id).origin
        assert isinstance(origin, Fact)
        return origin

    def _because(self, id: str) -> str:
        gap = self.context.missing.get(id)
        return "" if gap is None else f" (missing: {gap.why})"

    def _of(self, id: str, moment: Moment) -> Moment:
        return Moment(moment.words, moment.iso, moment.wrap, id)

    def _wrap(self, origin: Fact | Ref, words: str) -> Markup:
        if self.medium != "plain":
            self.printed.setdefault(origin.id, origin)
        return numerals.wrap_fact(self.medium, origin, words)

    def _wrap_moment(self, moment: Moment) -> Markup:
        return numerals.wrap_moment(self.medium, moment)


def _publisher(row: SeriesRow) -> str:
    return row.series.citation.split(",")[0]


def _named(rows: Sequence[SeriesRow], held: Iterable[SeriesRow]) -> str:
    """Name series that lack the same thing: by title where they are few, else by publisher and code.

    held: all series. A code that other series share says which of its own are meant.
    """
    if len(rows) <= 2:
        return "; ".join(f"{row.series.title} ({row.series.source})" for row in rows)
    others = {row.series.source for row in held if row not in rows}
    parts: dict[str, list[str]] = {}
    for row in rows:
        part = [row.series.title.rpartition(", ")[2]] if row.series.source in others else []
        parts.setdefault(row.series.source, []).extend(part)
    alike: dict[tuple[str, ...], list[str]] = {}
    for code, named in parts.items():
        alike.setdefault(tuple(named), []).append(code)
    codes = (
        ", ".join(same) + (f" ({', '.join(named)})" if named else "")
        for named, same in sorted(alike.items(), key=lambda one: bool(one[0]))
    )
    return f"{rows[0].series.citation.split(',')[0]}: {'; '.join(codes)}"


def format_cell(cell: object) -> str:
    """Write a cell of a figure's data: numbers as held, dates in ISO form, gaps as a dash."""
    if cell is None:
        return NO_VALUE
    if isinstance(cell, float):
        return f"{cell:.10g}".replace("-", text.MINUS)
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell)
