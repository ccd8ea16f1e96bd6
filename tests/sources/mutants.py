"""Payloads spoilt at random, but the same way each time."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_ODD = (
    b"", b".", b"null", b'"null"', b"NaN", b"Infinity", b"-", b"1e5", b"1_0", b"0x1F", b"1,234.5",
    b"\xd9\xa4", b"\xff", b"\x00", b"99999999999999999999", b"-1", b"0", b"true", b"[]", b"{}", b"<b>4</b>",
    b"&#52;", b" 4.4 ", b"N/A", b"#REF!", b"4.4.4", b"\xe2\x88\x921", b'4"5', b"n.a.",
)  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_DAY = re.compile(rb"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}")
_WORD = re.compile(rb"[A-Za-z_]{3,}")


def mutant(payload: bytes, seed: int) -> bytes:
    """Spoil a payload in one to three ways."""
    dice = random.Random(seed)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        payload = dice.choice(_WAYS)(payload, dice)
    return payload


def _digit(payload: bytes, dice: random.Random) -> bytes:
    places = [m.start() for m in re.finditer(rb"\d", payload)]
    return _put(payload, dice.choice(places), 1, b"%d" % dice.randrange(10)) if places else payload


def _number(payload: bytes, dice: random.Random) -> bytes:
    return _swap_match(payload, dice, _NUMBER, lambda _: dice.choice(_ODD))


def _scale(payload: bytes, dice: random.Random) -> bytes:
    return _swap_match(
        payload, dice, _NUMBER, lambda m: b"%g" % (float(m) * dice.choice((100, 1000, 0.01, -1)))
    )


def _day(payload: bytes, dice: random.Random) -> bytes:
    days = _DAY.findall(payload)
    other = (*days[:40], b"2026-02-30", b"1066-10-14", b"2099-01-01", b"", b"14.10.2026")
    return _swap_match(payload, dice, _DAY, lambda _: dice.choice(other))


def _rename(payload: bytes, dice: random.Random) -> bytes:
    found = _WORD.findall(payload)
    return payload.replace(dice.choice(found), dice.choice(found) + b"x") if found else payload


def _flip(payload: bytes, dice: random.Random) -> bytes:
    return _put(payload, dice.randrange(max(1, len(payload))), 1, bytes([dice.randrange(256)]))


def _cut(payload: bytes, dice: random.Random) -> bytes:
    return payload[: dice.randrange(max(1, len(payload)))]


def _drop(payload: bytes, dice: random.Random) -> bytes:
    return _put(payload, dice.randrange(max(1, len(payload))), dice.choice((1, 2, 5, 40, 300)), b"")


def _repeat(payload: bytes, dice: random.Random) -> bytes:
    start, length = dice.randrange(max(1, len(payload))), dice.choice((5, 40, 300))
    return _put(payload, dice.randrange(max(1, len(payload))), 0, payload[start : start + length])


def _lines(payload: bytes, dice: random.Random) -> bytes:
    """Swap, repeat or drop a line, or turn the table upside down."""
    lines = re.split(rb"(?<=\n)|(?=<entry>)|(?<=\},)", payload)
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    way = dice.randrange(4)
    if way == 0:
        lines[one], lines[other] = lines[other], lines[one]
    elif way == 1:
        lines.insert(other, lines[one])
    elif way == 2:
        del lines[one]
    else:
        lines = [lines[0], *reversed(lines[1:])]
    return b"".join(lines)


def _columns(payload: bytes, dice: random.Random) -> bytes:
    """Swap two cells of a line: of the header, or of a row."""
    lines = payload.split(b"\n")
    at = dice.choice((0, dice.randrange(len(lines))))
    mark = b"\t" if b"\t" in lines[at] else b","
    cells = lines[at].split(mark)
    one, other = dice.randrange(len(cells)), dice.randrange(len(cells))
    cells[one], cells[other] = cells[other], cells[one]
    lines[at] = mark.join(cells)
    return b"\n".join(lines)


def _page(payload: bytes, dice: random.Random) -> bytes:
    return dice.choice(
        (b"<!DOCTYPE html><html><title>Sorry</title>", b"<html>", b"{}", b"[]", b"", b"null")
    ) + (payload if dice.random() < 0.3 else b"")


def _put(payload: bytes, at: int, length: int, new: bytes) -> bytes:
    return payload[:at] + new + payload[at + length :]


def _swap_match(
    payload: bytes, dice: random.Random, pattern: re.Pattern[bytes], new: Callable[[bytes], bytes]
) -> bytes:
    found = list(pattern.finditer(payload))
    if not found:
        return payload
    match = dice.choice(found)
    return payload[: match.start()] + new(match[0]) + payload[match.end() :]


_WAYS = (_digit, _digit, _number, _number, _number, _scale, _scale, _day, _day, _rename, _flip, _cut, _drop,
         _repeat, _lines, _lines, _columns, _page)  # fmt: skip
