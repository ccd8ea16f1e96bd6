"""Write sifma.csv from pandas_market_calendars: `python -m reportgen.calendars.generate`.

The overrides are not part of the table; they stand, with their sources, in overrides.toml.
"""

from __future__ import annotations

from datetime import date, time
from importlib import import_module
from pathlib import Path

from reportgen.calendars.days import FIRST_DAY, LAST_DAY, NEW_YORK

_FULL_DAY_CLOSE = time(17, 30)


def sifma_rows(first: date = FIRST_DAY, last: date = LAST_DAY) -> list[tuple[date, time | None]]:
    """List the weekdays on which the Treasury market is closed (None) or closes early (the hour).

    Source: pandas_market_calendars, calendar SIFMAUS, after SIFMA's holiday schedule.
    """
    # Imported here: a development dependency that the product never loads.
    pandas = import_module("pandas")
    schedule = import_module("pandas_market_calendars").get_calendar("SIFMAUS").schedule(first, last)
    closes = {
        day.date(): close.astimezone(NEW_YORK).time()
        for day, close in zip(schedule.index, schedule["market_close"], strict=True)
    }
    weekdays = [day.date() for day in pandas.bdate_range(first, last)]
    return [(day, closes.get(day)) for day in weekdays if closes.get(day) != _FULL_DAY_CLOSE]


def main() -> None:
    lines = ["day,close", *(f"{day},{close:%H:%M}" if close else f"{day}," for day, close in sifma_rows())]
    Path(__file__).with_name("sifma.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
