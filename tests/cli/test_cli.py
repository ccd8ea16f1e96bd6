"""The command line as a whole: options, help, exit statuses, interruptions."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen import __version__, errors
from reportgen.cli import COMMANDS


def python(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script that ends in a command, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, check=False
    )


MAIN = "from reportgen.cli import main\nmain()\n"


@pytest.mark.parametrize("option", ["--version", "-v"])
def test_version(run, option):
    result = run(option)
    assert result.exit_code == 0
    assert result.stdout == f"reportgen {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run, root, command):
    for option in ("--help", "-h"):
        result = run(command, option)
        assert result.exit_code == 0
        assert result.stdout.startswith(f"Usage: cli {command} ")
    assert command in run("--help").stdout
    assert f"reportgen {command}" in (root / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["facts", "--nonsense"], ["gauge", "--from", "2025-04-01"], ["init"]]
)
def test_wrong_usage_has_its_own_status(run, arguments):
    result = run(*arguments)
    assert result.exit_code == errors.UsageError.exit_code
    assert result.stderr.startswith("Usage: ")
    assert result.stdout == ""


def test_data_and_desk_are_accepted_before_and_after_the_command(refused, tmp_path):
    absent = tmp_path / "absent"
    for option, status in (("--data", 4), ("--desk", 3)):
        before = refused(status, option, absent, "facts", "--as-of", "2025-04-10")
        after = refused(status, "facts", "--as-of", "2025-04-10", option, absent)
        assert before == after
        assert f"{absent}: no such folder, expected a " in before


def test_data_and_desk_come_from_the_environment(refused, run, tmp_path, store):
    absent = tmp_path / "absent"
    for name, status in (("REPORTGEN_DATA", 4), ("REPORTGEN_DESK", 3)):
        said = refused(status, "facts", "--as-of", "2025-04-10", env={name: str(absent)})
        assert f"{absent}: no such folder" in said
    # What is typed counts more, and what stands behind the command's name most.
    named = run("series", "ust_10y", "--data", store, env={"REPORTGEN_DATA": str(absent)})
    assert named.exit_code == 0
    assert run("--data", absent, "series", "ust_10y", "--data", store).exit_code == 0
    assert run("series", "ust_10y", env={"REPORTGEN_DATA": ""}).exit_code == 0


def test_each_family_of_errors_has_its_own_status_and_stands_in_the_readme(root):
    families = errors.ReportgenError.__subclasses__()
    statuses = [family.exit_code for family in families]
    assert len(set(statuses)) == len(statuses)
    assert not {0, 1, 130} & set(statuses)
    readme = (root / "README.md").read_text(encoding="utf-8").splitlines()
    for family in families:
        rows = [line for line in readme if line.startswith(f"| {family.exit_code} |")]
        assert len(rows) == 1, family
        assert f"`{family.__name__}`" in rows[0]
        assert {kind.exit_code for kind in family.__subclasses__()} <= {family.exit_code}


@pytest.mark.parametrize("family", errors.ReportgenError.__subclasses__(), ids=lambda f: f.__name__)
def test_an_error_is_one_message_on_stderr_and_its_status(refused, monkeypatch, family):
    def fail(*arguments, **options):
        raise family("what, where, found, expected", hint="What to do next.")

    monkeypatch.setattr("reportgen.cli.facts.analyse", fail)
    assert refused(family.exit_code, "facts") == (
        "reportgen: what, where, found, expected\n  What to do next.\n"
    )


def test_what_the_machine_refuses_names_the_file(refused, monkeypatch):
    def fail(*arguments, **options):
        raise PermissionError(13, "Permission denied", "/some/file")

    monkeypatch.setattr("reportgen.cli.facts.analyse", fail)
    assert refused(12, "facts").startswith("reportgen: /some/file: Permission denied\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "command", [["series", "ust_10y"], ["gauge", "--csv", "--from", "2025-04-10", "--to", "2025-04-10"]]
)
def test_a_full_disk_behind_stdout(command):
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-c", MAIN, *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert process.returncode == 12
    assert process.stderr.startswith("reportgen: standard output: No space left on device\n")
    assert "Traceback" not in process.stderr
    assert "ignored" not in process.stderr


def test_ctrl_c_ends_without_a_traceback():
    process = python(
        "import signal\n"
        "import reportgen.cli.facts as facts\n"
        "facts.analyse = lambda *a, **k: signal.raise_signal(signal.SIGINT)\n" + MAIN,
        "facts",
    )
    assert process.returncode == 128 + signal.SIGINT
    assert process.stdout == ""
    assert process.stderr == "\n"


@pytest.mark.parametrize(
    "command", [["series"], ["gauge", "--csv", "--from", "2018-06-01", "--to", "2024-06-01"]]
)
def test_a_reader_that_goes_away_is_no_error_to_tell(command):
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert said == ""


def test_facts_start_without_what_draws_and_sets():
    process = python(
        "import sys\n"
        "from reportgen.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(*sorted(sys.modules), file=sys.stderr)\n",
        "facts",
        "--as-of",
        "2025-04-10",
    )
    assert process.returncode == 0
    loaded = set(process.stderr.split())
    assert "reportgen.pipeline.analysis" in loaded
    assert not {"pandas", "matplotlib", "jinja2", "weasyprint", "pikepdf"} & loaded
