"""`doctor`: what is installed, configured and stale, and whether a note can be built."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata

import pytest

from reportgen.cli import host
from reportgen.errors import HostError

NO_PANGO = """
import cffi
dlopen = cffi.FFI.dlopen
def without_pango(self, name, flags=0):
    if "pango" in str(name):
        raise OSError(f"cannot load library '{name}': no such file. Additionally, nothing was found")
    return dlopen(self, name, flags)
cffi.FFI.dlopen = without_pango
from reportgen.cli import main
main()
"""


def examined(run, *arguments, status=0):
    result = run("doctor", *arguments, "--json")
    assert result.exit_code == status, result.output
    document = json.loads(result.stdout)
    assert document["exit"] == status
    return document["checks"]


def named(checks, about):
    return [check for check in checks if check["about"] == about]


def test_a_machine_that_can_build(run):
    checks = examined(run)
    assert not [check for check in checks if check["state"] == "fault"]
    (libraries,) = named(checks, "libraries")
    for name in ("numpy", "pyarrow", "weasyprint", "click"):
        assert f"{name} {metadata.version(name)}" in libraries["found"]
    (pango,) = named(checks, "Pango")
    assert tuple(map(int, pango["found"].split("."))) >= host.OLDEST_PANGO
    (fonts,) = named(checks, "fonts")
    assert fonts["found"] == "IBM Plex Sans, IBM Plex Serif"
    (data,) = named(checks, "data")
    assert data["found"].startswith("embedded data: ")
    assert "newest 10-year yield 2026-08-20" in data["found"]
    present, default = named(checks, "age")
    assert present["found"].startswith("2026-11-23 12:00: 0 fresh, ")
    assert default["found"].startswith("2026-06-18 23:59: ")
    assert "stale: tic_total" in default["found"]
    assert {"templates", "charts", "desk", "veraPDF", "restricted", "harfbuzz-subset"} <= {
        c["about"] for c in checks
    }


def test_the_text_shows_every_check(run):
    checks = examined(run)
    text = run("doctor").stdout
    for check in checks:
        assert check["found"].splitlines()[0] in text


def test_what_is_lacking_comes_with_the_command(run, monkeypatch):
    def lacking(name):
        if name == "pikepdf":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr("reportgen.cli.doctor.metadata.version", lacking)
    monkeypatch.setattr("reportgen.cli.host.has_harfbuzz_subset", lambda: False)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if name == "apt-get" else None)
    checks = examined(run, status=12)
    (fault,) = [check for check in checks if check["state"] == "fault"]
    assert fault["found"] == "not installed: pikepdf"
    assert fault["remedy"].endswith("-m pip install pikepdf")
    (harfbuzz,) = named(checks, "harfbuzz-subset")
    assert harfbuzz["state"] == "remark"
    assert harfbuzz["remedy"].endswith("apt-get install -y libharfbuzz-subset0")
    assert named(checks, "veraPDF")[0]["state"] == "remark"


def test_an_old_pango_is_a_fault(run, monkeypatch):
    monkeypatch.setattr("reportgen.cli.host.pango_version", lambda: (1, 42, 4))
    (pango,) = named(examined(run, status=12), "Pango")
    assert pango["found"] == "1.42.4, expected 1.44 or newer"


@pytest.mark.parametrize("command", ["doctor", pytest.param("build", marks=pytest.mark.slow)])
def test_without_pango(command, tmp_path):
    arguments = (
        ["build", "--as-of", "2025-04-10", "--out", tmp_path / "out"] if command == "build" else ["doctor"]
    )
    process = subprocess.run(
        [sys.executable, "-c", NO_PANGO, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    said = process.stdout if command == "doctor" else process.stderr
    assert process.returncode == HostError.exit_code
    assert "the PDF cannot be set: cannot load library 'libpango-1.0-0'" in said
    assert "Pango 1.44 or newer is needed" in said
    assert host.pango_command() in said
    assert "Traceback" not in process.stderr
    assert "WeasyPrint could not import" not in process.stdout + process.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("program", "user", "command"),
    [
        ("apt-get", 0, "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0"),
        ("apt-get", 1000, "sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0"),
        (
            "brew",
            501,
            "brew install pango && export DYLD_FALLBACK_LIBRARY_PATH=$(brew --prefix)/lib:/usr/lib",
        ),
        (
            "",
            1000,
            "this system's package manager (Debian: libpango-1.0-0 libpangoft2-1.0-0; Homebrew: pango)",
        ),
    ],
)
def test_the_command_fits_the_machine(monkeypatch, program, user, command):
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if name == program else None)
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert host.pango_command() == command


def test_the_commands_are_those_of_the_set_up(root):
    script = (root / ".ci" / "system-packages").read_text(encoding="utf-8")
    for packages in ('"libpango-1.0-0 libpangoft2-1.0-0" pango', "libharfbuzz-subset0 harfbuzz"):
        assert packages in script


def test_every_fault_of_a_desk_is_told(run, desk):
    for name, old, new in (
        ("desk.toml", "[brand]\n", '[brand]\nslogan = "x"\n'),
        ("thresholds.toml", "value = 5\n", 'value = "five"\n'),
        ("events.toml", "weight = 1\n", "weight = 7\n"),
    ):
        file = desk / name
        file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    checks = examined(run, "--desk", desk, status=3)
    faults = "\n".join(check["found"] for check in checks if check["state"] == "fault")
    for words in ("brand.slogan: unknown key", "gauge.sofr_iorb.watch: value: ", "event.0.weight: "):
        assert words in faults


def test_a_threshold_that_the_desk_forgot(run, desk):
    file = desk / "thresholds.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('id = "gauge.vix.stress"', 'id = "gauge.vix.other"'), encoding="utf-8")
    (fault,) = [c for c in examined(run, "--desk", desk, status=3) if c["state"] == "fault"]
    assert fault["found"] == "thresholds.toml: no entry gauge.vix.stress"


def test_a_desk_that_is_not_there(run, tmp_path):
    (fault,) = [c for c in examined(run, "--desk", tmp_path / "absent", status=3) if c["state"] == "fault"]
    assert str(tmp_path / "absent") in fault["found"]
    assert "reportgen init" in fault["remedy"]


def test_a_faulty_store(run, store):
    (store / "tic.parquet").write_bytes(b"PAR1")
    (fault,) = [c for c in examined(run, "--data", store, status=4) if c["state"] == "fault"]
    assert "tic.parquet: not a readable Parquet file" in fault["found"]


def test_a_store_too_old_for_a_note_of_today(run, store):
    checks = examined(run, "--data", store, status=4)
    (fault,) = [check for check in checks if check["state"] == "fault"]
    assert "newest 10-year yield is of 2026-08-20" in fault["found"]
    (restricted,) = named(checks, "restricted")
    assert restricted["state"] == "remark"
    assert restricted["found"].startswith(
        "folder absent; not licensed here: spx, vix, move, dxy, hy_oas, ig_oas"
    )


def test_the_machine_counts_before_the_desk_and_the_desk_before_the_data(run, monkeypatch, desk, store):
    (store / "tic.parquet").write_bytes(b"PAR1")
    (desk / "events.toml").write_text("[[event")
    examined(run, "--desk", desk, "--data", store, status=3)
    monkeypatch.setattr("reportgen.cli.host.pango_version", lambda: (1, 42, 4))
    checks = examined(run, "--desk", desk, "--data", store, status=12)
    assert len([check for check in checks if check["state"] == "fault"]) == 3
