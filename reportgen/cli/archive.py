"""reportgen archive: one module a verb, loaded when it is called."""

from __future__ import annotations

import importlib

import click

# name of the command -> one line of help; the module archive_<name> holds it
COMMANDS = {
    "create": "Make a new archive.",
    "diff": "Show what changed between two notes: words, numbers, charts, disclosures.",
    "export": "Write a regulator's package that proves itself.",
    "hold": "Place or lift a legal hold.",
    "list": "List the notes and where each stands.",
    "reproduce": "Build a note again from what it sealed, and compare bytes.",
    "show": "Show one note: files, approvals, trail.",
    "site": "Write a reading room of static pages.",
    "verify": "Hash everything anew, walk the chain, check every signature.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"reportgen.cli.archive_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group("archive", cls=_Lazy)
def command() -> None:
    """Look into the archive of published notes, and prove that it is whole."""
