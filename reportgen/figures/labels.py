"""Direct labels: where they go so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reportgen.model import Floats


class Box(NamedTuple):
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Say whether two rectangles overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )  # fmt: skip


def spread(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Return centres as near as can be to those wanted, so that no two labels overlap.

    Labels keep their order. Where they do not fit between low and high, they stand out at the bottom.
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    # Blocks of touching labels, bottom to top: wanted centres relative to the block's foot, members.
    blocks: list[tuple[list[int], float]] = []  # members, foot
    for i in order:
        blocks.append(([i], _foot([i], wanted, heights, low, high)))
        while len(blocks) > 1:
            (below, foot), (above, next_foot) = blocks[-2:]
            if foot + sum(heights[k] for k in below) <= next_foot + 1e-9:
                break
            merged = below + above
            blocks[-2:] = [(merged, _foot(merged, wanted, heights, low, high))]
    centres = [0.0] * len(wanted)
    for members, foot in blocks:
        at = foot
        for k in members:
            centres[k] = at + heights[k] / 2
            at += heights[k]
    return centres


def _foot(
    members: Sequence[int], wanted: Sequence[float], heights: Sequence[float], low: float, high: float
) -> float:
    """Return where a block of labels begins: at the mean of its members' wishes, inside the limits."""
    at, wishes = 0.0, []
    for k in members:
        wishes.append(wanted[k] - heights[k] / 2 - at)
        at += heights[k]
    foot = sum(wishes) / len(wishes)
    return min(max(foot, low), high - at)


class Place(NamedTuple):
    """Where a label may go, and how good that is."""

    box: Box
    score: float


def free_place(
    anchor: tuple[float, float],
    size: tuple[float, float],
    obstacles: Floats,
    taken: Sequence[Box],
    inside: Box,
) -> Place:
    """Return the place beside a point that lies furthest from lines and other labels.

    Shape: obstacles is (n, 2), points of lines. Units: points.
    """
    (x, y), (width, height) = anchor, size
    found = []
    for dx, dy in _BESIDE:
        left = x + (4.0 if dx > 0 else -4.0 - width if dx < 0 else -width / 2)
        bottom = y - height / 2 + dy * (height / 2 + 2.0)
        box = Box(left, bottom, left + width, bottom + height)
        outside = max(
            inside.left - box.left, box.right - inside.right, inside.bottom - box.bottom, box.top - inside.top
        )
        hit = any(box.meets(other) for other in taken)
        distance = abs(dy) * 0.5
        found.append(Place(box, _clearance(box, obstacles) - distance - 100.0 * (outside > 0) - 50.0 * hit))
    return max(found, key=lambda place: place.score)


# Directions in which a label may lie: to the right, above or below, to the left; then further up and down.
_BESIDE = tuple((dx, dy) for dy in (0, 1, -1, 2, -2, 3, -3, 4, -4) for dx in (1, 0, -1) if dx or dy)


def _clearance(box: Box, points: Floats) -> float:
    """Return the distance of the nearest point to a box, at most 4."""
    if not len(points):
        return 4.0
    dx = np.maximum(np.maximum(box.left - points[:, 0], points[:, 0] - box.right), 0.0)
    dy = np.maximum(np.maximum(box.bottom - points[:, 1], points[:, 1] - box.top), 0.0)
    return float(min(np.hypot(dx, dy).min(), 4.0))
