"""The audit of a note's words: as it is built, and again from what it sealed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.checks import copies
from reportgen.checks.numerals import audit
from reportgen.checks.page import Page, read
from reportgen.errors import AuditError
from reportgen.findings.events import active
from reportgen.model import NEW_YORK, Fact, Ref
from reportgen.pipeline.analysis import Analysis
from reportgen.render import disclosures, pdf_words
from reportgen.render.context import NoteContext


@dataclass(frozen=True, slots=True)
class Origins:
    """Where a note's numbers may come from: facts, references, quoted texts, and dates of findings."""

    facts: Mapping[str, Fact]
    refs: Mapping[str, Ref]
    quotes: tuple[str, ...]
    dues: Mapping[str, dt.datetime | None]


def origins(analysis: Analysis, context: NoteContext) -> Origins:
    """Return what a note is audited against while it is built."""
    legal = context.desk.legal
    return Origins(
        analysis.facts.facts,
        analysis.references,
        (
            *(event.headline for event in active(analysis.events, analysis.snapshot.as_of)),
            *(comment.title for comment in context.commentary if comment.title),
            *disclosures.quoted(context.disclosures),
            *(*legal.certification, *legal.disclosures, *legal.disclaimer),
        ),
        {id: finding.due for id, finding in analysis.findings.items()},
    )


def sealed(found: Origins) -> dict[str, Any]:
    """Return what facts.json holds besides the facts, so that the note can be audited again."""
    return {
        "references": [
            {"id": ref.id, "text": ref.text, "value": ref.value, "unit": ref.unit, "source": ref.source}
            for ref in found.refs.values()
        ],
        "quotes": list(dict.fromkeys(found.quotes)),
    }


def unsealed(document: Mapping[str, Any]) -> Origins:
    """Return what a built note is audited against, from its facts.json.

    Raises: KeyError, TypeError or ValueError for a document that does not hold it.
    """
    told = (*document["facts"], *document["references"])
    if not all(type(one["value"]) in (str, int, float) and isinstance(one["text"], str) for one in told):
        raise TypeError("a value is neither a number nor words")
    if not all(isinstance(quote, str) for quote in document["quotes"]):
        raise TypeError("a quote is no words")
    return Origins(
        {one["id"]: _fact(one) for one in document["facts"]},
        {
            r["id"]: Ref(r["id"], r["text"], r["value"], r["unit"], r["source"])
            for r in document["references"]
        },
        tuple(document["quotes"]),
        {
            one["id"]: None if one["due"] is None else dt.datetime.fromisoformat(one["due"])
            for one in document["findings"]
        },
    )


def refuse_untraced(page: str, found: Origins, name: str = "note.html") -> None:
    """Refuse a page on which a number or a direction has no fact behind it.

    Raises: AuditError naming each, with the words around it.
    """
    faults = audit(page, found.facts, found.refs, found.quotes, found.dues)
    if faults:
        raise AuditError(
            "\n".join(f"{name}: {fault}" for fault in faults),
            hint="Print numbers as {{ fact('…') }} or {{ ref('…') }}, with a verb that follows their sign.",
        )


def shown(page: str) -> Page:
    """Read what a page shows, and make ready to read a PDF, while that is still being set."""
    pdf_words.prepare()
    return read(page)


def refuse_differing(page: Page, pdf: bytes) -> None:
    """Refuse a PDF that says something else than the page on the screen, which has been audited.

    Raises: AuditError naming the page and the words.
    """
    faults = list(differing(page, pdf))
    if faults:
        raise AuditError("\n".join(f"note.pdf: {fault}" for fault in faults))


def differing(page: Page, pdf: bytes) -> Iterator[str]:
    """Walk over what a PDF says otherwise than the page on the screen.

    Raises: PdfError if the PDF cannot be read.
    """
    yield from copies.differences(page, pdf_words.pages(pdf))


def _fact(one: Mapping[str, Any]) -> Fact:
    """Return a fact as the audit needs it: what it says and how it prints, without its inputs."""
    decimals = re.search(r"\.(\d+)", one["text"])
    return Fact(
        id=one["id"],
        label=one["label"],
        value=one["value"],
        unit=one["unit"],
        text=one["text"],
        observed=dt.date.fromisoformat(one["observed"]),
        published=dt.datetime.fromisoformat(one["published"]).astimezone(NEW_YORK),
        inputs=(),
        method=one["method"],
        start=None if one["start"] is None else dt.date.fromisoformat(one["start"]),
        decimals=0 if decimals is None else len(decimals[1]),
        signed=one["text"].startswith("+"),
    )
