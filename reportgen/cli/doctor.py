"""reportgen doctor."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reportgen import __version__, catalog, config
from reportgen.assets import asset_dir
from reportgen.cli import host
from reportgen.cli.options import desk_options, now
from reportgen.errors import ConfigError, DataError, FetchError, HostError, ReportgenError
from reportgen.indicators.freshness import freshness
from reportgen.indicators.measures import registry
from reportgen.indicators.thresholds import load_thresholds
from reportgen.model import NEW_YORK
from reportgen.pipeline.analysis import REQUIRED_RESTRICTED, Desk, analyse, default_as_of
from reportgen.pipeline.fetch_state import State
from reportgen.render import fonts
from reportgen.store import RESTRICTED, Store

if TYPE_CHECKING:
    from reportgen.sources import Probe, Source
    from reportgen.sources.transport import Transport

# Which of several faults decides the exit status.
_ORDER = (HostError.exit_code, ConfigError.exit_code, DataError.exit_code, FetchError.exit_code)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; a fault stands in the way of a note, a remark does not."""

    about: str
    state: Literal["ok", "remark", "fault"]
    found: str
    remedy: str | None = None
    exit_code: int = 0


@click.command("doctor")
@click.option("--live", is_flag=True, help="Ask each publisher whether it can be reached, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@desk_options
def command(desk: Desk, live: bool, as_json: bool) -> None:
    """Say what is installed, configured and stale.

    Exit status: 0 when a note can be built, 12 when the machine lacks something, 3 for a faulty desk, 4 for
    data from which no note can be made; with --live, 11 when a publisher cannot be reached.
    """
    checks = examine(desk, now())
    if live:
        checks += _live(desk)
    codes = {check.exit_code for check in checks if check.state == "fault"}
    status = next((code for code in _ORDER if code in codes), max(codes, default=0))
    if as_json:
        content = {"exit": status, "checks": [dataclasses.asdict(check) for check in checks]}
        click.echo(json.dumps(content, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(_lines(checks)))
    click.get_current_context().exit(status)


def examine(desk: Desk, present: dt.datetime) -> list[Check]:
    """Look at everything that a note needs; what fails is told, never raised."""
    checks = [*_software(), *_machine(), *_assets(), *_desk(desk)]
    store: Store | None = None
    try:
        store = desk.store()
    except ReportgenError as error:
        checks.append(_fault("data", error))
    if desk.data is not None:
        checks += _fetches(desk.data)
    if store is not None:
        checks += _data(desk, store)
        # A desk that cannot be read has been told above.
        if not any(check.exit_code == ConfigError.exit_code for check in checks):
            checks += _analysis(desk, store, present)
    return checks


def _lines(checks: list[Check]) -> Iterator[str]:
    width = max(len(check.about) for check in checks)
    for check in checks:
        found = check.found.replace("\n", f"\n{'':<{width + 10}}")
        yield f"{check.state:<8}{check.about:<{width}}  {found}"
        if check.remedy:
            yield f"{'':<{width + 10}}{check.remedy}"


def _fault(about: str, error: ReportgenError, exit_code: int | None = None) -> Check:
    return Check(about, "fault", error.message, error.hint, exit_code or error.exit_code)


def _software() -> Iterator[Check]:
    yield Check("reportgen", "ok", f"{__version__}, Python {platform.python_version()}")
    try:
        wanted = _requirements()
    except metadata.PackageNotFoundError:
        yield Check("libraries", "remark", "not known: reportgen is not installed as a package")
        return
    found, lacking = [], []
    for name in wanted:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lacking.append(name)
    yield Check("libraries", "ok", ", ".join(found))
    if lacking:
        remedy = f"{sys.executable} -m pip install {' '.join(lacking)}"
        yield Check("libraries", "fault", f"not installed: {', '.join(lacking)}", remedy, HostError.exit_code)


def _requirements() -> list[str]:
    """Name the packages that reportgen's own metadata ask for, without the optional ones."""
    wanted = [line for line in metadata.requires("reportgen") or [] if "extra ==" not in line]
    return [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in wanted]


def _machine() -> Iterator[Check]:
    version = host.pango_version()
    shown = "not found" if version is None else ".".join(map(str, version))
    try:
        host.require_renderer()
    except HostError as error:
        yield _fault("Pango", error)
    else:
        if version is not None and version < host.OLDEST_PANGO:
            oldest = ".".join(map(str, host.OLDEST_PANGO))
            found = f"{shown}, expected {oldest} or newer"
            yield Check("Pango", "fault", found, host.pango_command(), HostError.exit_code)
        else:
            yield Check("Pango", "ok", shown)
    if host.has_harfbuzz_subset():
        yield Check("harfbuzz-subset", "ok", "found")
    else:
        found = "not found; the PDF takes longer without it"
        yield Check("harfbuzz-subset", "remark", found, host.harfbuzz_command())
    verapdf = shutil.which("verapdf")
    if verapdf is None:
        yield Check("veraPDF", "remark", "not on PATH; the built-in validator proves the PDF alone")
    else:
        yield Check("veraPDF", "ok", verapdf)


def _assets() -> Iterator[Check]:
    for name in ("templates", "charts"):
        try:
            yield Check(name, "ok", str(asset_dir(name)))
        except ReportgenError as error:
            yield _fault(name, error, HostError.exit_code)


def _desk(desk: Desk) -> Iterator[Check]:
    where = "the house's example; `reportgen init DIR` makes your own" if desk.folder is None else None
    faults: list[Check] = []
    settings = None
    readers: tuple[Callable[[], object], ...] = (
        lambda: _thresholds(desk),
        desk.events,
        desk.put_rules_in_force,
    )
    try:
        settings = config.load_desk(desk.folder)
    except ReportgenError as error:
        faults.append(_fault("desk", error))
    if desk.folder is None or desk.folder.is_dir():
        for read in readers:
            try:
                read()
            except ReportgenError as error:
                faults.append(_fault("desk", error))
    if faults:
        yield from faults
    elif settings is not None:
        yield Check("desk", "ok", where or f"{desk.folder}: {settings.brand.name}")
    brand = config.Fonts() if settings is None else settings.brand.fonts
    try:
        yield Check("fonts", "ok", ", ".join(sorted({face.family for face in fonts.faces(brand)})))
    except ReportgenError as error:
        yield _fault("fonts", error, HostError.exit_code)


def _thresholds(desk: Desk) -> None:
    """Raise for a thresholds file that is malformed, or lacks what the gauge and the findings ask for."""
    own = desk.thresholds()
    lacking = sorted(set(load_thresholds().ids) - set(own.ids))
    if lacking:
        raise ConfigError(f"thresholds.toml: no entry {', '.join(lacking)}")


def _data(desk: Desk, store: Store) -> Iterator[Check]:
    known = catalog.all_series()
    held = [series_id for series_id in known if series_id in store.held]
    newest = store.newest("ust_10y")
    which = "embedded data" if desk.data is None else str(desk.data)
    yield Check("data", "ok", f"{which}: {len(held)} of {len(known)} series, newest 10-year yield {newest}")
    strangers = sorted(store.held - known.keys())
    if strangers:
        yield Check("data", "remark", f"not in the catalogue: {', '.join(strangers)}")
    folder = "present" if (store.folder / RESTRICTED).is_dir() else "absent"
    unlicensed = [series_id for series_id in REQUIRED_RESTRICTED if series_id not in store.held]
    if unlicensed:
        found = f"folder {folder}; not licensed here: {', '.join(unlicensed)}; the note says so"
        yield Check("restricted", "remark", found)
    else:
        count = sum(known[series_id].restricted for series_id in held)
        yield Check("restricted", "ok", f"folder {folder}; {count} series may be quoted but not handed on")


def _fetches(folder: Path) -> Iterator[Check]:
    """Say how each source's last turn went."""
    state = State.read(folder)
    if state.damage is not None:
        yield Check("fetch", "remark", state.damage, "The next fetch sets it aside and asks for everything.")
    for source, turn in sorted(state.sources.items()):
        at = _minute(turn["at"])
        if turn["state"] == "complete":
            yield Check(f"fetch {source}", "ok", f"complete on {at}")
            continue
        good = f"last complete on {_minute(turn['complete'])}" if turn.get("complete") else "never complete"
        found = f"{turn['state']} on {at}, since {_minute(turn['since'])}; {good}"
        yield Check(f"fetch {source}", "remark", f"{found}\n{turn['why'] or 'see the quarantine reports'}")


def _live(desk: Desk) -> Iterator[Check]:
    """Ask each publisher for one small thing, all at once."""
    from concurrent.futures import ThreadPoolExecutor

    from reportgen.cli.fetch import connect, known_sources

    try:
        settings = config.load_desk(desk.folder).fetch
        sources = known_sources(desk, settings)
        with connect(desk, settings)({}) as transport, ThreadPoolExecutor(len(sources)) as pool:
            probes = list(pool.map(lambda source: _probe(source, transport), sources.values()))
    except ReportgenError as error:
        yield _fault("live", error)
        return
    for probe in probes:
        needs = ", ".join(need for need in probe.needs if need != "nothing")
        remedy = f"It needs {needs}." if needs else None
        if probe.reachable:
            yield Check(f"live {probe.source}", "ok", probe.detail, remedy)
        else:
            yield Check(f"live {probe.source}", "fault", probe.detail, remedy, FetchError.exit_code)


def _probe(source: Source, transport: Transport) -> Probe:
    """Ask a publisher; a fault of ours in one spoils no other."""
    from reportgen.sources import Probe

    try:
        return source.probe(transport)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told as this publisher's
        words = transport.redact(f"{type(error).__name__}: {error}")
        return Probe(source.id, False, (), f"a fault of reportgen itself ({words})")


def _minute(moment: str) -> str:
    return f"{dt.datetime.fromisoformat(moment).astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def _analysis(desk: Desk, store: Store, present: dt.datetime) -> Iterator[Check]:
    """Say what of the inputs is old, and compute the facts that a note built now would rest on."""
    try:
        moment = default_as_of(desk, store, present)
        if moment != present:
            yield Check("age", "remark", _ages(store, present)[0])
        yield Check("age", "ok" if len(ages := _ages(store, moment)) == 1 else "remark", "\n".join(ages))
        facts = analyse(desk, moment, present).facts
    except ReportgenError as error:
        yield _fault("facts", error)
    else:
        yield Check("facts", "ok", f"{len(facts.facts)} facts, {len(facts.missing)} missing")


def _ages(store: Store, moment: dt.datetime) -> list[str]:
    """Count the series that the facts read by their state, and name those that are not fresh."""
    snapshot = store.snapshot(moment)
    wanted = dict.fromkeys(
        series_id for m in registry().values() for series_id, _ in (*m.terms, *m.otherwise)
    )
    found: dict[str, list[str]] = {"fresh": []}
    for series_id in wanted:
        found.setdefault(freshness(snapshot, series_id).state, []).append(series_id)
    counts = ", ".join(f"{len(ids)} {state}" for state, ids in found.items())
    named = [f"{state}: {', '.join(ids)}" for state, ids in found.items() if state != "fresh"]
    return [f"{moment.astimezone(NEW_YORK):%Y-%m-%d %H:%M}: {counts}", *named]
