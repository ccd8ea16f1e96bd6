"""The empty signature field of every PDF, made beforehand so that signing changes no byte of what is there.

A field that a signing library adds lies outside the structure tree, and the file is PDF/UA no longer. This
one is invisible, tagged as a form, named for those who cannot see, and waits on the last page.
"""

from __future__ import annotations

from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

FIELD = "Signature"
_PRINT_AND_LOCKED = 132
_SIGNATURES_EXIST_APPEND_ONLY = 3


def add(pdf: pikepdf.Pdf, words: str) -> None:
    """Add the field to the last page, with words for screen readers.

    Shape: the PDF has a structure tree with one document element.
    """
    page = pdf.pages[-1].obj
    tree = pdf.Root.StructTreeRoot
    document = tree.K[0] if isinstance(tree.K, Array) else tree.K
    key = _next_key(tree.ParentTree)
    widget = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=FIELD,
            TU=words,
            F=_PRINT_AND_LOCKED,
            Rect=Array([0, 0, 0, 0]),
            P=page,
            StructParent=key,
        )
    )
    form = pdf.make_indirect(
        Dictionary(
            Type=Name.StructElem,
            S=Name.Form,
            P=document,
            Pg=page,
            Alt=words,
            K=Dictionary(Type=Name.OBJR, Obj=widget, Pg=page),
        )
    )
    _append(document, form)
    tree.ParentTree.Nums = Array([*tree.ParentTree.Nums, key, form])
    page.Annots = Array([*page.get("/Annots", ()), widget])
    page.Tabs = Name.S
    pdf.Root.AcroForm = Dictionary(Fields=Array([widget]), SigFlags=_SIGNATURES_EXIST_APPEND_ONLY)


def _next_key(parents: Any) -> int:
    """Return the first free key of the tree that leads from the page's objects to the structure."""
    return max((int(key) for key in list(parents.Nums)[::2]), default=-1) + 1


def _append(document: Any, element: Any) -> None:
    kids = document.get("/K")
    if kids is None:
        document.K = Array([element])
    elif isinstance(kids, Array):
        kids.append(element)
    else:
        document.K = Array([kids, element])
