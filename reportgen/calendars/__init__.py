"""Business days of the publishers, and the moments at which their data become public.

`days` knows which days are open; `publication` knows when an observation was first public. Both read tables
and rules from the data files beside them, and neither needs pandas.
"""

from reportgen.calendars.days import (
    CALENDARS,
    FIRST_DAY,
    LAST_DAY,
    NEW_YORK,
    between,
    busdays,
    count,
    early_close,
    is_open,
    market_date,
    on_or_after,
    on_or_before,
    open_days,
    shift,
    week_start,
)

__all__ = [
    "CALENDARS",
    "FIRST_DAY",
    "LAST_DAY",
    "NEW_YORK",
    "between",
    "busdays",
    "count",
    "early_close",
    "is_open",
    "market_date",
    "on_or_after",
    "on_or_before",
    "open_days",
    "shift",
    "week_start",
]
