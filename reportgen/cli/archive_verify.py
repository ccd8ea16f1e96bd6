"""reportgen archive verify."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import office, progress
from reportgen.cli.options import desk_options
from reportgen.errors import ArchiveError
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from reportgen.archive.verify import Verdict

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("verify")
@click.option(
    "--head",
    "heads",
    type=FILE,
    multiple=True,
    help="A copy of a signed head that was kept elsewhere, as mailed or from the anchor; more than once.",
)
@click.option(
    "--trust",
    type=FILE,
    multiple=True,
    help="Certificates (PEM) to trust for signers besides [signing] trust of desk.toml; more than once.",
)
@click.option(
    "--tsa-trust",
    type=FILE,
    multiple=True,
    help="Certificates (PEM) to trust for time stamps besides [signing] tsa_trust; more than once.",
)
@click.option("--without-signatures", is_flag=True, help="Hash and walk the chain alone, which is fast.")
@office.json_option
@office.archive_option
@desk_options
@click.pass_context
def command(
    ctx: click.Context,
    desk: Desk,
    root: Path | None,
    heads: tuple[Path, ...],
    trust: tuple[Path, ...],
    tsa_trust: tuple[Path, ...],
    without_signatures: bool,
    as_json: bool,
) -> None:
    """Hash every file anew, walk the chain of the ledger, check every signature and time stamp.

    \b
    1 the archive holds its identity and ledger, and no unknown file
    2 the ledger is whole: entries canonical, in order, each naming the one before
    3 heads, kept here or elsewhere, are those of this ledger
    4 every file is there and has the digest that it is named by
    5 what others approved is what was submitted, and what was published begins with it
    6 signatures hold, by keys that were valid and trusted
    7 time stamps hold

    Exit status 8 if anything is wrong; each fault is named. What an interrupted command left behind is
    told as unfinished: the next one puts it in order. A ledger that was cut shorter together with its heads
    can be told only from a head kept elsewhere: those in the folder that [archive] anchor names, and those
    named with --head, are asked.
    """
    from reportgen.archive.verify import verify

    place = office.root_of(desk, root)
    anchored, missing = _anchored(desk, place)
    trusted, stamping = ((), ()) if without_signatures else _trusted(desk, trust, tsa_trust)
    with progress.shown() as say:
        verdict = verify(
            place,
            trusted,
            stamp_trust=stamping,
            heads=(*heads, *anchored),
            signatures=not without_signatures,
            progress=say,
        )
    if missing:
        verdict = replace(verdict, unfinished=(*verdict.unfinished, missing))
    click.echo(_json(verdict) if as_json else _text(verdict))
    if not verdict.ok:
        ctx.exit(ArchiveError.exit_code)


def _anchored(desk: Desk, root: Path) -> tuple[tuple[Path, ...], str]:
    """Return the copies of heads in the desk's anchor, or why there is none."""
    from reportgen import config
    from reportgen.archive.archive import copies_of_heads

    anchor = config.load_desk(desk.folder).archive.anchor_folder(desk.folder)
    if anchor is None:
        return (), ""
    if found := copies_of_heads(anchor, root):
        return found, ""
    return (), f"anchor {anchor}: holds no head of this archive, so that a cut at the end would not be found"


def _trusted(
    desk: Desk, trust: tuple[Path, ...], tsa_trust: tuple[Path, ...]
) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
    """Return the certificates that vouch for signers, and those for time-stamping authorities."""
    from reportgen import config
    from reportgen.archive.keys import load_certificates

    settings, folder = config.load_desk(desk.folder).signing, desk.folder or Path()
    return (
        load_certificates([*settings.trust_files(folder), *trust]),
        load_certificates([*settings.tsa_trust_files(folder), *tsa_trust]),
    )


def _text(verdict: Verdict) -> str:
    from reportgen.archive.verify import CHECKS, SIGNATURES, STAMPS

    lines = []
    for check, words in CHECKS.items():
        found = [fault for fault in verdict.faults if fault.check == check]
        if check in (SIGNATURES, STAMPS) and check not in verdict.seconds and not found:
            lines.append(f"{check}     -  {words}: none checked")
            continue
        lines.append(f"{check}  {'FAULT' if found else '   ok'}  {words}")
        lines += [f"          {fault}" for fault in found]
    lines += [f"unfinished: {said}" for said in verdict.unfinished]
    size = f"{verdict.size / 1e6:.1f} MB"
    lines.append(
        f"{verdict.entries} entries, {verdict.objects} files of {size}, {verdict.signatures} signatures: "
        + ("all is well" if verdict.ok else _count(len(verdict.faults)))
    )
    if verdict.test_signed:
        notes = "1 note is" if verdict.test_signed == 1 else f"{verdict.test_signed} notes are"
        lines.append(f"{notes} signed by a TEST key, not for publication")
    if verdict.head is not None:
        last, spoken = verdict.head[0], verdict.spoken_for
        lines.append(f"entries for which a signed head speaks: {f'1 to {spoken}' if spoken else 'none yet'}")
        if spoken < last:
            later = f"{spoken + 1} to {last}" if spoken + 1 < last else f"{last}"
            lines[-1] += f"; not yet: {later}"
        lines.append(f"head: entry {verdict.head[0]}, {verdict.head[1]}")
    return "\n".join(lines)


def _count(faults: int) -> str:
    return "1 fault" if faults == 1 else f"{faults} faults"


def _json(verdict: Verdict) -> str:
    content = {
        "ok": verdict.ok,
        "faults": [{"check": f.check, "subject": f.subject, "message": f.message} for f in verdict.faults],
        "unfinished": list(verdict.unfinished),
        "entries": verdict.entries,
        "objects": verdict.objects,
        "bytes": verdict.size,
        "signatures": verdict.signatures,
        "head": None if verdict.head is None else {"seq": verdict.head[0], "digest": verdict.head[1]},
        "test_signed": verdict.test_signed,
        "signed_heads_speak_up_to": verdict.spoken_for,
        "seconds": {str(check): round(spent, 3) for check, spent in sorted(verdict.seconds.items())},
    }
    return json.dumps(content, ensure_ascii=False, indent=1)
