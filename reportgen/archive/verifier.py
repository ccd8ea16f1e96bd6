#!/usr/bin/env python3
"""Verify a package of archived research notes: hashes, the chain of the ledger, signatures.

    python3 verify.py [FOLDER] [--trust CERTIFICATES.pem] [--json]

Needs Python 3.10 or newer and nothing besides; signatures are checked with the command openssl. FOLDER is
where this file lies unless another is named. --trust names the certificates (PEM) that you trust to vouch
for the signers; take them from elsewhere than this package. Without it hashes, chain and signatures are
checked, but anybody may have made them: that nothing is wrong then proves nothing of who made the package.
Exit status: 0 nothing is wrong, 1 something is (each fault is named), 2 the package cannot be checked.

What it proves rests on signatures. A signed head speaks for its entry and, back from it, for each one that
the next names, as far as the first line that is withheld. A signed SHA256SUMS speaks for the package as the
desk made it. An entry for which neither speaks is a fault, and so is a file of a note that the entries do
not name, or one that they name and that is absent (but for the data pack). What a withheld line concerns,
which notes the package should hold, and what came after its last entry, only a signed SHA256SUMS can tell.
"""

from __future__ import annotations

import argparse
import bisect
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUMS = "SHA256SUMS"
SIGNED_SUMS = f"{SUMS}.p7s"
PACKAGE = "package.json"
IDENTITY = "archive.json"
NOTES = "notes"
SIGNED = "note.signed.pdf"
PACK = "inputs.parquet"  # may stay in the archive: some series must not be handed on
LEDGER = "trail/ledger.jsonl"
FILES, CHAIN, HEADS, RECORDS, SIGNATURES = 1, 2, 3, 4, 5  # the numbers of the checks
_PIECE = 1 << 20
_LARGEST = 1 << 53  # what JSON carries without loss
_DEEPEST = 64
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")
_PDF_TIME = re.compile(rb"/M\s*\(D(?::|\\072)(\d{14})Z")
_SIGNING_TIME = re.compile(r"signingTime.*?(?:UTCTIME|GENERALIZEDTIME):([A-Za-z]{3} .*? GMT)", re.DOTALL)
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


@dataclass
class Link:
    """One line of a ledger as found: its place in the file from 1, its digest, what it says of itself."""

    number: int
    digest: str
    seq: int = 0
    prev: str = ""
    why: str = ""  # it cannot be read as an entry
    withheld: bool = False  # known by its digest alone
    entry: dict[str, Any] = field(default_factory=dict)


@dataclass
class Fault:
    """One thing that is wrong: the number of the check, the file or entry, and what was found."""

    check: int
    subject: str
    message: str

    def __post_init__(self) -> None:
        """Keep to what can be printed: hostile input may hold half characters."""
        self.subject, self.message = printable(self.subject), printable(self.message)

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}"


UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def printable(text: str) -> str:
    """Return words that any terminal takes."""
    return text.encode("utf-8", "backslashreplace").decode()


# The chain -------------------------------------------------------------------------------------------------


def links(content: bytes) -> tuple[list[Link], bytes]:
    """Return the whole lines of a ledger, and what lies torn behind the last line break."""
    *lines, torn = content.split(b"\n")
    found: list[Link] = []
    for number, line in enumerate(lines, 1):
        found.append(_link(number, line, found[-1].digest if found else ""))
    return found, torn


def _link(number: int, line: bytes, before: str) -> Link:
    found = Link(number, hashlib.sha256(line).hexdigest())
    try:
        entry = read_line(line)
        seq, prev = entry["seq"], entry.get("prev")
        if isinstance(seq, bool) or not isinstance(seq, int) or not 0 < seq < _LARGEST:
            raise ValueError("its seq is no number of an entry")
        if entry.get("withheld") is True:
            found.withheld, prev, found.digest = True, before, str(entry["digest"])
        if not isinstance(prev, str):
            raise ValueError("its prev is no digest")
    except KeyError as error:
        found.why = f"it has no {error}"
    except UNREADABLE as error:
        found.why = printable(str(error))
    else:
        found.seq, found.prev, found.entry = seq, prev, entry
    return found


