"""What changed from one note to another: words, numbers, verdicts, charts, disclosures, and their rules."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from reportgen.archive.archive import Archive
from reportgen.archive.prose import Prose, prose_of
from reportgen.archive.records import NoteRecord
from reportgen.errors import ArchiveError

Kind = Literal["added", "removed", "reworded", "renumbered"]
Run = tuple[Literal["same", "old", "new"], str]
_NUMBER = re.compile(r"[+\N{MINUS SIGN}$]*\d[\d,.]*(?:bn|%)?")
_DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")
CONTEXT = "context.zip"
_SHOWN, _WIDEST = 3, 120  # lines of a file that changed, and characters of each
_ALIKE = 0.5  # share of words that two versions of one sentence have in common


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence that changed, in runs of words that stayed, went and came."""

    section: str
    kind: Kind
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """Something with an id that came, went or changed; old or new is empty where it was not there."""

    id: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything in which a note differs from an earlier one.

    Shape: numbers of one text are left out, however their values differ; same counts those.
    """

    new: str
    old: str
    words: tuple[Words, ...]
    numbers: tuple[Changed, ...]
    same: int
    verdicts: tuple[Changed, ...]
    charts: tuple[Changed, ...]
    disclosures: tuple[Changed, ...]
    rules: tuple[Changed, ...] = ()  # settings, thresholds, templates, charts and software

    @property
    def nothing(self) -> bool:
        """Say whether nothing changed."""
        return not (
            *self.words, *self.numbers, *self.verdicts, *self.charts, *self.disclosures, *self.rules
        )  # fmt: skip


def difference(new_id: str, new: Mapping[str, bytes], old_id: str, old: Mapping[str, bytes]) -> Difference:
    """Compare the files of two notes.

    Raises: ArchiveError if the page, the facts or the manifest of one cannot be read.
    """
    facts = _json(old_id, old, "facts.json"), _json(new_id, new, "facts.json")
    manifests = _json(old_id, old, "manifest.json"), _json(new_id, new, "manifest.json")
    pages = prose_of(_text(old_id, old, "note.html")), prose_of(_text(new_id, new, "note.html"))
    numbers, same = _numbers(*(_by_id(found, "facts") for found in facts))
    return Difference(
        new=new_id,
        old=old_id,
        words=tuple(_words(*pages)),
        numbers=tuple(numbers),
        same=same,
        verdicts=tuple(_verdicts(*(_by_id(found, "findings") for found in facts))),
        charts=tuple(_charts(old, new, *pages)),
        disclosures=tuple(_disclosures(*(_by_id(found, "disclosures") for found in manifests))),
        rules=tuple(_rules(_context(old_id, old), _context(new_id, new))),
    )


def week_before(archive: Archive, name: str, language: str, as_of: str) -> NoteRecord:
    """Return the newest note of a kind and language in force whose as-of lies before a moment.

    What was withdrawn or corrected is no longer what its readers go by.

    Raises: ArchiveError if there is none.
    """
    found = [
        record
        for record in archive.notes()
        if (record.name, record.language) == (name, language)
        and record.state == "published"
        and record.as_of[:10] < as_of[:10]
    ]
    if not found:
        raise ArchiveError(
            f"{archive.root}: holds no published {name} ({language}) from before {as_of[:10]}",
            hint="Name the note to compare with.",
        )
    return max(found, key=lambda record: (record.as_of, record.revision))


def files_of(archive: Archive, note_id: str) -> dict[str, bytes]:
    """Return the sealed files of a note by name, hashed anew."""
    record = archive.note(note_id)
    return {name: archive.objects.get(digest) for name, digest in record.files.items()}


def _words(old: Prose, new: Prose) -> Iterator[Words]:
    for section in dict.fromkeys([*new.sections, *old.sections]):
        heading = new.headings.get(section) or old.headings.get(section) or section.capitalize()
        before, after = old.sections.get(section, []), new.sections.get(section, [])
        masked = [_NUMBER.sub("#", s) for s in before], [_NUMBER.sub("#", s) for s in after]
        for tag, i, i_end, j, j_end in SequenceMatcher(None, *masked, autojunk=False).get_opcodes():
            if tag == "equal":
                pairs = zip(before[i:i_end], after[j:j_end], strict=True)
                yield from (Words(heading, "renumbered", runs(a, b)) for a, b in pairs if a != b)
            else:
                yield from _replaced(heading, before[i:i_end], after[j:j_end])


def _replaced(heading: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Words]:
    """Pair the sentences that are versions of each other, in their order; the others went or came."""
    rest = list(before)
    for sentence in after:
        alike = [(_share(other, sentence), -k) for k, other in enumerate(rest)]
        share, at = max(alike, default=(0.0, 0))
        if share < _ALIKE:
            yield Words(heading, "added", (("new", sentence),))
            continue
        for gone in rest[:-at]:
            yield Words(heading, "removed", (("old", gone),))
        yield Words(heading, "reworded", runs(rest[-at], sentence))
        rest = rest[-at + 1 :]
    for gone in rest:
        yield Words(heading, "removed", (("old", gone),))


def runs(old: str, new: str) -> tuple[Run, ...]:
    """Return two versions of a sentence as runs of words that stayed, went and came."""
    before, after = old.split(" "), new.split(" ")
    found: list[Run] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(("same", " ".join(before[i:i_end])))
            continue
        if i_end > i:
            found.append(("old", " ".join(before[i:i_end])))
        if j_end > j:
            found.append(("new", " ".join(after[j:j_end])))
    return tuple(found)


def _share(one: str, other: str) -> float:
    return SequenceMatcher(None, one.split(), other.split(), autojunk=False).ratio()


def _numbers(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Changed], int]:
    changed, same = [], 0
    for fact in dict.fromkeys([*new, *old]):
        was, now = old.get(fact, {}), new.get(fact, {})
        texts = str(was.get("text", "")), str(now.get("text", ""))
        if texts[0] == texts[1]:
            same += 1
        else:
            changed.append(Changed(fact, str((now or was).get("label", "")), *texts))
    return changed, same


def _verdicts(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterator[Changed]:
    for finding in dict.fromkeys([*new, *old]):
        was, now = (_verdict(found.get(finding)) for found in (old, new))
        if was != now:
            question = str((new.get(finding) or old[finding]).get("question", ""))
            yield Changed(finding, question, was, now)


def _verdict(finding: Mapping[str, Any] | None) -> str:
    if finding is None:
        return ""
    return f"{str(finding['verdict']).replace('_', ' ')}, confidence {finding['confidence']}"


def _charts(
    old: Mapping[str, bytes], new: Mapping[str, bytes], before: Prose, after: Prose
) -> Iterator[Changed]:
    """Compare the drawings; a chart of the same words is named by them, once."""
    names = [n for n in dict.fromkeys([*new, *old]) if n.startswith("figures/") and n.endswith(".svg")]
    for name in names:
        if old.get(name) == new.get(name):
            continue
        chart = name.removeprefix("figures/").removesuffix(".svg")
        was = before.exhibits.get(chart, "drawn, not shown") if name in old else ""
        now = after.exhibits.get(chart, "drawn, not shown") if name in new else ""
        label = "redrawn" if was and now else "new" if now else "gone"
        yield Changed(chart, label, was, now)


def _disclosures(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterator[Changed]:
    for block in dict.fromkeys([*new, *old]):
        was, now = (_version(found.get(block)) for found in (old, new))
        if was != now:
            label = "changed" if was and now else "added" if now else "removed"
            yield Changed(block, label, was, now)


def _context(note_id: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what shaped a note, by name: not the commentary, whose words stand on the page."""
    try:
        with zipfile.ZipFile(io.BytesIO(files[CONTEXT])) as held:
            names = [name for name in held.namelist() if not name.startswith("desk/commentary/")]
            return {name: held.read(name) for name in names}
    except KeyError:
        return {}
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
        raise ArchiveError(f"{note_id}: {CONTEXT}: not a readable zip: {error}") from error


