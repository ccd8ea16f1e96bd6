import shutil
from datetime import UTC, date, datetime

import numpy as np
import pytest

from reportgen import catalog, embedded
from reportgen.calendars import publication
from reportgen.embedded.building import checksum
from reportgen.errors import StoreError
from reportgen.model import to_moment64
from reportgen.store import RESTRICTED, Store

RETRIEVED = datetime(2026, 11, 22, tzinfo=UTC)


def test_every_held_series_is_in_the_catalogue_and_has_a_sheet(held):
    assert held.held <= embedded.sheets().keys() <= catalog.all_series().keys()
    missing = embedded.sheets().keys() - held.held
    assert all(embedded.sheets()[series_id].restricted for series_id in missing)


def test_what_is_not_embedded_is_known():
    known = catalog.all_series()
    lacking = {i for i in known.keys() - embedded.sheets().keys() if not known[i].source.startswith("DESK:")}
    assert lacking == {"h41_custody", "h41_foreign_rrp", "tga", "swap_operations"}


@pytest.mark.parametrize("series_id", sorted(embedded.sheets()))
def test_rows_agree_with_the_sheet_and_the_publication_rule(series_id, rows):
    sheet, found = embedded.sheets()[series_id], rows(series_id)
    assert (found.days[0].item(), found.days[-1].item()) == (sheet.first, sheet.last)
    assert sheet.first >= date(2015, 1, 1)
    assert len(found.days) == sheet.rows
    assert checksum(found.days, found.values) == sheet.checksum
    assert np.isfinite(found.values).all()
    assert (np.diff(found.days) > np.timedelta64(0)).all()
    rule = catalog.series(series_id).publication
    assert (found.published == publication.first_public_array(rule, found.days)).all()
    assert (found.published < found.retrieved).all()
    assert (found.retrieved == to_moment64(RETRIEVED)).all()


@pytest.mark.parametrize("sheet", embedded.sheets().values(), ids=lambda sheet: sheet.id)
def test_sheet_agrees_with_the_catalogue_and_names_its_origin(sheet):
    series = catalog.series(sheet.id)
    for field in ("title", "unit", "frequency", "source", "licence", "restricted", "note"):
        assert getattr(sheet, field) == getattr(series, field)
    assert sheet.restricted == sheet.file.startswith(f"{RESTRICTED}/")
    assert all(sheet.inputs)
    assert all(sheet.origin)
    assert all(sheet.checked)
    assert ("splice" in sheet.flags) == (len(sheet.inputs) > 1)


def test_sheets_say_what_was_transcribed_and_corrected():
    sheets = embedded.sheets()
    assert "transcribed" in sheets["iorb"].flags
    assert "transcribed" in sheets["cot_5y_lev_short"].flags
    assert "transcribed" not in sheets["cot_5y_oi"].flags
    assert sheets["target_upper"].corrections == (
        "2015-12-16: 0.5 in the source, 0.25 here",
        "2016-12-14: 0.75 in the source, 0.5 here",
    )


def test_the_moment_of_gathering():
    assert embedded.retrieved() == RETRIEVED


def test_the_unrestricted_data_are_small():
    assert sum(path.stat().st_size for path in embedded.FOLDER.glob("*.parquet")) < 4e6


def test_the_data_open_without_the_restricted_folder(tmp_path):
    for path in embedded.FOLDER.glob("*.parquet"):
        shutil.copy(path, tmp_path)
    open_series = {series_id for series_id, sheet in embedded.sheets().items() if not sheet.restricted}
    assert Store(tmp_path).held == open_series


@pytest.mark.parametrize("text", [None, "", "[]", '{"series": {"ust_10y": {}}, "files": {}}'])
def test_unreadable_sheets_are_an_error(tmp_path, text):
    if text is not None:
        (tmp_path / embedded.SHEETS).write_text(text)
    with pytest.raises(StoreError, match=embedded.SHEETS):
        embedded.read_sheets(tmp_path)