def read_line(line: bytes) -> dict[str, Any]:
    """Read a line of a ledger.

    Raises: ValueError for what no entry can hold.
    """
    try:
        found = json.loads(line)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    if line.count(b"{") + line.count(b"[") > _DEEPEST and _depth(found) > _DEEPEST:
        raise ValueError("it is nested too deep")
    if b"\\ud" in line or b"\\uD" in line:  # half a character, unless the other half follows
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _depth(found: Any) -> int:
    """Return how deep objects and lists lie within each other."""
    depth, level = 0, [found]
    while level:
        depth += 1
        level = [
            inner
            for held in level
            for inner in (held.values() if isinstance(held, dict) else held)
            if isinstance(inner, (dict, list))
        ]
    return depth


def chain_faults(
    found: Sequence[Link], anchor: str | None, vouched: Mapping[int, str]
) -> tuple[list[Fault], dict[int, Link]]:
    """Return what is wrong with a chain, and the link of each entry by its number.

    Shape: anchor is the digest before the first line, None if it is not known, as in a part of a ledger;
        vouched are digests by number for which a signature speaks.

    Lines that name each other form segments. A break between two segments is an edited or a dropped entry; a
    line that the chain passes by was inserted; one that it needs elsewhere was moved.
    """
    segments, strays = _segments([link for link in found if not link.why], anchor)
    faults, held = [], {}
    for first, line in segments:
        for seq, link in enumerate(line, first):
            held[seq] = link
            if link.seq != seq:
                faults.append((seq, "edited", f"it says that it is entry {link.seq}"))
    for stray in strays:
        faults.append((stray.seq, "inserted", f"line {stray.number}, which the chain passes by"))
    for seq in _moved([(held[seq].number, seq) for seq in sorted(held)]):
        faults.append((seq, "moved", f"it stands in line {held[seq].number}, out of its order"))
    faults += _breaks(segments, [link for link in found if link.why], anchor, vouched)
    merged: dict[tuple[int, str], str] = {}
    for seq, what, why in faults:
        merged.setdefault((seq, what), why)
    said = sorted(merged.items())
    return [Fault(CHAIN, f"entry {s}" if s else LEDGER, f"{w}: {y}") for (s, w), y in said], held


def _segments(found: Sequence[Link], anchor: str | None) -> tuple[list[tuple[int, list[Link]]], list[Link]]:
    """Join lines that name each other, each segment with the number of its first entry, in order.

    Of two lines that name the same one before, that with the longer sequel goes on; so does, of two segments
    that claim the same numbers or lie within each other, the longer one. The others are strays.
    """
    by_digest = {link.digest: k for k, link in enumerate(found)}
    parents = [by_digest.get(link.prev, -1) for link in found]
    after: dict[int, list[int]] = {}
    for k, parent in enumerate(parents):
        after.setdefault(parent, []).append(k)
    depth = _depths(parents)
    used: set[int] = set()
    runs = []
    for root in after.get(-1, ()):
        run = [root]
        while following := after.get(run[-1]):
            run.append(max(following, key=lambda k: (depth[k], -found[k].number)))
        used.update(run)
        runs.append([found[k] for k in run])
    strays = [found[k] for k in range(len(found)) if k not in used]
    kept: list[tuple[int, int, int]] = []  # first and last number, which of the runs
    places: list[tuple[int, int]] = []  # first and last line
    for k in sorted(range(len(runs)), key=lambda k: (-len(runs[k]), runs[k][0].number)):
        first = 1 if runs[k][0].prev == anchor else _voted(runs[k])
        last, place = first + len(runs[k]) - 1, sorted((runs[k][0].number, runs[k][-1].number))
        if _meets(kept, first, last) or _meets(places, place[0], place[1]):
            strays += runs[k]
            continue
        bisect.insort(kept, (first, last, k))
        bisect.insort(places, (place[0], place[1]))
    return [(first, runs[k]) for first, _, k in kept], strays