def _rules(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[Changed]:
    """Compare the files that shaped two notes, line by line; nothing where one tells of none."""
    for name in sorted(old.keys() | new.keys()) if old and new else ():
        if old.get(name) == new.get(name):
            continue
        label = "changed" if name in old and name in new else "added" if name in new else "removed"
        was, now = (files.get(name, b"").decode(errors="replace").splitlines() for files in (old, new))
        changes = [
            c for c in SequenceMatcher(None, was, now, autojunk=False).get_opcodes() if c[0] != "equal"
        ]
        gone = [line for _, i, i_end, _, _ in changes for line in was[i:i_end]]
        come = [line for _, _, _, j, j_end in changes for line in now[j:j_end]]
        yield Changed(name, label, _some(gone), _some(come))


def _some(lines: Sequence[str]) -> str:
    """Return the first of some lines as one, and how many there are more."""
    said = [_DIGEST.sub(r"\1…", " ".join(line.split())) for line in lines if line.strip()]
    more = f" … and {len(said) - _SHOWN} lines more" if len(said) > _SHOWN else ""
    return " / ".join(line[:_WIDEST] for line in said[:_SHOWN]) + more


def _version(block: Mapping[str, Any] | None) -> str:
    """Say which version a block is of; the digest tells of words that changed under the same version."""
    if block is None:
        return ""
    digest = str(block.get("sha256", ""))[:12]
    return f"version {block.get('version', '?')}" + (f" ({digest})" if digest else "")


def _by_id(found: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    items = found.get(key, [])
    return {str(item["id"]): item for item in items if isinstance(item, dict) and "id" in item}


def _json(note_id: str, files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    try:
        found = json.loads(_text(note_id, files, name))
    except ValueError as error:
        raise ArchiveError(f"{note_id}: {name}: not readable as JSON: {error}") from error
    if not isinstance(found, dict):
        raise ArchiveError(f"{note_id}: {name}: expected an object")
    return found


def _text(note_id: str, files: Mapping[str, bytes], name: str) -> str:
    try:
        return files[name].decode()
    except KeyError:
        raise ArchiveError(f"{note_id}: {name} is missing, expected among the files of a note") from None
    except UnicodeDecodeError as error:
        raise ArchiveError(f"{note_id}: {name}: not UTF-8: {error}") from error
