"""From an analysis to the files of a note: draw, compose, set, write."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from reportgen import __version__, config
from reportgen.assets import asset_dir
from reportgen.calendars import fomc, publication
from reportgen.figures import draw, specification
from reportgen.figures.figure import Figure
from reportgen.indicators.facts import POINTS, gauge_now
from reportgen.indicators.freshness import freshness
from reportgen.indicators.gauge import COMPONENTS
from reportgen.indicators.measures import registry
from reportgen.model import NEW_YORK, Missing, Ref
from reportgen.pipeline.analysis import Analysis, Desk, add_gauge_history
from reportgen.render import facts_json, html, pdf
from reportgen.render.context import ComponentRow, DataTable, Exhibit, NoteContext, ReleaseRow, SeriesRow
from reportgen.render.note import NoteDefinition, load_note
from reportgen.store import encode
from reportgen.text import as_of_name

PACK = "inputs.parquet"
LIBRARIES = ("jinja2", "matplotlib", "numpy", "pikepdf", "pyarrow", "pydyf", "weasyprint")
AHEAD = dt.timedelta(days=8)
# Rules whose next release the note announces, with the words for it.
RELEASES = {
    "cftc_tff": "CFTC positions",
    "h41": "H.4.1",
    "h10": "H.10 exchange rates",
    "tic": "TIC holdings",
    "nfci": "Chicago Fed NFCI",
}
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """A finished note: its folder's files by relative name, and its manifest."""

    note_id: str
    files: Mapping[str, bytes]


def build(analysis: Analysis, desk: Desk, note: str, lang: str, progress: Progress) -> Built:
    """Draw, compose and set a note; nothing is written yet.

    Raises: TemplateError, ChartError, ConfigError or PdfError for whatever a part of the note lacks.
    """
    templates, charts_folder = asset_dir("templates"), asset_dir("charts")
    definition = load_note(templates, note)
    settings = config.load_desk(desk.folder)
    progress("gauge")
    add_gauge_history(analysis)
    progress("figures")
    figures = _figures(analysis, definition, charts_folder)
    progress("facts")
    pack = _pack(analysis)
    facts = facts_json.dumps(
        facts_json.document(note, analysis.facts, analysis.findings, (PACK, hashlib.sha256(pack).hexdigest()))
    ).encode()
    context = _context(analysis, definition, settings, figures, charts_folder, note, lang)
    progress("HTML")
    page = html.page(context, templates).encode()
    progress("PDF")
    document = pdf.document(context, templates, {"facts.json": facts})
    files = {
        "note.pdf": document,
        "note.html": page,
        "facts.json": facts,
        PACK: pack,
        **{f"figures/{f.id}.svg": f.svg.encode() for f in figures if not f.empty},
    }
    files["manifest.json"] = _manifest(context, files)
    return Built(context.note_id, files)


def folder_of(out: Path, as_of: dt.datetime, note: str, lang: str) -> Path:
    """Return the folder of a note below the output folder."""
    return out / as_of_name(as_of) / (note if lang == "en" else f"{note}-{lang}")


def write(built: Built, folder: Path) -> None:
    """Write a note's folder whole: an interrupted build leaves the previous note as it was."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    previous = folder.with_name(f".{folder.name}.previous")
    if previous.exists() and not folder.exists():  # a build was interrupted between the two renames below
        previous.rename(folder)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, content in built.files.items():
            path = fresh / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        fresh.chmod(0o755)
        shutil.rmtree(previous, ignore_errors=True)
        if folder.exists():
            folder.rename(previous)
        fresh.rename(folder)
    except BaseException:
        if previous.exists() and not folder.exists():
            previous.rename(folder)
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(previous, ignore_errors=True)


def _figures(analysis: Analysis, definition: NoteDefinition, folder: Path) -> list[Figure]:
    charts = specification.load(folder, _units())
    thresholds = _references(analysis)
    return [
        draw.draw(spec, analysis.measures, analysis.facts.facts, charts, thresholds)
        for spec in charts.specifications.values()
        if not definition.exhibits or spec.id in definition.exhibits
    ]


def _references(analysis: Analysis) -> dict[str, Ref]:
    day = analysis.snapshot.market_date
    return {i: analysis.thresholds.ref(i, day) for i in analysis.thresholds.ids}


def _pack(analysis: Analysis) -> bytes:
    sink = io.BytesIO()
    encode(analysis.snapshot.pack(), sink)
    return sink.getvalue()


def _context(
    analysis: Analysis,
    definition: NoteDefinition,
    settings: config.Desk,
    figures: list[Figure],
    charts_folder: Path,
    note: str,
    lang: str,
) -> NoteContext:
    snapshot = analysis.snapshot
    missing = dict(analysis.facts.missing)
    for figure in figures:
        if figure.empty:
            missing[f"exhibit.{figure.id}"] = Missing(
                f"exhibit.{figure.id}", f"exhibit {figure.id}", figure.why
            )
    specs = specification.load(charts_folder, _units()).specifications
    return NoteContext(
        note=note,
        lang=lang,
        note_id=f"{definition.prefix}-{as_of_name(snapshot.as_of)}-r1",
        as_of=snapshot.as_of,
        market_date=snapshot.market_date,
        week_start=snapshot.week_start,
        facts=analysis.facts.facts,
        missing=missing,
        findings=analysis.findings,
        thresholds=_references(analysis),
        exhibits=tuple(
            Exhibit(
                id=f.id,
                size=specs[f.id].size,
                svg=f.svg,
                title=specs[f.id].title,
                subtitle=specs[f.id].subtitle,
                alt=specs[f.id].alt,
                source_line=f.source_line,
                table=None if f.table is None else DataTable(f.table.header, f.table.rows),
                restricted=f.restricted,
            )
            for f in figures
            if not f.empty
        ),
        releases=_releases(analysis),
        series=_series(analysis),
        gauge=_gauge(analysis),
        desk=settings,
        extra={"events": analysis.events},
        versions={"reportgen": __version__},
    )


def _units() -> dict[str, str]:
    units: dict[str, str] = {m.id: m.unit for m in registry().values()}
    return units | {"liquidity.score": "index"} | {f"liquidity.{c.id}.state": "text" for c in COMPONENTS}


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
        fresh = freshness(analysis.snapshot, series_id)
        rows.append(
            SeriesRow(fresh.series, fresh.newest, fresh.published, fresh.state, fresh.why or "", fresh.due)
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


def _manifest(context: NoteContext, files: Mapping[str, bytes]) -> bytes:
    content = {
        "schema": 1,
        "id": context.note_id,
        "note": context.note,
        "lang": context.lang,
        "as_of": context.as_of.isoformat(),
        "versions": {
            "reportgen": __version__,
            "python": platform.python_version(),
            **{n: metadata.version(n) for n in LIBRARIES},
        },
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return (json.dumps(content, indent=1) + "\n").encode()


__all__ = ["Built", "build", "folder_of", "write"]