def _voted(run: Sequence[Link]) -> int:
    """Return the number of a segment's first entry, by the majority of its lines."""
    return max(1, Counter(link.seq - k for k, link in enumerate(run)).most_common(1)[0][0])


def _meets(kept: Sequence[tuple[Any, ...]], first: int, last: int) -> bool:
    """Tell whether a range meets one of those kept, which are in order and apart."""
    at = bisect.bisect_right(kept, last, key=lambda k: k[0])
    return at > 0 and bool(kept[at - 1][1] >= first)


def _depths(parents: Sequence[int]) -> list[int]:
    """Return how many lines follow each one, from the ends of the chains upwards."""
    depth, waiting = [0] * len(parents), Counter(parents)
    ready = [k for k in range(len(parents)) if not waiting[k]]
    while ready:
        at = ready.pop()
        parent = parents[at]
        if parent < 0:
            continue
        depth[parent] = max(depth[parent], depth[at] + 1)
        waiting[parent] -= 1
        if not waiting[parent]:
            ready.append(parent)
    return depth


def _moved(places: Sequence[tuple[int, int]]) -> list[int]:
    """Return the fewest entries whose removal leaves the rest in the order of the file.

    Shape: places are (line, entry) in order of entry.
    """
    ends: list[int] = []  # of the rising rows of each length, the position of the lowest end
    lines: list[int] = []
    before: list[int] = []
    for k, (line, _) in enumerate(places):
        at = bisect.bisect_left(lines, line)
        before.append(ends[at - 1] if at else -1)
        lines[at : at + 1], ends[at : at + 1] = [line], [k]
    keep, at = set(), ends[-1] if ends else -1
    while at >= 0:
        keep.add(at)
        at = before[at]
    return [seq for k, (_, seq) in enumerate(places) if k not in keep]


def _breaks(
    segments: Sequence[tuple[int, list[Link]]],
    unreadable: Sequence[Link],
    anchor: str | None,
    vouched: Mapping[int, str],
) -> Iterator[tuple[int, str, str]]:
    """Say what is wrong between two segments: lines that cannot be read, entries edited or dropped."""
    rest = list(unreadable)
    seq, line = (0, 0) if anchor is not None or not segments else (segments[0][0] - 1, 0)
    last: Link | None = None
    for k, (first, run) in enumerate(segments):
        gap = [link for link in rest if line < link.number < run[0].number]
        rest = [link for link in rest if link not in gap]
        yield from _unread(gap, seq + 1, first - 1)
        if not gap and first > seq + 1:
            said = f"entries {seq + 1} to {first - 1} are" if first > seq + 2 else f"entry {seq + 1} is"
            yield seq + 1, "dropped", f"{said} missing before line {run[0].number}"
        elif not gap and last is not None:
            alone = len(run) == 1 and (k + 1 == len(segments) or segments[k + 1][0] == first + 1)
            if vouched.get(seq) == last.digest:
                yield first, "edited", f"it does not follow from entry {seq}, for which a signature speaks"
            elif alone and k + 1 < len(segments):
                yield (
                    first,
                    "edited",
                    f"it does not follow from entry {seq}, and entry {first + 1} not from it",
                )
            elif alone and vouched.get(first) != run[0].digest:
                yield seq, "edited", f"entry {first} does not follow from it, or else was edited itself"
                yield first, "edited", f"it does not follow from entry {seq}, or else that was edited"
            else:
                yield seq, "edited", f"it is not the entry {seq} that entry {first} names as the one before"
        elif not gap and anchor is not None and run[0].prev != anchor:
            yield first, "edited", "it does not name the digest of archive.json, or else that was edited"
        seq, line, last = first + len(run) - 1, run[-1].number, run[-1]
    tail = [link for link in rest if link.number > line]
    yield from _unread(tail, seq + 1, seq + len(tail))
    for link in rest:
        if link not in tail:
            yield 0, "inserted", f"line {link.number} cannot be read ({link.why}), and the chain passes it by"


