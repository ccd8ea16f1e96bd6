from datetime import date

import numpy as np
import pytest

from reportgen import catalog
from reportgen.embedded import FOLDER
from reportgen.store import RESTRICTED, Store


@pytest.fixture(scope="session")
def held():
    return Store(FOLDER)


@pytest.fixture(scope="session")
def rows(held):
    """Give the rows of an embedded series; skip where its licence keeps it out of this copy."""

    def read(series_id):
        if catalog.series(series_id).restricted and not (FOLDER / RESTRICTED).is_dir():
            pytest.skip(f"{series_id} is restricted, and {RESTRICTED}/ is not in this copy")
        return held.rows(series_id)

    return read


@pytest.fixture(scope="session")
def value(rows):
    """Give the value of a series on a day, None if it has no row."""

    def read(series_id, day):
        found = rows(series_id)
        position = np.flatnonzero(found.days == np.datetime64(date.fromisoformat(day)))
        return float(found.values[position[0]]) if len(position) else None

    return read
