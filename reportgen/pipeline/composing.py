"""From an analysis and its figures to all that the templates of a note may print."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from reportgen import __version__
from reportgen.calendars import fomc, publication
from reportgen.figures.figure import Figure
from reportgen.figures.specification import Specification
from reportgen.findings.events import active, of_week
from reportgen.indicators.facts import POINTS, gauge_now
from reportgen.indicators.freshness import freshness
from reportgen.indicators.gauge import COMPONENTS
from reportgen.indicators.measures import registry
from reportgen.model import NEW_YORK, Missing, to_date
from reportgen.pipeline.analysis import Analysis
from reportgen.pipeline.design import Design
from reportgen.pipeline.outdated import outdated
from reportgen.render import commentary, disclosures
from reportgen.render.context import (
    ComponentRow,
    DataTable,
    Disclosure,
    Exhibit,
    NoteContext,
    ReleaseRow,
    SeriesRow,
)
from reportgen.text import as_of_name

AHEAD = dt.timedelta(days=8)
# Rules whose next release the note announces, with the words for it.
RELEASES = {
    "cftc_tff": "CFTC positions",
    "h41": "H.4.1",
    "h10": "H.10 exchange rates",
    "tic": "TIC holdings",
    "nfci": "Chicago Fed NFCI",
    "bls_employment": "Jobs report",
    "bls_cpi": "Consumer prices",
}


def compose(analysis: Analysis, design: Design, figures: Sequence[Figure], revision: int = 1) -> NoteContext:
    """Gather what a note says and shows; a figure without data becomes a named gap.

    Raises: CommentaryError for a fault in what the analysts wrote.
    """
    snapshot = analysis.snapshot
    specs = design.charts.specifications
    gaps = {
        f"exhibit.{f.id}": Missing(f"exhibit.{f.id}", f"Exhibit: {specs[f.id].subtitle}", f.why)
        for f in figures
        if f.empty
    }
    rows = _series(analysis)
    return NoteContext(
        note=design.note,
        lang=design.lang,
        note_id=_id(design, snapshot.as_of, revision),
        as_of=snapshot.as_of,
        market_date=snapshot.market_date,
        week_start=snapshot.week_start,
        facts=analysis.facts.facts,
        missing=dict(analysis.facts.missing) | gaps,
        findings=analysis.findings,
        thresholds=analysis.references,
        exhibits=tuple(_exhibit(f, specs[f.id]) for f in figures if not f.empty),
        releases=_releases(analysis),
        series=rows,
        gauge=_gauge(analysis),
        desk=design.settings,
        extra={
            "events": analysis.events,
            "news": of_week(analysis.events, snapshot.as_of, snapshot.week_start),
            "comparison": analysis.comparison,
            "triggers": analysis.triggers,
            "record": analysis.record,
            "outdated": outdated(analysis, rows),
            "terms": tuple(i for i in analysis.references if i.startswith("terms.")),
        },
        versions={"reportgen": __version__},
        commentary=_commentary(analysis, design, figures),
        disclosures=_disclosures(design, snapshot.as_of, revision),
    )


def _commentary(
    analysis: Analysis, design: Design, figures: Sequence[Figure]
) -> tuple[commentary.Comment, ...]:
    """Read what the desk's analysts wrote about this moment."""
    known = commentary.Known(
        facts=analysis.facts.facts,
        refs=analysis.references,
        missing={gap.id: gap.why for gap in analysis.facts.missing.values()},
        exhibits=tuple(f.id for f in figures if not f.empty),
        sections=design.definition.section,
        analysts=design.settings.analysts,
        quotes=tuple(event.headline for event in active(analysis.events, analysis.snapshot.as_of)),
    )
    return commentary.load(design.folder, analysis.snapshot.as_of, design.lang, known)


def _disclosures(design: Design, as_of: dt.datetime, revision: int) -> tuple[Disclosure, ...]:
    """Select what the rules ask of a note for the desk's readers; nothing where it names no jurisdiction."""
    if not design.settings.distribution.jurisdictions:
        return ()
    book = disclosures.load_rule_book(design.templates, design.lang, design.folder)
    occasion = disclosures.Occasion(_id(design, as_of, revision), as_of)
    return disclosures.select(book, design.settings, design.definition.content.tags, occasion)


def _id(design: Design, as_of: dt.datetime, revision: int) -> str:
    """Return the id of a note: "TW-2025-04-10-r1", "TW-2025-04-10-zh-r1" in another language than English."""
    language = "" if design.lang == "en" else f"-{design.lang}"
    return f"{design.definition.prefix}-{as_of_name(as_of)}{language}-r{revision}"


def _exhibit(figure: Figure, spec: Specification) -> Exhibit:
    return Exhibit(
        id=figure.id,
        size=spec.size,
        svg=figure.svg,
        title=spec.title,
        subtitle=spec.subtitle,
        alt=spec.alt,
        source_line=figure.source_line,
        table=None if figure.table is None else DataTable(figure.table.header, figure.table.rows),
        restricted=figure.restricted,
    )


def _releases(analysis: Analysis) -> tuple[ReleaseRow, ...]:
    """List what is due in the week after the as-of, as known then."""
    as_of = analysis.snapshot.as_of
    rows = [
        ReleaseRow(r.at.astimezone(NEW_YORK), words if r.known else f"{words} (by)")
        for rule, words in RELEASES.items()
        for r in publication.releases(rule, as_of, as_of + AHEAD)
    ]
    rows = list({r.what: r for r in reversed(rows)}.values())  # the first of each
    today = as_of.astimezone(NEW_YORK).date()
    for day in fomc.decisions(today, today + AHEAD, as_of):
        at = dt.datetime.combine(day, dt.time(14, 0), NEW_YORK)
        if at > as_of:
            rows.append(ReleaseRow(at, "FOMC decision"))
    return tuple(sorted(rows, key=lambda r: (r.at, r.what)))


def _series(analysis: Analysis) -> tuple[SeriesRow, ...]:
    """Describe every series that the registry of measures reads, whether it is held or not."""
    shown = (m for m in registry().values() if m.facts)
    wanted = dict.fromkeys(s for m in shown for s, _ in (*m.terms, *m.otherwise))
    rows = []
    for series_id in sorted(wanted):
        fresh, days = freshness(analysis.snapshot, series_id), analysis.snapshot.history(series_id).days
        rows.append(
            SeriesRow(
                fresh.series,
                fresh.newest,
                fresh.published,
                fresh.state,
                to_date(days[0]) if len(days) else None,
                fresh.why or "",
                fresh.due,
            )
        )
    return tuple(rows)


def _gauge(analysis: Analysis) -> tuple[ComponentRow, ...]:
    now, day = gauge_now(analysis.measures, analysis.thresholds), analysis.snapshot.market_date
    rows = []
    for at, component in enumerate(COMPONENTS):
        points = int(now.points[at][-1]) if len(now.days) else -1
        fact = f"{component.measure}.change_4w" if component.change else f"{component.measure}.level"
        rows.append(
            ComponentRow(
                id=component.id,
                label=component.label,
                reading=analysis.facts.get(fact) if points >= 0 else None,
                watch=analysis.thresholds.ref(f"gauge.{component.id}.watch", day),
                stress=analysis.thresholds.ref(f"gauge.{component.id}.stress", day),
                state=POINTS[points],
            )
        )
    return tuple(rows)