def _unread(gap: Sequence[Link], first: int, last: int) -> Iterator[tuple[int, str, str]]:
    """Name lines that cannot be read where entries first to last stood."""
    if len(gap) == last - first + 1:
        for seq, link in enumerate(gap, first):
            yield seq, "edited", f"line {link.number} cannot be read: {link.why}"
    elif gap:
        lines = f"line {gap[0].number}" if len(gap) == 1 else f"lines {gap[0].number} to {gap[-1].number}"
        stood = f"where entries {first} to {last} stood" if last > first else f"where entry {first} stood"
        yield first, "edited", f"{lines} cannot be read {stood}: {gap[0].why}"


def head_faults(
    held: Mapping[int, Link], heads: Iterable[tuple[str, int, str]], told: Iterable[int] = ()
) -> list[Fault]:
    """Return what heads say against a chain: a tail that was cut off, a history that was written anew.

    Shape: heads are (where from, number, digest); told are entries whose faults are known already.
    """
    faults, last, told = [], max(held, default=0), set(told)
    for source, seq, digest in heads:
        if seq > last:
            gone = f"entry {seq} is" if seq == last + 1 else f"entries {last + 1} to {seq} are"
            faults.append(Fault(HEADS, source, f"cut: {gone} missing at the end, the head is of entry {seq}"))
        elif seq in held and held[seq].digest != digest:
            why = f"entry {seq} is not the one that this head is of"
            more = "" if seq in told else ": it or what led to it was written anew"
            faults.append(Fault(HEADS, source, why + more))
    return faults


# A package -------------------------------------------------------------------------------------------------


