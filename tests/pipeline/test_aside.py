"""Work beside the rest: its result, its errors, and its loss without harm."""

from __future__ import annotations

import os
import signal

import pytest

from reportgen.assets import asset_dir
from reportgen.config import load_desk
from reportgen.errors import TemplateError
from reportgen.figures import house
from reportgen.pipeline import aside
from reportgen.pipeline.aside import Aside


@pytest.fixture(params=[True, False], ids=["beside", "in place"])
def somewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "_CAN_COPY", request.param and hasattr(os, "fork"))
    return


def _sum(a: int, b: int) -> int:
    return a + b


def _refuse() -> None:
    raise TemplateError("front.html.j2 line 3", hint="Close the bracket.")


def _where() -> int:
    return os.getpid()


@pytest.mark.usefixtures("somewhere")
def test_result_comes_back() -> None:
    assert Aside(_sum).start(2, 3).result() == 5


@pytest.mark.usefixtures("somewhere")
def test_error_comes_back_with_its_hint() -> None:
    with pytest.raises(TemplateError) as caught:
        Aside(_refuse).start().result()
    assert str(caught.value) == "front.html.j2 line 3\n  Close the bracket."


@pytest.mark.usefixtures("somewhere")
def test_what_is_made_ready_fails_as_the_work_would() -> None:
    with pytest.raises(TemplateError):
        Aside(_sum, ready=_refuse).start(1, 1).result()


@pytest.mark.usefixtures("somewhere")
def test_work_that_is_not_wanted_any_more_leaves_no_process() -> None:
    with Aside(_where):
        pass
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.usefixtures("somewhere")
def test_an_error_here_leaves_no_process() -> None:
    with pytest.raises(TemplateError), Aside(_sum).start(1, 1) as beside:
        _refuse()
    assert beside._process is None
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.skipif(not aside._CAN_COPY, reason="this system copies no process")
def test_work_is_done_here_when_the_copy_is_killed() -> None:
    work = Aside(_where)
    assert work._process is not None
    assert work._process.pid is not None
    os.kill(work._process.pid, signal.SIGKILL)
    work._process.join()
    assert work.start().result() == os.getpid()


def test_work_is_done_here_where_threads_would_be_lost() -> None:
    assert Aside(_where, threaded="os").start().result() == os.getpid()
    assert Aside(_where, threaded="no_such_library").start().result() != os.getpid() or not aside._CAN_COPY


def _widths(rounds: range) -> list[float]:
    letters = "".join(map(chr, (*range(33, 127), *range(192, 383))))
    with house.house_style(asset_dir("charts") / "house.mplstyle", house.look_of(load_desk().brand)):
        return [house.text_width(letters[k % 200 :] + "x" * k, 7.0) for k in rounds]


def test_fonts_are_not_read_by_two_processes_at_once() -> None:
    """An open font file is shared with a copy, and with it the place at which it is read."""
    _widths(range(1))  # the font is open before the copy is made
    beside = Aside(_widths).start(range(1, 120))
    _widths(range(200, 319))
    assert beside.result() == _widths(range(1, 120))
