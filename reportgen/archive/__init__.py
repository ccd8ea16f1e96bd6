"""The archive of published notes: sealed files, the ledger of their lives, signatures, proof."""

from __future__ import annotations

from reportgen.archive.archive import Archive
from reportgen.archive.ledger import PROGRAM, Actor, Entry
from reportgen.archive.objects import Objects
from reportgen.archive.records import Approval, Hold, NoteRecord
from reportgen.archive.writer import Writer

__all__ = ["PROGRAM", "Actor", "Approval", "Archive", "Entry", "Hold", "NoteRecord", "Objects", "Writer"]
