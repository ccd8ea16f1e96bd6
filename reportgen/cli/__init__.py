"""The command line: one module a verb, loaded when it is called."""

from __future__ import annotations

import contextlib
import errno
import importlib
import sys
from keyword import iskeyword
from pathlib import Path
from typing import Any, NoReturn

import click

from reportgen import __version__
from reportgen.errors import HostError, ReportgenError

# name of the command -> one line of help; the module of the same name holds it
COMMANDS = {
    "approve": "Approve a submitted note: these bytes and no others.",
    "archive": "List, show, compare, verify and export what is archived.",
    "build": "Build a note: PDF, HTML, facts and figures.",
    "check": "Check a built note: files, copies, PDF standards.",
    "correct": "Submit a new revision of a published note.",
    "deliveries": "Say who received which note, and read what bounced.",
    "doctor": "Say what is installed, configured and stale.",
    "facts": "Compute the facts and findings of a moment.",
    "fetch": "Fill the store from the publishers.",
    "gauge": "Print the liquidity gauge day by day.",
    "init": "Make a new desk folder.",
    "keys": "Make a test key, or say what a signing key is.",
    "preview": "Show the page in a browser, again at every save.",
    "publish": "Sign an approved note and publish it.",
    "return": "Give a note back to its analysts.",
    "run": "Fetch, build, check and submit, for cron.",
    "send": "Send a published note to the desk's clients, each once.",
    "series": "Say which series are held and how fresh they are.",
    "submit": "Seal a built note and put it before the approvers.",
    "withdraw": "Mark a note as withdrawn.",
}
INTERRUPTED = 130  # what a shell reports for a process ended by Ctrl-C


class _Lazy(click.Group):
    """Load a command's module only when the command is called, and turn its errors into exit statuses."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = importlib.import_module(f"reportgen.cli.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except ReportgenError as error:
            _refuse(ctx, error)
        except KeyboardInterrupt:
            click.echo(err=True)
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader has gone, as in `| head`; click ends quietly
                raise
            _refuse(ctx, _host_error(error))
        return result


def _refuse(ctx: click.Context, error: ReportgenError) -> NoReturn:
    click.echo(f"reportgen: {error}", err=True)
    ctx.exit(error.exit_code)


def _host_error(error: OSError) -> HostError:
    """Name the file that the machine refused; an error without one came from writing to stdout."""
    said = error.strerror or str(error)
    if error.filename is not None:
        return HostError(f"{error.filename}: {said}", hint="Check its permissions and the space on its disk.")
    with contextlib.suppress(OSError):
        sys.stdout.close()  # else Python tries once more at exit, and complains
    return HostError(f"standard output: {said}", hint="Check the space on the disk it goes to.")


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-v", "--version", prog_name="reportgen", message="%(prog)s %(version)s")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="REPORTGEN_DATA",
    help="Folder of the store; the embedded data until one is named.",
)
@click.option(
    "--desk",
    type=click.Path(path_type=Path),
    envvar="REPORTGEN_DESK",
    help="Folder of the desk: desk.toml, thresholds, events, commentary.",
)
@click.pass_context
def cli(ctx: click.Context, data: Path | None, desk: Path | None) -> None:
    """Write the weekly research note of a rates desk from public data.

    Every printed number is a fact with a pedigree, and nothing that was not public at the as-of is used.
    """
    ctx.obj = {"data": data, "desk": desk}


def main() -> None:
    """Run the command line and leave with the status of what happened."""
    cli(prog_name="reportgen")
