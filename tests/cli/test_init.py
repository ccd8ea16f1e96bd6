"""`init`: a desk folder that works as it stands."""

from __future__ import annotations

import json
from pathlib import Path

from reportgen import config
from reportgen.assets import asset_dir
from reportgen.findings import events
from reportgen.indicators import thresholds
from reportgen.render import disclosures


def verdicts(run, *options):
    document = json.loads(run("facts", "--as-of", "2025-04-10", "--json", *options).stdout)
    return {finding["id"]: finding["verdict"] for finding in document["findings"]}


def test_what_is_written_is_named_and_valid(run, tmp_path):
    folder = tmp_path / "new" / "desk"
    result = run("init", folder)
    assert result.exit_code == 0
    written = {Path(line) for line in result.stdout.splitlines()}
    assert written == {path for path in folder.rglob("*") if path.is_file()}
    assert {folder / name for name in ("desk.toml", "thresholds.toml", "events.toml")} < written
    assert config.load_desk(folder) == config.load_desk()
    assert thresholds.load_thresholds(folder / "thresholds.toml").ids == thresholds.load_thresholds().ids
    assert events.load_events(folder / "events.toml") == events.load_events()
    own = disclosures.load_rule_book(asset_dir("templates"), "en", folder)
    assert own.folder == folder / "disclosures"
    assert own.rules == disclosures.load_rule_book(asset_dir("templates"), "en").rules


def test_a_new_desk_says_what_the_house_says(run, desk):
    plain = run("facts", "--as-of", "2025-04-10", "--json")
    own = run("facts", "--as-of", "2025-04-10", "--json", "--desk", desk)
    assert own.exit_code == 0
    assert own.stdout == plain.stdout


def test_a_desk_decides_by_its_own_events(run, desk):
    assert verdicts(run)["driver.policy_threat"] == "partly_supported"
    (desk / "events.toml").write_text("")
    assert verdicts(run, "--desk", desk)["driver.policy_threat"] == "needs_news"


def test_a_desk_decides_by_its_own_thresholds(run, desk):
    file = desk / "thresholds.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('id = "gauge.vix.watch"\nvalue = ', 'id = "gauge.vix.watch"\nvalue = 9'))
    assert file.read_text() != text

    def state(*options: object) -> str:
        document = json.loads(run("facts", "--as-of", "2025-04-10", "--json", *options).stdout)
        return str(next(f["value"] for f in document["facts"] if f["id"] == "liquidity.vix.state"))

    assert (state(), state("--desk", desk)) == ("stress", "stress")
    file.write_text(text.replace('id = "gauge.vix.stress"\nvalue = ', 'id = "gauge.vix.stress"\nvalue = 9'))
    assert state("--desk", desk) == "watch"


def test_a_folder_in_use_is_left_alone(refused, desk, tmp_path, digests):
    before = digests(desk)
    assert f"{desk}: not empty, expected a new or empty folder" in refused(3, "init", desk)
    assert digests(desk) == before
    file = tmp_path / "file"
    file.write_text("mine")
    refused(3, "init", file)
    assert file.read_text() == "mine"


def test_a_folder_that_cannot_be_made(refused, tmp_path):
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "desk"
    said = refused(12, "init", folder)
    assert str(folder) in said
    assert "Not a directory" in said
