"""The Jinja environment in which only facts, references and words can be printed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType

import jinja2
from jinja2.bccache import Bucket
from markupsafe import Markup

from reportgen.errors import TemplateError
from reportgen.model import Fact, Ref
from reportgen.render.numerals import FILTERS, Moment, Number, refuse

_FROM_STRING = "<template>"
# What an expression in a template may raise; anything else is a fault of ours and escapes.
_TEMPLATE_FAULTS = (
    jinja2.TemplateError,
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
)


class _Compiled(jinja2.BytecodeCache):
    """Keep compiled templates for the other medium, which prints the same ones."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._held.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._held[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def environment(
    folders: tuple[Path, ...], strings: Mapping[str, str], wrap: Callable[[Fact | Ref, str], Markup]
) -> jinja2.Environment:
    """Build the environment: strict, escaping, with filters that insist on facts.

    Shape: strings are templates that do not lie in files, by the name under which faults report them.
    """

    @jinja2.pass_context  # without it constants would be printed at compile time, past this check
    def finalize(_context: object, found: object) -> object:
        if isinstance(found, jinja2.Undefined):
            return str(found)  # raises, naming the variable
        if isinstance(found, (str, Number, Moment)):
            return found
        if isinstance(found, Fact):
            return wrap(found, found.text)
        if isinstance(found, Ref):
            return wrap(found, found.text)
        raise refuse(found)

    built = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader([str(folder) for folder in folders]), jinja2.DictLoader(strings)]
        ),
        bytecode_cache=_COMPILED,
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
    built.filters.update(FILTERS)
    return built


class Guard:
    """Turn whatever goes wrong in a template into a TemplateError that names the place."""

    def __init__(self, folders: tuple[Path, ...], subject: str) -> None:
        self._folders = [str(folder) for folder in folders]
        self._subject = subject

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or not isinstance(error, _TEMPLATE_FAULTS):
            return
        hint = error.hint if isinstance(error, TemplateError) else None
        raise TemplateError(f"{_message(error)} in {self._place(error)}", hint=hint) from error

    def _place(self, error: BaseException) -> str:
        """Name template and line, the innermost first, then where it was called from."""
        if isinstance(error, jinja2.TemplateSyntaxError):
            return f"{error.name or self._subject} line {error.lineno}"
        places = []
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            name = self._template(frame.filename)
            if name is not None and frame.lineno is not None:
                places.append(f"{name} line {frame.lineno}")
        if not places:
            return self._subject
        return places[0] if len(places) == 1 else f"{places[0]} (from {places[1]})"

    def _template(self, filename: str) -> str | None:
        if filename == _FROM_STRING:
            return self._subject
        under = [folder for folder in self._folders if Path(filename).is_relative_to(folder)]
        return Path(filename).relative_to(max(under, key=len)).as_posix() if under else None


def _message(error: BaseException) -> str:
    if isinstance(error, TemplateError):
        return error.message
    if isinstance(error, jinja2.TemplateNotFound):
        return f"no template {error.name!r}"
    if isinstance(error, jinja2.TemplateError):
        return str(error.message)
    return f"{type(error).__name__}: {error}"
