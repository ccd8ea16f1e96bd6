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

import pyarrow as pa

from reportgen import __version__
from reportgen.pipeline import auditing, digesting
from reportgen.pipeline.analysis import Analysis, Desk, add_gauge_history
from reportgen.pipeline.aside import Aside
from reportgen.pipeline.comparison import argued
from reportgen.pipeline.composing import compose
from reportgen.pipeline.context import CONTEXT, sealed, unchanged
from reportgen.pipeline.design import load_design
from reportgen.pipeline.exhibits import draw_all
from reportgen.pipeline.pressing import press
from reportgen.render import disclosures, exports, facts_json, html
from reportgen.render.attachments import attached
from reportgen.render.context import NoteContext
from reportgen.store import encode
from reportgen.text import as_of_name

PACK = "inputs.parquet"
LIBRARIES = ("css-inline", "jinja2", "matplotlib", "numpy", "pikepdf", "pyarrow", "pydyf", "weasyprint")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """A finished note: its folder's files by relative name, and its manifest."""

    note_id: str
    files: Mapping[str, bytes]


def build(
    analysis: Analysis,
    desk: Desk,
    note: str,
    lang: str,
    progress: Progress,
    *,
    extras: bool = False,
    revision: int = 1,
    setter: Aside[bytes] | None = None,
) -> Built:
    """Draw, compose and set a note; nothing is written yet.

    Shape: extras adds the files that serve other people's documents; revision counts the corrections of a
        published note from 2; setter is a press begun earlier.

    Raises: TemplateError, ChartError, ConfigError or PdfError for whatever a part of the note lacks;
        AuditError for a number without a fact.
    """
    shaped_by = sealed(desk, note, analysis.snapshot.as_of)
    design = load_design(desk, note, lang)
    analysis = argued(analysis, record=design.definition.gauge_record)
    progress("gauge")
    add_gauge_history(analysis)
    progress("figures")
    rows = analysis.snapshot.pack()  # what was read so far: figures show nothing besides
    figures = draw_all(analysis, design, png=extras)
    pack = _encoded(rows)
    progress("facts")
    digest = hashlib.sha256(pack).hexdigest()
    context = compose(analysis, design, figures, revision)
    known = auditing.origins(analysis, context)
    facts = facts_json.dumps(
        facts_json.document(note, analysis.facts, analysis.findings, (PACK, digest), auditing.sealed(known))
    ).encode()
    progress("HTML and PDF")
    with setter or press(design.templates, note, lang) as printing:
        printing.start(context, design.templates, attached(context, facts, PACK, digest))
        page = html.page(context, design.templates)
        auditing.refuse_untraced(page, known)
        shown = auditing.shown(page)
        mail = digesting.make(context, design, analysis, figures)
        auditing.refuse_untraced(mail.marked, known, digesting.HTML)
        document = printing.result()
    auditing.refuse_differing(shown, document)
    files = {
        "note.pdf": document,
        "note.html": page.encode(),
        "facts.json": facts,
        PACK: pack,
        CONTEXT: unchanged(shaped_by, desk, note, analysis.snapshot.as_of),
        **mail.files,
        **{f"figures/{f.id}.svg": f.svg.encode() for f in figures if not f.empty},
    }
    if extras:
        files |= exports.files(context)
        files |= {f"figures/{f.id}.png": f.png for f in figures if not f.empty}
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


def _encoded(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    encode(rows, sink)
    return sink.getvalue()


def _manifest(context: NoteContext, files: Mapping[str, bytes]) -> bytes:
    content = {
        "schema": 1,
        "id": context.note_id,
        "note": context.note,
        "lang": context.lang,
        "as_of": context.as_of.isoformat(),
        "analysts": [{"name": a.name, "email": a.email} for a in context.desk.analysts],
        "disclosures": disclosures.listed(context.disclosures),
        "covers": disclosures.covers(context.desk.distribution),
        "versions": {
            "reportgen": __version__,
            "python": platform.python_version(),
            **{n: metadata.version(n) for n in LIBRARIES},
        },
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return (json.dumps(content, indent=1) + "\n").encode()


__all__ = ["Built", "build", "folder_of", "write"]
