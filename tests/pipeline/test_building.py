"""Whole notes: the contract of the files, the same bytes in another process, conformant PDF on many days."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reportgen.embedded import FOLDER
from reportgen.store import SCHEMA, Store, table, write

# Calm weeks, crises, holidays, a shutdown, the first and the last weeks of the embedded data.
SAMPLE = (
    "2018-06-01", "2018-12-24", "2019-06-14", "2019-09-18", "2020-03-20", "2021-06-11", "2022-09-30",
    "2023-03-17", "2024-05-17", "2024-08-09", "2025-04-11T18:00", "2025-11-14", "2026-08-14",
)  # fmt: skip


def build(out: Path, as_of: str, seed: str = "0", *options: str) -> Path:
    """Build a note in a process of its own and return its folder."""
    command = [sys.executable, "-m", "reportgen", "build", "--as-of", as_of, "--out", str(out), *options]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[0]).parent


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("note"), "2025-04-10", "1")


def test_files_are_those_of_the_contract(note: Path) -> None:
    assert note.parts[-2:] == ("2025-04-10", "treasury-weekly")
    manifest = json.loads((note / "manifest.json").read_text())
    found = digests(note)
    del found["manifest.json"]
    assert manifest["sha256"] == found
    assert manifest["id"] == "TW-2025-04-10-r1"
    assert {"note.pdf", "note.html", "facts.json", "inputs.parquet"} <= set(found)
    assert sum(name.startswith("figures/") for name in found) >= 12
    facts = json.loads((note / "facts.json").read_text())
    assert facts["data"] == {"pack": "inputs.parquet", "sha256": found["inputs.parquet"]}


def test_pack_is_a_store_of_what_was_public(note: Path) -> None:
    rows = pq.read_table(note / "inputs.parquet")
    assert rows.schema == SCHEMA
    facts = json.loads((note / "facts.json").read_text())
    published = rows["published_at"].to_pylist()
    assert max(published).isoformat() <= "2025-04-11T03:59:00+00:00"
    held = Store(note).held  # the pack alone can be opened
    assert {i["series"] for f in facts["facts"] for i in f["inputs"]} <= held


def test_note_can_be_rebuilt_from_its_pack(note: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "inputs.parquet").write_bytes((note / "inputs.parquet").read_bytes())
    again = build(tmp_path / "out", "2025-04-10", "3", "--data", str(pack))
    assert digests(again) == digests(note)


def test_another_process_writes_the_same_bytes(note: Path, tmp_path: Path) -> None:
    assert digests(build(tmp_path, "2025-04-10", "2")) == digests(note)


def test_what_came_later_changes_no_byte(note: Path, tmp_path: Path) -> None:
    """Give every series an absurd value and a revision, published a second after the as-of."""
    later = tmp_path / "later"
    shutil.copytree(FOLDER, later, ignore=shutil.ignore_patterns("*.py", "*.toml", "*.json", "__pycache__"))
    after = np.datetime64("2025-04-11T04:00:00", "us")
    held = Store(FOLDER)
    rows = []
    for series_id in sorted(held.held):
        days = np.array([held.oldest(series_id), "2025-04-10", "2025-04-11"], "datetime64[D]")
        moments = np.full(len(days), after)
        rows.append(table(series_id, days, np.full(len(days), 1e6), moments, moments))
    for path in (*later.glob("*.parquet"), *(later / "restricted").glob("*.parquet")):
        known = pq.read_table(path)
        ids = set(known["series"].to_pylist())
        write(
            pa.concat_tables([known.cast(SCHEMA), *(r for r in rows if r["series"][0].as_py() in ids)]), path
        )
    assert digests(build(tmp_path / "out", "2025-04-10", "0", "--data", str(later))) == digests(note)


@pytest.mark.slow
@pytest.mark.parametrize("as_of", SAMPLE)
def test_pdf_of_many_days(as_of: str, tmp_path: Path) -> None:
    """Each build proves both PDF standards; poppler must read the file without a word of complaint."""
    folder = build(tmp_path, as_of)
    pdf = folder / "note.pdf"
    assert pdf.stat().st_size < 900_000
    said = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    assert "Risk warning" in said.stdout
    assert "\N{REPLACEMENT CHARACTER}" not in said.stdout
