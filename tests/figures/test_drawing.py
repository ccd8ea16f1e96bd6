"""The artists: what is drawn is what is held."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from reportgen.errors import ChartError
from reportgen.figures.draw import draw
from reportgen.figures.figure import Drawing
from reportgen.figures.samples import serial
from reportgen.figures.specification import Charts, Episode
from reportgen.model import NEW_YORK, Fact, Observation, Ref, to_date
from tests.figures.conftest import LOOK, FakeMeasures, series, specification, track, weekdays

END = dt.date(2025, 4, 10)
WEEK_START = dt.date(2025, 4, 4)
Draw = Callable[..., Drawing]
LINES = [
    {"measure": "ust.10y", "label": "10-year", "style": "first"},
    {"measure": "ust.2y", "label": "2-year", "style": "second"},
]


def axes_of(drawing: Drawing) -> list[Axes]:
    assert drawing.picture is not None
    return drawing.picture.axes


def artists(drawing: Drawing, gid: str) -> list[Any]:
    return [a for axes in axes_of(drawing) for a in axes.get_children() if a.get_gid() == gid]


def line(drawing: Drawing, gid: str) -> Line2D:
    (found,) = artists(drawing, gid)
    assert isinstance(found, Line2D)
    return found


def texts(drawing: Drawing, gid: str) -> list[str]:
    return [t.get_text() for t in artists(drawing, gid) if isinstance(t, Text)]


def change(tenor: str, value: float) -> Fact:
    at = dt.datetime.combine(END, dt.time(18), NEW_YORK)
    seen = Observation(series(f"ust_{tenor}"), END, 4.0, at)
    return Fact(
        f"ust.{tenor}.change_week",
        tenor,
        value,
        "bp",
        f"{value:+.0f} bp",
        END,
        at,
        (seen,),
        "difference",
        signed=True,
    )


def yields(count: int = 60) -> FakeMeasures:
    days = weekdays(END, count)
    ramp = np.linspace(4.0, 4.4, count)
    return FakeMeasures(
        {"ust.10y": track("ust.10y", days, ramp), "ust.2y": track("ust.2y", days, ramp - 0.5)}
    )


def test_lines_carry_the_data_of_their_window_and_their_names(drawing: Draw) -> None:
    held = yields()
    found = drawing(specification("line", window="1m", lines=LINES), held)
    source = held.tracks["ust.10y"]
    inside = source.days >= np.datetime64("2025-03-10")
    x, y = line(found, "ust.10y").get_data()
    assert np.array_equal(x, source.days[inside].astype(np.float64))
    assert np.array_equal(y, source.values[inside])
    assert texts(found, "label") == ["10-year", "2-year"]
    low, high = axes_of(found)[0].get_ylim()
    assert low <= held.tracks["ust.2y"].values[inside].min()
    assert high >= 4.4
    assert axes_of(found)[0].get_xlim() == (serial(dt.date(2025, 3, 10)), serial(END))
    assert found.last_day == END


def test_a_step_holds_its_value_and_spikes_stand_on_zero(drawing: Draw) -> None:
    days = weekdays(END, 30)
    held = FakeMeasures({
        "policy.iorb": track("policy.iorb", days, [4.4] * 15 + [4.15] * 15),
        "facility.srf": track("facility.srf", days, [0.0] * 20 + [3.0] + [0.0] * 9),
    })  # fmt: skip
    lines = [
        {"measure": "policy.iorb", "label": "IORB", "shape": "step"},
        {"measure": "facility.srf", "label": "SRF", "shape": "spikes", "style": "second"},
    ]
    found = drawing(specification("line", lines=lines, zero=True), held)
    assert line(found, "policy.iorb").get_drawstyle() == "steps-post"
    x, y = map(np.asarray, line(found, "facility.srf").get_data())
    assert (x[:2].tolist(), y[:2].tolist()) == ([serial(days[20])] * 2, [0.0, 3.0])
    assert np.isnan(y[2:]).all()
    assert axes_of(found)[0].get_ylim()[0] == 0.0


def test_each_stroke_has_the_pen_of_the_brand(drawing: Draw) -> None:
    found = drawing(specification("line", lines=LINES), yields())
    strokes = LOOK.palette.strokes
    assert [line(found, m).get_color() for m in ("ust.10y", "ust.2y")] == [
        strokes["first"],
        strokes["second"],
    ]
    assert line(found, "ust.10y").get_linewidth() > line(found, "ust.2y").get_linewidth()
    assert [t.get_fontfamily() for t in artists(found, "label")] == [["IBM Plex Sans"]] * 2


def test_values_are_shown_in_the_larger_unit_and_against_their_base(drawing: Draw) -> None:
    days = weekdays(END, 30)
    held = FakeMeasures({"fed.assets": track("fed.assets", days, np.linspace(6700, 6730, 30), "usd_bn")})
    lines = [{"measure": "fed.assets", "label": "Assets"}]
    trillions = drawing(specification("line", unit="usd_bn", divide_by=1000, lines=lines), held)
    assert np.asarray(line(trillions, "fed.assets").get_ydata())[[0, -1]] == pytest.approx([6.7, 6.73])
    assert trillions.table is not None
    assert trillions.table.header == ("Date", "Assets ($ trn)")
    moved = drawing(specification("line", unit="percent", transform="percent_move", lines=lines), held)
    assert np.asarray(line(moved, "fed.assets").get_ydata())[-1] == pytest.approx(30 / 6700 * 100)
    low, high = axes_of(moved)[0].get_ylim()
    assert low <= 0 <= high


def test_a_gap_is_not_bridged(drawing: Draw) -> None:
    days = ["2025-01-02", "2025-01-03", "2025-03-03", "2025-03-04"]
    found = drawing(
        specification("line", lines=LINES[:1]),
        FakeMeasures({"ust.10y": track("ust.10y", days, [1, 2, 3, 4])}),
    )
    assert np.isnan(line(found, "ust.10y").get_ydata()).tolist() == [False, False, True, False, False]


def test_a_line_without_data_is_left_out_and_named(drawing: Draw) -> None:
    held = yields()
    found = drawing(specification("line", lines=LINES), FakeMeasures({"ust.10y": held.tracks["ust.10y"]}))
    assert found.omitted == ("2-year",)
    assert texts(found, "label") == ["10-year"]


@pytest.mark.parametrize(
    "kind", ["line", "curve", "stacked", "bars", "heat", "panels", "episodes", "contribution"]
)
def test_a_chart_without_any_data_is_empty_and_says_why(charts: Charts, kind: str) -> None:
    own: dict[str, Any] = {"lines": [one | {"at": k + 1} for k, one in enumerate(LINES)]}
    if kind == "panels":
        own = {"panels": [{"lines": [one]} for one in LINES]}
    elif kind == "episodes":
        own |= {"episodes": [{"day": WEEK_START, "label": "Then", "style": "second"}]}
    elif kind == "contribution":
        own |= {"total": "Sum", "window": "4w"}
    found = draw(specification(kind, **own), FakeMeasures({}), {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert (found.empty, found.svg, found.source_line, found.table) == (True, "", "", None)
    assert "10-year" in found.why


def test_names_at_the_ends_do_not_overlap(drawing: Draw) -> None:
    days = weekdays(END, 30)
    names = [f"Line {k}" for k in range(7)]
    held = FakeMeasures({f"m{k}": track(f"m{k}", days, np.linspace(1, 2 + k / 1000, 30)) for k in range(7)})
    found = drawing(
        specification("line", lines=[{"measure": f"m{k}", "label": n} for k, n in enumerate(names)]), held
    )
    boxes = [t.get_window_extent() for t in artists(found, "label")]
    assert len(boxes) == 7
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert found.picture is not None
    assert all(b.x1 <= found.picture.bbox.x1 for b in boxes)


def test_panels_share_their_time_axis_and_name_what_ends_early(drawing: Draw) -> None:
    days = weekdays(END, 120)
    held = FakeMeasures({"a": track("a", days, range(120)), "b": track("b", days[:40], range(40))})
    panels = [
        {"title": t, "lines": [{"measure": m, "label": t}]} for m, t in (("a", "Above"), ("b", "Below"))
    ]
    found = drawing(specification("panels", panels=panels), held)
    above, below = axes_of(found)
    assert above.get_xlim() == below.get_xlim()
    assert above.get_position().x0 == below.get_position().x0
    assert texts(found, "title") == ["Above", f"Below, to {days[39]:%b %Y}"]
    assert above.get_xticklabels() == []
    assert below.get_xticklabels()


def test_a_threshold_near_the_data_is_drawn_and_one_far_away_is_not(drawing: Draw) -> None:
    near, far = (Ref(f"gauge.{n}", f"{v} %", v, "percent", "desk") for n, v in (("near", 4.5), ("far", 40.0)))
    spec = specification(
        "line",
        lines=LINES,
        references=[{"threshold": "gauge.near", "label": "Watch"}, {"threshold": "gauge.far"}],
    )
    found = drawing(spec, yields(), references={near.id: near, far.id: far})
    assert [list(a.get_ydata()) for a in artists(found, "reference")] == [[4.5, 4.5]]
    assert texts(found, "label")[-1] == "Watch 4.5 %"


def test_an_unknown_threshold_is_named(charts: Charts) -> None:
    spec = specification("line", lines=LINES, references=[{"threshold": "gauge.none"}])
    with pytest.raises(ChartError, match=r"test.toml: references: found 'gauge.none'"):
        draw(spec, yields(), {}, charts, {}, LOOK)  # type: ignore[arg-type]


def test_shading_is_drawn_once_it_is_known_and_never_beyond_today(drawing: Draw, charts: Charts) -> None:
    first, last, known = dt.date(2025, 2, 3), dt.date(2025, 2, 20), dt.date(2025, 3, 1)
    later, since = END + dt.timedelta(1), dt.date(2025, 3, 20)
    spans = {
        "past": Episode(label="P", start=first, end=last, known=known, source="s"),
        "later": Episode(label="L", start=first, end=last, known=later, source="s"),
        "open": Episode(
            label="O", start=dt.date(2025, 3, 20), end=dt.date(2026, 1, 1), known=known, source="s"
        ),
    }
    days = weekdays(END, 60)
    held = FakeMeasures({"ust.10y": track("ust.10y", days, [0.0] * 59 + [1.0])})
    spec = specification("line", lines=LINES[:1], shading=list(spans))
    found = drawing(spec, held, using=dataclasses.replace(charts, episodes=spans))
    edges = [(a.get_x(), a.get_x() + a.get_width()) for a in artists(found, "shade")]
    assert edges == [
        (serial(first), serial(last)),
        (serial(since), serial(END)),
    ]
    assert texts(found, "episode") == ["P", "O"]


@pytest.mark.parametrize("highest", [0.90, 0.94, 0.97, 1.0, 1.04])
def test_the_name_of_an_episode_is_not_crossed_by_the_grid(
    drawing: Draw, charts: Charts, highest: float
) -> None:
    first, last = dt.date(2025, 2, 3), dt.date(2025, 2, 20)
    spans = {"past": Episode(label="Past", start=first, end=last, known=last, source="s")}
    held = FakeMeasures({"ust.10y": track("ust.10y", weekdays(END, 60), [0.0] * 59 + [highest])})
    spec = specification("line", lines=LINES[:1], shading=list(spans))
    found = drawing(spec, held, using=dataclasses.replace(charts, episodes=spans))
    (axes,) = axes_of(found)
    (name,) = (a for a in artists(found, "episode") if isinstance(a, Text))
    drawn = name.get_window_extent()
    for at in axes.get_yticks():
        (_, height) = axes.transData.transform((0, at))
        assert not drawn.y0 + 1.5 < height < drawn.y1 - 1.5


def test_a_curve_pairs_each_yield_with_its_own_tenor(drawing: Draw) -> None:
    days = weekdays(END, 40)
    tenors = (("1y", 1), ("2y", 2), ("3y", 3), ("10y", 10))
    held = {f"ust.{t}": track(f"ust.{t}", days, [at + k / 100 for k in range(40)]) for t, at in tenors}
    held["ust.2y"] = track("ust.2y", days[:-1], [2 + k / 100 for k in range(39)])  # no yield on the last day
    lines = [{"measure": f"ust.{t}", "label": t, "at": at} for t, at in tenors]
    found = drawing(specification("curve", lines=lines), FakeMeasures(held))
    x, y = line(found, END.isoformat()).get_data()
    assert np.allclose(x, np.log([1, 2, 3, 10]))
    assert np.allclose(y, [1.39, np.nan, 3.39, 10.39], equal_nan=True)
    assert np.allclose(line(found, "2025-04-04").get_ydata(), [1.35, 2.35, 3.35, 10.35])
    assert texts(found, "label") == [
        "10\N{NO-BREAK SPACE}Apr",
        "4\N{NO-BREAK SPACE}Apr",
        "13\N{NO-BREAK SPACE}Mar",
    ]
    assert found.table is not None
    assert found.table.header == ("Tenor", "2025-04-10 (%)", "2025-04-04 (%)", "2025-03-13 (%)")
    assert found.table.rows[1] == ("2y", "", "2.35", "2.19")


def test_bars_carry_the_facts_that_the_note_prints(drawing: Draw) -> None:
    facts = {f.id: f for f in (change("2y", 16.0), change("10y", 39.0), change("30y", -4.0))}
    lines = [{"measure": f"ust.{t}", "label": t} for t in ("2y", "5y", "10y", "30y")]
    found = drawing(specification("bars", unit="bp", lines=lines), FakeMeasures({}), facts)
    (axes,) = axes_of(found)
    assert [p.get_height() for p in axes.patches if isinstance(p, Rectangle)] == [16.0, 39.0, -4.0]
    assert texts(found, "value") == ["+16", "+39", "−4"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["2y", "10y", "30y"]
    assert found.omitted == ("5y",)
    assert [s.id for s in found.series] == ["ust_2y", "ust_10y", "ust_30y"]


@pytest.mark.parametrize("values", [(-16.0, -39.0), (16.0, -39.0), (-5.0, 0.0)])
def test_bars_that_fall_hang_from_a_line(drawing: Draw, values: tuple[float, float]) -> None:
    facts = {f.id: f for f in map(change, ("2y", "10y"), values)}
    lines = [{"measure": f"ust.{t}", "label": t} for t in ("2y", "10y")]
    found = drawing(specification("bars", unit="bp", lines=lines), FakeMeasures({}), facts)
    assert list(np.asarray(line(found, "zero").get_ydata())) == [0, 0]


def test_a_stack_counts_only_days_on_which_all_are_held(drawing: Draw) -> None:
    tuesdays = [dt.date(2025, 1, 7) + dt.timedelta(7 * k) for k in range(10)]
    held = FakeMeasures({
        "a": track("a", tuesdays, [1e6] * 10, "contracts", frequency="weekly"),
        "b": track("b", tuesdays[:4] + tuesdays[7:], [2e6] * 7, "contracts", frequency="weekly"),
    })  # fmt: skip
    lines = [{"measure": m, "label": m.upper()} for m in ("a", "b")]
    found = drawing(specification("stacked", unit="contracts", divide_by=1000000, lines=lines), held)
    (top,) = artists(found, "b")
    heights = top.get_path().vertices[:, 1]
    assert heights.max() == 3.0
    assert found.table is not None
    assert [row[0] for row in found.table.rows] == [d.isoformat() for d in tuesdays[:4] + tuesdays[7:]]
    assert found.table.header == ("Date", "A (million contracts)", "B (million contracts)")
    pieces = [serial(d) for d in (tuesdays[3], tuesdays[7])]
    across = top.get_path().vertices[:, 0]
    assert not ((across > pieces[0]) & (across < pieces[1])).any()


CONTRIBUTION = {
    "unit": "bp",
    "transform": "change_bp",
    "window": "3w",
    "total": "Yield",
    "lines": [
        {"measure": "real.10y", "label": "Real yield", "style": "first"},
        {"measure": "breakeven.10y", "label": "Breakeven", "style": "third"},
    ],
}


def parts(days: list[dt.date]) -> FakeMeasures:
    """Return parts whose weekly changes are known: real +5 bp each day, breakeven +3 then -2 by turns."""
    count = np.arange(len(days))
    return FakeMeasures({
        "real.10y": track("real.10y", days, 1 + 0.05 * count),
        "breakeven.10y": track("breakeven.10y", days, 2 + np.where(count % 2, 0.03, 0.01)),
    })  # fmt: skip


def test_contributions_add_up_to_the_change_from_close_to_close(drawing: Draw) -> None:
    found = drawing(specification("contribution", **CONTRIBUTION), parts(weekdays(END, 40)))
    # The week to date runs from Friday 4 to Thursday 10 April; the weeks before it from Friday to Friday.
    assert found.table is not None
    assert found.table.header == ("Week to", "Real yield (bp)", "Breakeven (bp)", "Yield (bp)")
    assert found.table.rows == (
        ("2025-03-28", "25", "−2", "23"),
        ("2025-04-04", "25", "2", "27"),
        ("2025-04-10", "20", "0", "20"),
    )
    (axes,) = axes_of(found)
    heights = [p.get_height() for p in axes.patches if isinstance(p, Rectangle)]
    assert heights == pytest.approx([25, 25, 20, -2, 2, 0], abs=1e-9)
    feet = [p.get_y() for p in axes.patches if isinstance(p, Rectangle)]
    assert feet == pytest.approx([0, 0, 0, 0, 25, 20], abs=1e-9)  # a fall hangs below zero, a rise stacks
    assert line(found, "total").get_ydata() == pytest.approx([23, 27, 20])
    assert texts(found, "label") == ["Real yield", "Breakeven", "Yield"]
    boxes = [t.get_window_extent() for t in artists(found, "label")]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_a_week_that_lacks_a_part_is_left_open(drawing: Draw) -> None:
    days = [d for d in weekdays(END, 40) if not dt.date(2025, 3, 24) <= d <= dt.date(2025, 3, 28)]
    found = drawing(specification("contribution", **CONTRIBUTION), parts(days))
    assert found.table is not None
    assert [row[0] for row in found.table.rows] == ["2025-04-10"]  # the week after the gap has no start


def test_contributions_need_all_their_parts(charts: Charts) -> None:
    held = FakeMeasures({"real.10y": parts(weekdays(END, 40)).tracks["real.10y"]})
    found = draw(specification("contribution", **CONTRIBUTION), held, {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert (found.empty, found.why) == (True, "no data for Breakeven")


def test_a_character_without_a_glyph_is_named(charts: Charts) -> None:
    spec = specification("line", lines=[LINES[0] | {"label": "利率"}, LINES[1]])
    with pytest.raises(ChartError, match=r"test\.toml: no glyph for '利' \(U\+5229\), '率' \(U\+7387\)"):
        draw(spec, yields(), {}, charts, {}, LOOK)  # type: ignore[arg-type]


def test_a_bitmap_has_print_resolution_and_its_source_and_changes_nothing_else(charts: Charts) -> None:
    spec = specification("line", lines=LINES)
    plain = draw(spec, yields(), {}, charts, {}, LOOK)  # type: ignore[arg-type]
    found, again = (draw(spec, yields(), {}, charts, {}, LOOK, png=True) for _ in range(2))  # type: ignore[arg-type]
    assert found == again
    assert (found.svg, plain.png) == (plain.svg, b"")
    with Image.open(io.BytesIO(found.png)) as image:
        assert image.mode == "RGBA"
        assert np.asarray(image)[..., 3].min() == 255  # opaque
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.info["Source"] == found.source_line
        assert abs(image.width - 84 / 25.4 * 300) <= 1
        assert image.height > 56 / 25.4 * 300 + 20  # the source line stands below the picture


def test_episodes_are_aligned_on_day_zero_and_show_only_what_was_public(drawing: Draw) -> None:
    days = weekdays(END, 300)
    close = np.linspace(100, 130, 300)
    held = FakeMeasures({"equity.spx": track("equity.spx", days, close, "index")})
    starts = [
        {"day": days[200], "label": "Then", "style": "second"},
        {"day": WEEK_START, "label": "Same", "style": "third"},
        {"day": dt.date(2025, 5, 1), "label": "Later", "style": "fourth"},
    ]
    spec = specification(
        "episodes",
        unit="index",
        transform="index",
        lines=[{"measure": "equity.spx", "label": "Now"}],
        episodes=starts,
    )
    found = drawing(spec, held)
    assert texts(found, "label") == ["Then", "Now"]
    x, y = map(np.asarray, line(found, "Then").get_data())
    assert (x[0], x[-1], y[10]) == (-10, 60, 100.0)
    assert y == pytest.approx(close[190:261] / close[200] * 100)
    now, values = map(np.asarray, line(found, "Now").get_data())
    assert (now[-1], values[10]) == (4, 100.0)


def test_without_an_earlier_episode_there_is_nothing_to_compare(charts: Charts) -> None:
    lines = [{"measure": "ust.10y", "label": "Now"}]
    starts = [{"day": END, "label": "Later", "style": "second"}]
    spec = specification("episodes", unit="bp", transform="change_bp", lines=lines, episodes=starts)
    found = draw(spec, yields(), {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert (found.empty, found.why) == (True, "no earlier episode was public")


def test_a_heat_map_shows_the_worst_reading_of_each_week(drawing: Draw) -> None:
    days = weekdays(END, 14)  # from Monday 24 March
    states = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]
    held = FakeMeasures({
        "score": track("score", days, range(14), "index"),
        "a": track("a", days, states, "text"),
        "b": track("b", days[:5], [0] * 5, "text"),
    })  # fmt: skip
    lines = [{"measure": m, "label": m.upper(), "group": "G"} for m in ("score", "a", "b")]
    found = drawing(specification("heat", unit="index", window="3w", lines=lines), held)
    assert found.table is not None
    assert found.table.header == ("Week from", "SCORE", "A", "B")
    assert [row[2:] for row in found.table.rows] == [("watch", "calm"), ("calm", ""), ("stress", "")]
    (stress,) = artists(found, "stress")
    corner = stress.get_path().vertices[0]
    assert to_date(np.datetime64(int(corner[0]), "D")) == dt.date(2025, 4, 7)
    assert texts(found, "group") == ["G"]


def test_restricted_data_are_drawn_but_not_handed_on(charts: Charts) -> None:
    days = weekdays(END, 20)
    held = FakeMeasures({
        "ust.10y": track("ust.10y", days, range(20)),
        "ust.2y": track("ust.2y", days, range(20), restricted=True),
    })  # fmt: skip
    whole = draw(specification("line", lines=LINES), held, {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert (whole.restricted, whole.table, whole.empty) == (True, None, False)
    part = draw(specification("line", lines=LINES[:1]), held, {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert part.table is not None
    assert part.table.header == ("Date", "10-year (%)")
    assert part.table.rows[-1] == ("2025-04-10", "19.00")


def test_a_table_beyond_a_year_is_weekly(charts: Charts) -> None:
    days = weekdays(END, 600)
    held = FakeMeasures({"ust.10y": track("ust.10y", days, range(600))})
    found = draw(specification("line", lines=LINES[:1]), held, {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert found.table is not None
    assert found.table.header[0] == "Week to"
    assert [row[0] for row in found.table.rows[-3:]] == ["2025-03-28", "2025-04-04", "2025-04-10"]
    assert [row[1] for row in found.table.rows[-3:]] == ["590.00", "595.00", "599.00"]


def test_a_table_of_monthly_data_says_so(charts: Charts) -> None:
    days = [f"{year}-{month:02}-28" for year in (2023, 2024) for month in range(1, 13)]
    held = FakeMeasures({"ust.10y": track("ust.10y", days, range(24), frequency="monthly")})
    found = draw(specification("line", lines=LINES[:1]), held, {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert found.table is not None
    assert found.table.header[0] == "Month to"
    assert len(found.table.rows) == 24


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (0, "Source: Publisher. As of 10 April 2025."),
        (3, "Source: Publisher. Data to 7 April, as of 10 April 2025."),
    ],
)
def test_the_source_line_says_how_far_the_data_go(charts: Charts, last: int, expected: str) -> None:
    days = weekdays(END, 20)
    kept = days[: len(days) - last]
    held = FakeMeasures({"ust.10y": track("ust.10y", kept, range(len(kept)))})
    found = draw(specification("line", lines=LINES[:1]), held, {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert found.source_line.replace("\N{NO-BREAK SPACE}", " ") == expected
    own = draw(specification("line", lines=LINES[:1], source="Source: us."), held, {}, charts, {}, LOOK)  # type: ignore[arg-type]
    assert own.source_line == "Source: us."
