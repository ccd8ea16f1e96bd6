"""Wheel, sdist and editable install carry what they should and nothing else; the repository is tidy."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "benchmarks",
    "charts",
    "output",
    "pyproject.toml",
    "reportgen",
    "requirements-dev.lock",
    "requirements.lock",
    "templates",
    "tests",
}
RESTRICTED = "reportgen/embedded/restricted/"
MEGABYTE = 1_000_000

# Written in pieces, so that this file does not find itself.
HOSTS = ["py" + "pi.org", "pythonhosted" + ".org", "registry.npm" + "js.org", "deb.deb" + "ian.org"]
FOLDERS = ["/wo" + "rk/", "/ro" + "ot/", "/opt/py" + "pi", "/opt/whe" + "els", "/ho" + "me/", "/Us" + "ers/"]
FORBIDDEN = re.compile("|".join(map(re.escape, HOSTS + FOLDERS)).encode())


def tracked(root: Path, *folders: str) -> list[str]:
    """List the committed files, or skip outside a clone (a source archive has no list)."""
    if not (root / ".git").exists():
        pytest.skip("not a clone")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--", *folders], cwd=root, capture_output=True, text=True, check=True
    )
    return [name for name in listing.stdout.split("\0") if name and (root / name).is_file()]


def test_top_level_has_only_the_allowed_names(root: Path) -> None:
    assert {name.split("/")[0] for name in tracked(root)} <= TOP_LEVEL


def test_no_committed_file_names_a_registry_or_a_machine(root: Path) -> None:
    found = [
        f"{name}: {hit.group().decode()}"
        for name in tracked(root)
        if (content := (root / name).read_bytes()) and b"\0" not in content
        for hit in FORBIDDEN.finditer(content)
    ]
    assert found == []


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-dev.lock", "benchmarks/requirements.lock"]
)
def test_locks_pin_and_hash_everything_and_name_no_address(lock: str, root: Path) -> None:
    text = (root / lock).read_text()
    entries = re.split(r"\n(?=[a-z])", text.strip())
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[\w.]+( ;[^\n]+)? \\\n    --hash=sha256:[0-9a-f]{64}", entry), entry
    assert "://" not in text
    assert " @ " not in text


def test_locks_agree(root: Path) -> None:
    def pins(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (root / lock).read_text(), re.MULTILINE))

    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime.items() <= development.items()


@pytest.fixture(scope="session")
def source(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the committed files, as a clone would have them."""
    clone = tmp_path_factory.mktemp("clone")
    for name in tracked(root):
        target = clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target)
    return clone


@pytest.fixture(scope="session")
def sdist(source: Path) -> Path:
    return build(source, "--sdist")


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the unpacked sdist, which proves the sdist whole."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    return build(unpacked, "--wheel")


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a fresh environment."""
    folder = environment(tmp_path_factory.mktemp("environment"))
    install(wheel, folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "direct"])
def test_wheel_carries_the_tracked_assets_unchanged(kind: str, wheel: Path, source: Path, root: Path) -> None:
    built = wheel if kind == "wheel" else build(source, "--wheel")
    with zipfile.ZipFile(built) as archive:
        packed = {
            name.removeprefix("reportgen/_assets/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("reportgen/_assets/")
        }
    assert packed == {name: (source / name).read_bytes() for name in tracked(root, "templates", "charts")}


@pytest.mark.slow
def test_wheel_carries_the_package_without_restricted_data(wheel: Path, root: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.startswith("reportgen/_assets/")}
    package = {name for name in tracked(root, "reportgen") if not name.startswith(RESTRICTED)}
    assert {name for name in packed if ".dist-info/" not in name} == package
    assert wheel.stat().st_size < 15 * MEGABYTE


@pytest.mark.slow
def test_sdist_has_no_restricted_data(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        assert not [name for name in archive.getnames() if RESTRICTED in f"{name}/"]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["templates", "charts"])
def test_missing_asset_folder_stops_the_build(folder: str, source: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(source, broken, ignore=shutil.ignore_patterns("restricted", "*.parquet"))
    shutil.rmtree(broken / folder)
    with pytest.raises(AssertionError, match=f"Forced include not found: .*{folder}"):
        build(broken, "--wheel")


@pytest.mark.slow
def test_installed_wheel_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert "Usage: reportgen" in run(installed, tmp_path, "--help")
    assert "ust.10y.level" in run(installed, tmp_path, "facts", "--as-of", "2025-04-10", "--json")


@pytest.mark.slow
def test_installed_wheel_builds_a_note_without_restricted_data(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "build", "--as-of", "2025-04-10", "--out", str(tmp_path))
    note = tmp_path / "2025-04-10" / "treasury-weekly"
    assert (note / "note.pdf").read_bytes().startswith(b"%PDF-")
    assert (note / "note.html").read_text().lstrip().lower().startswith("<!doctype html>")


@pytest.mark.slow
def test_editable_install_reads_the_checkout(source: Path, tmp_path: Path) -> None:
    folder = environment(tmp_path / "environment")
    install(source, folder, "--no-build-isolation", "--editable")
    script = "from reportgen.assets import asset_dir; print(asset_dir('templates'))"
    output = subprocess.run(
        [folder / "bin" / "python", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(output.stdout.strip()) == (source / "templates").resolve()


def build(folder: Path, kind: str) -> Path:
    """Build the sdist or the wheel of a folder with the tools at hand, without network."""
    out = folder / "dist" / kind.strip("-")
    process = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", out, folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    (built,) = out.iterdir()
    return built


def environment(folder: Path) -> Path:
    """Make an environment that borrows this one's libraries, but not its reportgen."""
    venv.create(folder, with_pip=False)
    borrowed = folder / "borrowed"
    borrowed.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "reportgen" not in entry.name:
            (borrowed / entry.name).symlink_to(entry)
    (site_packages,) = (folder / "lib").glob("python3.*/site-packages")
    (site_packages / "borrowed.pth").write_text(f"{borrowed}\n")
    return folder


def install(what: Path, environment: Path, *options: str) -> None:
    """Install into an environment with its borrowed pip, without network."""
    pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([environment / "bin" / "python", *pip, *options, what], check=True)


def run(environment: Path, cwd: Path, *arguments: str) -> str:
    """Run the installed command away from the checkout."""
    process = subprocess.run(
        [environment / "bin" / "reportgen", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return process.stdout
