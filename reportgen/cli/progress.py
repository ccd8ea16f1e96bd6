"""The stage of long work, shown on stderr when that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def shown() -> Iterator[Callable[[str], None]]:
    """Hand over a function that shows a stage; the last one is wiped away, whatever happens."""
    visible = sys.stderr.isatty()

    def say(stage: str) -> None:
        if visible:
            click.echo(f"\r\x1b[K{stage} …", err=True, nl=False)

    try:
        yield say
    finally:
        if visible:
            click.echo("\r\x1b[K", err=True, nl=False)
