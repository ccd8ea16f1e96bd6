"""The PDF, set beside the rest: its renderer takes long to load and long to work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.pipeline.aside import Aside

if TYPE_CHECKING:  # a command that only computes loads neither
    from reportgen.render.attachments import Attached
    from reportgen.render.context import NoteContext

_VALIDATOR = "page"  # has threads of its own once it has validated a file


def press(templates: Path, note: str, lang: str, check: Callable[[], object] = lambda: None) -> Aside[bytes]:
    """Make the process that will set a note; begun early, it is ready when the words are.

    Shape: check raises what the machine lacks, before all else.
    """

    def ready() -> None:
        check()
        from reportgen.render.press import compile_templates

        compile_templates(templates, note, lang)

    return Aside(_document, ready, threaded=_VALIDATOR)


def _document(context: NoteContext, templates: Path, attachments: Sequence[Attached]) -> bytes:
    from reportgen.render import pdf

    return pdf.document(context, templates, attachments)


__all__ = ["press"]
