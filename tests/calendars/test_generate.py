import csv
from datetime import date, time
from pathlib import Path

import reportgen.calendars
from reportgen.calendars.generate import sifma_rows


def test_table_equals_pandas_market_calendars():
    with (Path(reportgen.calendars.__file__).parent / "sifma.csv").open(encoding="utf-8") as lines:
        table = [
            (date.fromisoformat(row["day"]), time.fromisoformat(row["close"]) if row["close"] else None)
            for row in csv.DictReader(lines)
        ]
    assert table == sifma_rows()
