"""What changed between two notes, by hand-made pages of known difference and by two real weeks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reportgen.archive import Archive
from reportgen.archive.diff import Difference, difference, files_of, runs, week_before
from reportgen.archive.prose import prose_of, sentences
from reportgen.errors import ArchiveError
from reportgen.pipeline import life
from reportgen.pipeline.context import packed

PAGE = """<html><head><title>no</title><style>p { no }</style></head><body><nav><p>no</p></nav><main>
<h1>Long end breaks</h1><p class="deck">A deck.</p>
<section id="week"><h2>The week</h2>%s<p class="source">no</p>
<table><tr><td><p>no</p></td></tr></table><details><p>no</p></details></section>
<figure id="exhibit-curve"><figcaption><p class="xtitle"><span class="xno">Exhibit 1.</span> %s</p>
<p class="xsub">no</p></figcaption></figure></main><footer><p>no</p></footer></body></html>"""


def files(body: str, title: str = "A curve", **facts: Any) -> dict[str, bytes]:
    document = {
        "facts": [{"id": k, "label": k, "text": v} for k, v in facts.get("numbers", {}).items()],
        "findings": [
            {"id": k, "question": "?", "verdict": v, "confidence": "low"}
            for k, v in facts.get("verdicts", {}).items()
        ],
    }
    blocks = [{"id": k, "version": v} for k, v in facts.get("blocks", {}).items()]
    return {
        "note.html": (PAGE % (body, title)).encode(),
        "facts.json": json.dumps(document).encode(),
        "manifest.json": json.dumps({"id": "X", "disclosures": blocks}).encode(),
        **{f"figures/{name}.svg": content for name, content in facts.get("charts", {}).items()},
    }


def compared(new: dict[str, bytes], old: dict[str, bytes]) -> Difference:
    return difference("new", new, "old", old)


def test_only_what_is_read_as_text_counts() -> None:
    prose = prose_of(
        PAGE % ("<p>One, <b>two</b>.<br> Three\n four. 5 is a <button>number</button>.</p>", "T")
    )
    assert prose.sections == {
        "title": ["Long end breaks", "A deck."],
        "week": ["One, two.", "Three four.", "5 is a number."],
    }
    assert prose.headings == {"week": "The week"}
    assert prose.exhibits == {"curve": "T"}


def test_sentences_end_where_a_new_one_begins() -> None:
    assert sentences("Yields rose by 3.5% vs. others. The U.S. curve. 10-year fell.") == [
        "Yields rose by 3.5% vs. others.",
        "The U.S. curve.",
        "10-year fell.",
    ]


def test_the_same_note_differs_in_nothing() -> None:
    same = files("<p>One.</p>", numbers={"a.b": "1 bp"}, verdicts={"d": "pending"})
    assert compared(same, same).nothing


def test_changed_words_are_told_sentence_by_sentence() -> None:
    old = files("<p>Yields rose 5 bp. The dollar fell on the week. An old worry is gone.</p>")
    new = files("<p>Yields rose 7 bp. The dollar rose on the week. Quite another thing was said.</p>")
    told = [(w.kind, w.runs) for w in compared(new, old).words]
    assert told == [
        ("renumbered", (("same", "Yields rose"), ("old", "5"), ("new", "7"), ("same", "bp."))),
        ("reworded", (("same", "The dollar"), ("old", "fell"), ("new", "rose"), ("same", "on the week."))),
        ("added", (("new", "Quite another thing was said."),)),
        ("removed", (("old", "An old worry is gone."),)),
    ]


def test_runs_keep_every_word_of_both() -> None:
    old, new = "a b c d e f", "a x c d f g h"
    found = runs(old, new)
    assert " ".join(w for kind, w in found if kind != "new") == old
    assert " ".join(w for kind, w in found if kind != "old") == new


def test_numbers_verdicts_charts_and_disclosures() -> None:
    old = files(
        "<p>A.</p>",
        numbers={"ust.10y.level": "4.01%", "gone": "1", "same": "2"},
        verdicts={"driver.basis_trade": "pending", "clue.x": "absent"},
        charts={"curve": b"<svg>1</svg>", "old": b"<svg/>", "same": b"<svg/>"},
        blocks={"us.general": "1", "uk.cobs": "2"},
    )
    new = files(
        "<p>A.</p>",
        "Another curve",
        numbers={"ust.10y.level": "4.40%", "come": "3", "same": "2"},
        verdicts={"driver.basis_trade": "not_supported", "clue.x": "absent"},
        charts={"curve": b"<svg>2</svg>", "new": b"<svg/>", "same": b"<svg/>"},
        blocks={"us.general": "2", "eu.mar": "1"},
    )
    found = compared(new, old)
    assert [(c.id, c.old, c.new) for c in found.numbers] == [
        ("ust.10y.level", "4.01%", "4.40%"), ("come", "", "3"), ("gone", "1", ""),
    ]  # fmt: skip
    assert found.same == 1
    (verdict,) = found.verdicts
    assert (verdict.old, verdict.new) == ("pending, confidence low", "not supported, confidence low")
    assert [(c.id, c.label, c.old, c.new) for c in found.charts] == [
        ("curve", "redrawn", "A curve", "Another curve"),
        ("new", "new", "", "drawn, not shown"),
        ("old", "gone", "drawn, not shown", ""),
    ]
    assert [(c.id, c.label, c.old, c.new) for c in found.disclosures] == [
        ("us.general", "changed", "version 1", "version 2"),
        ("eu.mar", "added", "", "version 1"),
        ("uk.cobs", "removed", "version 2", ""),
    ]


def test_other_words_under_the_same_version_are_told() -> None:
    old = files("<p>A.</p>")
    blocks = [{"id": "us.reg_ac", "version": 1, "sha256": letter * 64} for letter in "ab"]
    manifests = [json.dumps({"disclosures": [block]}).encode() for block in blocks]
    (found,) = compared(
        old | {"manifest.json": manifests[1]}, old | {"manifest.json": manifests[0]}
    ).disclosures
    assert (found.label, found.old, found.new) == (
        "changed", f"version 1 ({'a' * 12})", f"version 1 ({'b' * 12})",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["note.html", "facts.json", "manifest.json"])
def test_a_file_that_is_missing_is_named(name: str) -> None:
    whole = files("<p>A.</p>")
    with pytest.raises(ArchiveError, match=rf"new: {name} is missing"):
        compared({n: c for n, c in whole.items() if n != name}, whole)


def test_the_archive_knows_last_week(kept: Any) -> None:
    archive = Archive.open(kept.root, kept.clock)
    last = week_before(archive, "treasury-weekly", "en", "2026-02-06T23:59:00-05:00")
    assert last.id == "TW-2026-01-30-r2"  # the correction, not what it corrects
    found = difference("new", files_of(archive, "TW-2026-02-06-r1"), "old", files_of(archive, last.id))
    assert ("ust.10y.level", "4.03%", "4.04%") in [(c.id, c.old, c.new) for c in found.numbers]
    assert [w.kind for w in found.words] == ["renumbered", "renumbered", "removed"]
    with pytest.raises(ArchiveError, match="no published treasury-weekly"):
        week_before(archive, "treasury-weekly", "en", "2026-01-09T23:59:00-05:00")


def test_a_withdrawn_note_is_no_measure(kept: Any, tmp_path: Any) -> None:
    own = kept.copy(tmp_path / "archive")
    life.withdraw(own.office("pia"), "TW-2026-01-30-r2", "a wrong chart")
    archive = Archive.open(own.root, own.clock)
    last = week_before(archive, "treasury-weekly", "en", "2026-02-06T23:59:00-05:00")
    assert last.id == "TW-2026-01-16-r1"  # the week between was withdrawn, too


def test_the_rules_behind_a_note_are_compared() -> None:
    old, new = (
        files("<p>A.</p>")
        | {
            "context.zip": packed(
                {
                    "desk/thresholds.toml": f'id = "basis.fall"\nvalue = {value}\n'.encode(),
                    "desk/commentary/2026-01-09/week.md": b"%d" % value,
                    "software.json": json.dumps({"x.py": f"{value}" * 64}).encode(),
                    f"charts/{value}.toml": b"a",
                }
            )
        }
        for value in (3, 4)
    )
    found = compared(new, old)
    assert [(c.id, c.label, c.old, c.new) for c in found.rules] == [
        ("charts/3.toml", "removed", "a", ""),
        ("charts/4.toml", "added", "", "a"),
        ("desk/thresholds.toml", "changed", "value = 3", "value = 4"),
        ("software.json", "changed", '{"x.py": "33333333…"}', '{"x.py": "44444444…"}'),
    ]
    assert not found.nothing
    with pytest.raises(ArchiveError, match=r"new: context\.zip: not a readable zip"):
        compared(new | {"context.zip": b"PK"}, old)
