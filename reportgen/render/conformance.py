"""What WeasyPrint leaves to do before its PDF/A-3a file is PDF/UA-1 as well, and the proof that it is."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

from reportgen.errors import PdfError

PROFILES = {"3a": "PDF/A-3a", "ua1": "PDF/UA-1"}
_RULES_NAMED = 8
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


def claim_accessibility(metadata: Any) -> None:
    """Let the document's metadata claim PDF/UA-1 besides PDF/A-3a, which WeasyPrint cannot by itself."""
    original: Callable[..., bytes] = metadata.generate_rdf_metadata

    def both(*arguments: Any) -> bytes:
        return original(*arguments).replace(b"</rdf:RDF>", _UA_CLAIM + b"</rdf:RDF>")

    metadata.generate_rdf_metadata = both


def finish(raw: bytes) -> bytes:
    """Give header cells their scope, make running heads artifacts, and save the same bytes each time."""
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        used: dict[tuple[int, int], set[int]] = {}
        for element in _elements(pdf.Root.StructTreeRoot.K):
            _note_content(element, used)
            if element.get("/S") == Name.TH:
                _scope(element)
        for page in pdf.pages:
            _make_artifacts(pdf, page, used.get(page.obj.objgen, set()))
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

    Raises: PdfError that names the failed rules.
    """
    import page

    for profile, name in PROFILES.items():
        report = page.validate_pdf_bytes(finished, profile=profile)
        if not report.is_compliant:
            rules = list(dict.fromkeys(f"{f.rule_id} ({f.message})" for f in report.failures))
            more = f" and {len(rules) - _RULES_NAMED} more" if len(rules) > _RULES_NAMED else ""
            raise PdfError(f"the PDF does not conform to {name}: {'; '.join(rules[:_RULES_NAMED])}{more}")


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


def _make_artifacts(pdf: pikepdf.Pdf, page: pikepdf.Page, used: set[int]) -> None:
    """Mark as artifact what the structure tree does not hold: running heads and feet.

    The renderer writes its strings in hexadecimal, so that the pattern cannot match inside one.
    """

    def marked(found: re.Match[bytes]) -> bytes:
        return found[0] if int(found[1]) in used else _ARTIFACT

    page.obj.Contents = pdf.make_stream(_MARKED.sub(marked, page.obj.Contents.read_bytes()))
