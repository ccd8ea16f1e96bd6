"""The empty field that waits for a signature: tagged, named, invisible, in every note."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest

from reportgen.render import conformance, pdf
from reportgen.render.context import NoteContext
from reportgen.render.signature_field import FIELD


@pytest.fixture(scope="module")
def document(context: NoteContext, templates: Path) -> bytes:
    return pdf.document(context, templates, ())


def test_there_is_one_empty_field(document: bytes) -> None:
    with pikepdf.open(io.BytesIO(document)) as opened:
        (field,) = opened.Root.AcroForm.Fields
        assert str(field.FT) == "/Sig"
        assert str(field.T) == FIELD
        assert str(field.TU) == "Signature of the publisher"
        assert "/V" not in field
        assert "/AP" not in field
        assert [float(edge) for edge in field.Rect] == [0, 0, 0, 0]
        assert int(field.F) == 132  # printed, and locked
        assert int(opened.Root.AcroForm.SigFlags) == 3


def test_it_stands_on_the_last_page_and_in_the_structure(document: bytes) -> None:
    with pikepdf.open(io.BytesIO(document)) as opened:
        (field,) = opened.Root.AcroForm.Fields
        last = opened.pages[-1].obj
        assert field.objgen in [note.objgen for note in last.Annots]
        assert field.P.objgen == last.objgen
        assert str(last.Tabs) == "/S"
        tree = opened.Root.StructTreeRoot
        parents = list(tree.ParentTree.Nums)
        keys = [int(key) for key in parents[::2]]
        assert keys == sorted(set(keys))
        element = parents[2 * keys.index(int(field.StructParent)) + 1]
        assert str(element.S) == "/Form"
        assert str(element.Alt) == "Signature of the publisher"
        assert element.K.Obj.objgen == field.objgen
        assert tree.K[0].K[-1].objgen == element.objgen
        assert element.P.objgen == tree.K[0].objgen


def test_the_file_passes_both_standards_with_it(document: bytes) -> None:
    assert conformance.failed(document) == []


def test_a_pdf_that_is_not_to_be_signed_has_none() -> None:
    made = pikepdf.new()
    made.add_blank_page()
    made.Root.StructTreeRoot = pikepdf.Dictionary(K=pikepdf.Array())
    out = io.BytesIO()
    made.pages[0].obj.Contents = made.make_stream(b"")
    made.save(out)
    with pikepdf.open(io.BytesIO(conformance.finish(out.getvalue(), {}))) as opened:
        assert "/AcroForm" not in opened.Root