class Package:
    """A folder that an archive has handed out."""

    def __init__(self, folder: Path, trust: Path | None) -> None:
        self.folder, self.trust = folder, trust
        self.faults: list[Fault] = []
        self.notes: list[str] = []  # what a reader should know besides
        self.digests: dict[str, str] = {}
        self.stated: dict[str, dt.datetime] = {}  # when signatures say that they were made
        self.good: set[str] | None = None  # files whose signature holds; None: they could not be checked

    def verify(self) -> None:
        """1. Files have the digests of SHA256SUMS, and no other file is there. 2. The chain is whole.
        3. Signed heads agree with it, and for each entry a signature speaks. 4. The files of each note are
        those that its entries name, none is absent, and the signed PDF begins with the approved one.
        5. Signatures hold."""
        self._sums()
        self._signatures()
        held = self._chain()
        self._records(held)
        self.faults.sort(key=lambda fault: fault.check)

    def _fault(self, check: int, subject: str, message: str) -> None:
        self.faults.append(Fault(check, subject, message))

    def _sums(self) -> None:
        wanted: dict[str, str] = {}
        try:
            lines = (self.folder / SUMS).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            self._fault(FILES, SUMS, f"cannot be read: {error}")
            lines = []
        for number, line in enumerate(lines, 1):
            if found := _SUM.fullmatch(line):
                wanted[found[2]] = found[1]
            else:
                self._fault(FILES, SUMS, f"line {number} is no digest and name")
        there: dict[str, Path] = {}
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and not path.is_symlink():
                there[name] = path
            elif path.is_symlink() or not path.is_dir():
                self._fault(FILES, name, "no file of its own: a link or a device, as no package holds")
        for name in (SUMS, SIGNED_SUMS):
            there.pop(name, None)
        for name, path in sorted(there.items()):
            self.digests[name] = digest_of(path)
            if name not in wanted:
                self._fault(FILES, name, f"unknown file, {SUMS} does not name it")
            elif self.digests[name] != wanted[name]:
                self._fault(
                    FILES, name, f"changed: its SHA-256 is {self.digests[name]}, expected {wanted[name]}"
                )
        for name in sorted(wanted.keys() - there.keys()):
            self._fault(FILES, name, "missing")

    def _chain(self) -> dict[int, Link]:
        try:
            content = (self.folder / LEDGER).read_bytes()
        except OSError as error:
            self._fault(CHAIN, LEDGER, f"cannot be read: {error}")
            return {}
        found, torn = links(content)
        if torn:
            self._fault(CHAIN, LEDGER, f"{len(torn)} bytes follow the last line break")
        heads = list(self._heads())
        whole = bool(found) and found[0].seq == 1
        anchor = self.digests.get(IDENTITY) if whole else None
        faults, held = chain_faults(found, anchor, {seq: digest for _, seq, digest in heads})
        self.faults += faults + head_faults(held, heads)
        withheld = [link.seq for link in found if link.withheld]
        if withheld:
            self.notes.append(
                f"{len(withheld)} of {len(found)} entries concern others and are withheld; their digests "
                "stand in their places"
            )
        self._spoken_for(held, heads, withheld)
        return held

    def _heads(self) -> Iterator[tuple[str, int, str]]:
        """Return the heads whose signature holds, or all of them where signatures could not be checked."""
        try:
            archive = str(json.loads((self.folder / IDENTITY).read_bytes())["id"])
        except (OSError, *UNREADABLE) as error:
            self._fault(HEADS, IDENTITY, f"cannot be read: {error!r}")
            archive = ""
        for path in sorted((self.folder / "heads").glob("*.json")):
            name = f"heads/{path.name}"
            try:
                head = json.loads(path.read_bytes())
                seq, digest, of = int(head["seq"]), str(head["digest"]), str(head["archive"])
            except (OSError, *UNREADABLE) as error:
                self._fault(HEADS, name, f"cannot be read: {error!r}")
                continue
            if archive and of != archive:
                self._fault(HEADS, name, f"foreign: it is the head of archive {of}, expected {archive}")
            elif not path.with_name(f"{path.name}.p7s").is_file():
                self._fault(HEADS, name, "its signature is missing")
            elif self.good is None or name in self.good:
                yield name, seq, digest

    def _spoken_for(
        self, held: Mapping[int, Link], heads: Iterable[tuple[str, int, str]], withheld: Sequence[int]
    ) -> None:
        """Say for which entries no signature speaks: from a signed head back, as far as lines can be read."""
        if self.good is None or SUMS in self.good:
            return
        spoken: set[int] = set()
        for _, head, named in heads:
            seq, digest = head, named
            while (
                (link := held.get(seq)) and link.digest == digest and not link.withheld and seq not in spoken
            ):
                spoken.add(seq)
                seq, digest = seq - 1, link.prev
        silent = [seq for seq, link in sorted(held.items()) if seq not in spoken and not link.withheld]
        for numbers in _runs(silent):
            self._fault(HEADS, _numbers(numbers), f"no signed head speaks for it, and {SUMS} is not signed")
        for numbers in _runs(sorted(withheld)):
            self._fault(HEADS, _numbers(numbers), f"withheld; what it concerns only a signed {SUMS} can tell")
        self.notes.append(
            f"{SUMS} is not signed: this package cannot prove that no note and no later entry is missing, "
            "nor that index.pdf, README.txt and the tables of the trail are as the desk wrote them"
        )

    def _records(self, held: Mapping[int, Link]) -> None:
        """Compare the files of each note with what the entries say was sealed and published."""
        lives: dict[str, list[dict[str, Any]]] = {}
        for _, link in sorted(held.items()):
            note = link.entry.get("note")
            if isinstance(note, str) and not link.withheld:
                lives.setdefault(note, []).append(link.entry)
        there: dict[str, dict[str, str]] = {}
        for path, digest in self.digests.items():
            top, _, rest = path.partition("/")
            note, _, name = rest.partition("/")
            if top == NOTES and name:
                there.setdefault(note, {})[name] = digest
            elif top == NOTES:
                self._fault(RECORDS, path, "belongs to no note")
        for note in sorted(self._listed() | there.keys()):
            try:
                sealed = self._sealed(note, lives.get(note, []))
            except UNREADABLE as error:
                self._fault(RECORDS, note, f"its entries cannot be understood: {error!r}")
                continue
            self._compare(note, sealed, there.get(note, {}))
            self._submitted(note, lives.get(note, []))
            self._begins(f"{NOTES}/{note}", there.get(note, {}))

    def _listed(self) -> set[str]:
        try:
            notes = json.loads((self.folder / PACKAGE).read_bytes())["notes"]
            return {str(note["id"]) for note in notes}
        except (OSError, *UNREADABLE) as error:
            self._fault(RECORDS, PACKAGE, f"cannot be read: {error!r}")
            return set()

    def _sealed(self, note: str, life: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Return the digests of a note's files by name, as its entries have them."""
        files: dict[str, str] = {}
        submitters: set[str] = set()
        needed: set[str] = set()  # roles whose approval a submission asks for
        given: set[str] = set()
        begun = ""
        for entry in life:
            body, kind, who = entry["body"], entry["kind"], entry["actor"]
            if kind == "note.submitted":
                files, needed, given = dict(body["files"]), set(body["approvals"]), set()
                analysts = {_plain(analyst["name"]) for analyst in body["analysts"]}
                submitters.add(who["id"])
            elif kind == "note.returned":
                given = set()
            elif kind == "note.approved" and body["manifest"] == files["manifest.json"]:
                if who["id"] not in submitters and _plain(who["name"]) not in analysts:
                    given.add(who["role"])
            elif kind == "note.publishing":
                begun = entry["at"]
            elif kind == "note.published":
                if not needed or not needed <= given:
                    self._fault(RECORDS, note, "published, but nobody else approved what was submitted")
                if (body["manifest"], body["unsigned_pdf"]) != (files["manifest.json"], files["note.pdf"]):
                    self._fault(RECORDS, note, "published is not what was submitted last")
                files |= {SIGNED: body["signed_pdf"], "chain.pem": body["chain"], **body["signatures"]}
                if "manifest.json.p7s" not in body["signatures"]:
                    self._fault(RECORDS, note, "published without a signature of its manifest")
                self._moments(note, begun)
        if not files:
            self._fault(RECORDS, note, f"no entry of {LEDGER} submits it")
        return files

    def _moments(self, note: str, begun: str) -> None:
        """Compare the times that a note's signatures state with that at which its publication began."""
        for name in (SIGNED, "manifest.json.p7s"):
            stated = self.stated.get(f"{NOTES}/{note}/{name}")
            if stated is not None and f"{stated:%Y-%m-%dT%H:%M:%S}" != begun[:19]:
                said = f"made {stated:%Y-%m-%dT%H:%M:%S}, the ledger says {begun[:19] or 'nothing'}"
                self._fault(SIGNATURES, f"{NOTES}/{note}/{name}", said)

    def _submitted(self, note: str, life: Sequence[Mapping[str, Any]]) -> None:
        """Compare what the last submission says of a note with its manifest, which is what was signed."""
        bodies = [entry["body"] for entry in life if entry["kind"] == "note.submitted"]
        path = f"{NOTES}/{note}/manifest.json"
        try:
            manifest, body = json.loads((self.folder / path).read_bytes()), bodies[-1]
            said = {"id": note, "note": body["name"], "lang": body["language"]}
            said |= {key: body[key] for key in ("as_of", "analysts")}
            said |= {key: body.get(key, []) for key in ("disclosures", "covers")}
            for key, entered in said.items():
                if manifest.get(key, []) != entered:
                    self._fault(RECORDS, path, f"{key} is {manifest.get(key)!r}, the entry says {entered!r}")
        except (OSError, IndexError, *UNREADABLE) as error:
            self._fault(RECORDS, path, f"cannot be compared with its entry: {error!r}")

    def _compare(self, note: str, sealed: Mapping[str, str], there: Mapping[str, str]) -> None:
        told = {fault.subject for fault in self.faults if fault.check == FILES}
        for name in sorted(sealed.keys() | there.keys()):
            path = f"{NOTES}/{note}/{name}"
            if name not in sealed:
                self._fault(RECORDS, path, f"no entry of {note} names it")
            elif name not in there:
                if name != PACK and path not in told:
                    self._fault(RECORDS, path, f"missing: the entries of {note} name it")
            elif there[name] != sealed[name]:
                self._fault(RECORDS, path, f"not the file that the entries of {note} name")
        if sealed and PACK in sealed and PACK not in there:
            self.notes.append(f"{NOTES}/{note}/{PACK} stays in the archive")

    def _begins(self, folder: str, there: Mapping[str, str]) -> None:
        if "note.pdf" in there and SIGNED in there:
            plain, signed = (self.folder / folder / name for name in ("note.pdf", SIGNED))
            if not signed.read_bytes().startswith(plain.read_bytes()):
                self._fault(RECORDS, f"{folder}/{SIGNED}", "does not begin with the approved bytes")

    def _signatures(self) -> None:
        found = sorted(self.folder.rglob("*.p7s"))
        pdfs = sorted(path for path in self.folder.rglob(SIGNED) if path.is_file())
        if (found or pdfs) and shutil.which("openssl") is None:
            number = len(found) + len(pdfs)
            self._fault(SIGNATURES, f"{number} signatures", "not checked: openssl is not on the PATH")
            return
        if stamps := sorted(self.folder.rglob("*.tsr")):
            asked = "openssl ts -verify -token_in -in FILE.tsr -data FILE -CAfile CERTIFICATES"
            self.notes.append(f"{len(stamps)} time stamps not checked here: {asked}")
        made: Counter[str] = Counter()
        self.good = set()
        with tempfile.TemporaryDirectory() as scratch:
            check = _Signatures(Path(scratch), self.trust)
            for path in [*found, *pdfs]:
                signer, why = check.detached(path) if path.suffix == ".p7s" else check.pdf(path)
                name = path.relative_to(self.folder).as_posix()
                if why:
                    self._fault(SIGNATURES, name, why)
                else:
                    made[signer] += 1
                    if check.at is not None:
                        self.stated[name] = check.at
                    self.good.add(name.removesuffix(".p7s"))
        for signer, count in sorted(made.items()):
            how = "trusted" if self.trust else "who vouches for it was not checked, name --trust"
            self.notes.append(f"{count} signatures hold, by {signer} ({how})")


def _plain(name: str) -> str:
    """Write a name so that another spelling of the same letters does not make another person."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


class _Signatures:
    """The command openssl, with a scratch folder; it trusts the certificates named and no others."""

    def __init__(self, scratch: Path, trust: Path | None) -> None:
        self.scratch, self.trust = scratch, trust
        self.at: dt.datetime | None = None  # when the signature seen last says that it was made
        none = scratch / "none"
        none.mkdir()
        # Without these the system's own certificates would vouch for signers, too.
        self.environment = {**os.environ, "SSL_CERT_DIR": str(none), "SSL_CERT_FILE": str(none / "none.pem")}

    def detached(self, path: Path) -> tuple[str, str]:
        """Return who made the signature beside a file, and why it does not hold."""
        content = path.with_suffix("")
        if not content.is_file():
            return "", f"what it signs is missing: {content.name}"
        return self._verified(content, path, self._signing_time(path))

    def pdf(self, path: Path) -> tuple[str, str]:
        """Return who made the signature in a PDF, and why it does not hold."""
        parts = pdf_parts(path.read_bytes())
        if parts is None:
            return "", "no signature that covers the whole PDF"
        content, signature = self.scratch / "content", self.scratch / "signature"
        content.write_bytes(parts[0])
        signature.write_bytes(parts[1])
        stated = [_moment(found[1].decode(), "%Y%m%d%H%M%S") for found in _PDF_TIME.finditer(parts[0])]
        return self._verified(content, signature, stated[-1] if stated else None)

    def _verified(self, content: Path, signature: Path, at: dt.datetime | None) -> tuple[str, str]:
        signer = self.scratch / "signer.pem"
        trust = ["-partial_chain", "-CAfile", str(self.trust)] if self.trust else ["-noverify"]
        # Was the certificate valid when it signed? Whether it is today does not matter.
        moment = ["-attime", str(int(at.timestamp()))] if self.trust and at else []
        self.at = at
        asked = ["cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", *trust, *moment]
        asked += ["-in", str(signature), "-content", str(content), "-signer", str(signer)]
        done = self._openssl([*asked, "-out", str(self.scratch / "out")])
        if done.returncode:
            return "", f"the signature does not hold: {' '.join(done.stderr.split())[-300:]}"
        asked = ["x509", "-in", str(signer), "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus_space"]
        return self._openssl(asked).stdout.strip().removeprefix("subject=").strip(), ""

    def _signing_time(self, signature: Path) -> dt.datetime | None:
        """Return when a signature says that it was made."""
        asked = ["cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", str(signature)]
        found = _SIGNING_TIME.search(self._openssl(asked).stdout)
        return _moment(" ".join(found[1].split()), "%b %d %H:%M:%S %Y GMT") if found else None

    def _openssl(self, asked: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["openssl", *asked], env=self.environment, capture_output=True, text=True, errors="replace"
        )


def _moment(written: str, form: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(f"{written} +0000", f"{form} %z")
    except ValueError:
        return None


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    found = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def pdf_parts(content: bytes) -> tuple[bytes, bytes] | None:
    """Return what the signature of a PDF covers, and the signature; None if there is none."""
    found = list(_BYTE_RANGE.finditer(content))
    if not found:
        return None
    try:
        begin, first, second, length = (int(found[-1][k]) for k in range(1, 5))
        hidden = content[begin + first : second].strip()
        signature = bytes.fromhex(hidden[1:-1].decode("ascii"))
    except ValueError:
        return None
    if begin or second + length != len(content):
        return None  # bytes that the signature does not cover
    return content[:first] + content[second : second + length], _der(signature)


def _der(padded: bytes) -> bytes:
    """Return a DER object without the zeros that fill its place."""
    if len(padded) < 2 or padded[1] < 0x80:
        return padded
    count = padded[1] & 0x7F
    return padded[: 2 + count + int.from_bytes(padded[2 : 2 + count], "big")]


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return the first and the last of each row of numbers without a gap."""
    first: int | None = None
    for k, number in enumerate(numbers):
        first = number if first is None else first
        if k + 1 == len(numbers) or numbers[k + 1] != number + 1:
            yield first, number
            first = None


def _numbers(run: tuple[int, int]) -> str:
    first, last = run
    return f"entry {first}" if first == last else f"entries {first} to {last}"


def _unfit(trust: Path | None) -> str:
    """Say why a file names nobody to trust: what is wrong with it is not the package's fault."""
    try:
        if trust is not None and b"-----BEGIN CERTIFICATE-----" not in trust.read_bytes():
            return "holds no certificate as PEM"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return ""


def main() -> int:
    """Verify the package and tell what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).resolve().parent)
    parser.add_argument("--trust", type=Path, metavar="PEM")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.folder / PACKAGE).is_file() and not (options.folder / SUMS).is_file():
        sys.stderr.write(f"{options.folder}: no package of an archive: {PACKAGE} and {SUMS} are missing\n")
        return 2
    if why := _unfit(options.trust):
        sys.stderr.write(f"--trust {options.trust}: {why}\n")
        return 2
    package = Package(options.folder.resolve(), options.trust)
    package.verify()
    if options.json:
        content = {
            "ok": not package.faults,
            "signers_trusted": not package.faults and options.trust is not None,
            "faults": [vars(fault) for fault in package.faults],
            "notes": package.notes,
        }
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    else:
        for fault in package.faults:
            sys.stdout.write(f"FAULT {fault.check} {fault}\n")
        for note in package.notes:
            sys.stdout.write(f"{note}\n")
        count = len(package.digests)
        said = "1 fault" if len(package.faults) == 1 else f"{len(package.faults)} faults"
        if not package.faults:
            unproven = "nothing is wrong, but who made them is not proven: name with --trust whom you trust"
            said = "all is well" if options.trust else unproven
        sys.stdout.write(f"{count} files: {said}\n")
    return int(bool(package.faults))


if __name__ == "__main__":
    sys.exit(main())
