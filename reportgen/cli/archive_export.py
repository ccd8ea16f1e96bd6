"""reportgen archive export."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reportgen.assets import asset_dir
from reportgen.cli import host, office, progress
from reportgen.cli.options import desk_options
from reportgen.cli.passphrase import passphrase_of, passphrase_option
from reportgen.pipeline.desk import Desk

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("export")
@click.option("--from", "begin", type=DAY, required=True, help="First day, New York time.")
@click.option("--to", "end", type=DAY, required=True, help="Last day, New York time.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder for the package, or a new file that ends in .zip.",
)
@click.option(
    "--with-packs",
    is_flag=True,
    help="Add the data packs; some series in them must not be handed on without their publisher's consent.",
)
@click.option(
    "--whole-trail", is_flag=True, help="Withhold no entry, not even on the delivery of other notes."
)
@office.why_option
@office.archive_option
@office.person_option
@passphrase_option
@desk_options
def command(
    desk: Desk,
    begin: dt.datetime,
    end: dt.datetime,
    out: Path,
    with_packs: bool,
    whole_trail: bool,
    why: str,
    root: Path | None,
    person: str,
    passphrase_file: Path | None,
) -> None:
    """Write a package for a regulator: notes, trail, proof, and a verifier of one file.

    It holds every note to which anything happened in the days: the sealed files under readable names, the
    trail as CSV, JSON and the ledger's own lines, signed heads, an index as PDF, SHA256SUMS, and verify.py,
    which needs Python and openssl but not reportgen. Where desk.toml names a key, it signs SHA256SUMS:
    without that signature nothing speaks for what a withheld entry hides. To hand records out takes the role
    approver or compliance. The ledger records who did, with what, and each attempt that failed.
    """
    host.require_renderer()
    from reportgen.pipeline import exporting

    acting = office.office_of(desk, root, person)
    exporting.ready(acting, why)
    signing, seal = acting.settings.signing, None
    if key := signing.key_file(desk.folder or Path()):
        passphrase = passphrase_of(key, passphrase_file, keyring=signing.keyring)
        seal = exporting.seal_for(acting, passphrase, why)
    with progress.shown() as say:
        done = exporting.export(
            acting,
            out,
            begin.date(),
            end.date(),
            templates=asset_dir("templates"),
            seal=seal,
            why=why,
            packs=with_packs,
            whole_trail=whole_trail,
            progress=say,
        )
    notes = "1 note" if len(done.notes) == 1 else f"{len(done.notes)} notes"
    click.echo(done.path)
    click.echo(f"{notes}, entries {done.entries[0]} to {done.entries[1]}, {done.withheld} withheld", err=True)
    if done.withheld and not done.signed:
        said = "nothing proves what the withheld entries concern: sign with a key, or give --whole-trail"
        click.echo(f"reportgen: {said}", err=True)
