"""What WeasyPrint leaves to do before its PDF/A-3a file is PDF/UA-1 as well, and the proof that it is."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name

from reportgen.errors import HostError, PdfError
from reportgen.render import signature_field

PROFILES = {"3a": "PDF/A-3a", "ua1": "PDF/UA-1"}
VERAPDF = "verapdf"
_RULES_NAMED = 8
_POINTS = 0.75  # in a pixel of CSS
_MARKED = re.compile(rb"/\w+\s*<<\s*/MCID (\d+)\s*>>\s*BDC")
_ARTIFACT = b"/Artifact <</Type /Pagination>> BDC"

# PDF/A admits a foreign property only with a description of its schema.
_UA_CLAIM = b"""<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">\
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">\
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
<pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>Part of ISO 14289 to which the file conforms</pdfaProperty:description>\
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>\
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part>\
</rdf:Description>"""
_IDENTIFIER = b"""<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">\
<dc:identifier>%s</dc:identifier></rdf:Description>"""


def complete(metadata: Any, identifier: str) -> None:
    """Let the metadata name the note and claim PDF/UA-1 besides PDF/A-3a, which WeasyPrint cannot."""
    original: Callable[..., bytes] = metadata.generate_rdf_metadata
    more = _UA_CLAIM + _IDENTIFIER % escape(identifier).encode()

    def completed(*arguments: Any) -> bytes:
        return original(*arguments).replace(b"</rdf:RDF>", more + b"</rdf:RDF>")

    metadata.generate_rdf_metadata = completed


def finish(raw: bytes, links: Mapping[str, str], signature: str = "") -> bytes:
    """Mend what a reader of the structure stumbles over, and save the same bytes each time.

    Header cells get their scope, figures their place, running heads become artifacts, links within the
    document say where they lead, and an empty field awaits a signature where there are words for it.
    Shape: links holds the words of each destination, signature those of the field.
    """
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        used: dict[tuple[int, int], set[int]] = {}
        for element in _elements(pdf.Root.StructTreeRoot.K):
            _note_content(element, used)
            if element.get("/S") == Name.TH:
                _scope(element)
            elif element.get("/S") == Name.Figure:
                _place(element)
        for page in pdf.pages:
            _make_artifacts(pdf, page, used.get(page.obj.objgen, set()))
            for note in page.obj.get("/Annots", ()):
                if "/Dest" in note:
                    note.Contents = links[str(note.Dest)]
        if signature:
            signature_field.add(pdf, signature)
        return save(pdf)


def save(pdf: pikepdf.Pdf) -> bytes:
    """Write a PDF, the same bytes each time, with streams of unmistakable length.

    Where a stream ends in a carriage return, the line feed before "endstream" would make one line end with
    it, and a validator that counts back from there misses a byte; another carriage return cannot be mistaken.
    """
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, fix_metadata_version=False)
    return out.getvalue().replace(b"\r\nendstream", b"\r\rendstream")


def prove(finished: bytes) -> None:
    """Validate against both standards.

    Raises: PdfError that names the failed rules; HostError if veraPDF is there but does not run.
    """
    if failures := failed(finished):
        raise PdfError("; ".join(f"the PDF {failure}" for failure in failures))


def failed(finished: bytes) -> list[str]:
    """Return what keeps a file from either standard: by `page`, and by veraPDF where it is on PATH."""
    with ThreadPoolExecutor() as pool:  # the validator computes outside the interpreter's lock
        found = [f for f in pool.map(partial(_by_page, finished), PROFILES) if f is not None]
    command = shutil.which(VERAPDF)
    return found if command is None else [*found, *_by_verapdf(finished, command)]


def _by_page(finished: bytes, profile: str) -> str | None:
    import page

    try:
        report = page.validate_pdf_bytes(finished, profile=profile)
    except page.PageError as error:
        return f"cannot be read as {PROFILES[profile]}: {error}"
    rules = (f"{f.rule_id} ({f.message})" for f in report.failures)
    return None if report.is_compliant else f"does not conform to {PROFILES[profile]}: {_named(rules)}"


def _by_verapdf(finished: bytes, command: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "note.pdf"
        file.write_bytes(finished)
        for profile, name in PROFILES.items():
            asked = [command, "--flavour", profile, "--format", "text", "-v", str(file)]
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            lines = [line.strip().replace(f"{file} ", "") for line in done.stdout.splitlines()]
            if any(line.startswith("FAIL") for line in lines):
                yield f"does not conform to {name} by veraPDF: {_named(lines)}"
            elif done.returncode or not any(line.startswith("PASS") for line in lines):
                said = (done.stderr or done.stdout).strip()
                raise HostError(
                    f"{command}: exit status {done.returncode}: {said}",
                    hint="Mend veraPDF, or take it off PATH.",
                )


def _named(rules: Iterable[str]) -> str:
    """Name each rule once, and no more of them than one reads."""
    each = list(dict.fromkeys(rules))
    more = f" and {len(each) - _RULES_NAMED} more" if len(each) > _RULES_NAMED else ""
    return "; ".join(each[:_RULES_NAMED]) + more


def _elements(kids: Any) -> Iterator[Any]:
    """Walk the structure elements below a list of kids."""
    waiting = [kids]
    while waiting:
        kid = waiting.pop()
        if isinstance(kid, Array):
            waiting.extend(kid)
        elif isinstance(kid, Dictionary) and "/S" in kid:
            yield kid
            if "/K" in kid:
                waiting.append(kid.K)


def _note_content(element: Any, used: dict[tuple[int, int], set[int]]) -> None:
    """Record which marked content of which page an element holds."""
    if "/K" not in element:
        return
    kids = element.K if isinstance(element.K, Array) else [element.K]
    marked = [int(kid) for kid in kids if isinstance(kid, int)]
    if marked:
        used.setdefault(element.Pg.objgen, set()).update(marked)


def _scope(element: Any) -> None:
    """Say whether a header cell heads a column or a row: those of a thead head columns."""
    attributes = element.get("/A")
    if not isinstance(attributes, Dictionary) or "/Scope" in attributes:
        return
    heads_column = element.P.P.get("/S") == Name.THead
    attributes.Scope = Name.Column if heads_column else Name.Row


def _place(element: Any) -> None:
    """Say where a figure stands in points from the foot of its page; WeasyPrint says pixels from its head."""
    left, top, right, bottom = (float(edge) * _POINTS for edge in element.A.BBox)
    height = float(element.Pg.MediaBox[3])
    element.A.BBox = Array([round(edge, 3) for edge in (left, height - bottom, right, height - top)])


def _make_artifacts(pdf: pikepdf.Pdf, page: pikepdf.Page, used: set[int]) -> None:
    """Mark as artifact what the structure tree does not hold: running heads and feet.

    The renderer writes its strings in hexadecimal, so that the pattern cannot match inside one.
    """

    def marked(found: re.Match[bytes]) -> bytes:
        return found[0] if int(found[1]) in used else _ARTIFACT

    page.obj.Contents = pdf.make_stream(_MARKED.sub(marked, page.obj.Contents.read_bytes()))
