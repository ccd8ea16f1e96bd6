"""The digest: what mail clients show of a note, and its twin for the audit."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest

from reportgen.checks.numerals import audit
from reportgen.config import Desk
from reportgen.config.mail import Mail
from reportgen.delivery import mailproof
from reportgen.errors import TemplateError
from reportgen.render import digest as digests
from reportgen.render.commentary import Comment
from reportgen.render.context import NoteContext
from reportgen.render.plain import plain_text


def png(width: int = 960, height: int = 640) -> bytes:
    """Return the head of a picture; nobody draws it here."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + head
        + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    )


PICTURES = {"curve": png(), "credit": png(1000, 500)}


@pytest.fixture(scope="module")
def made(context: NoteContext, templates: Path) -> digests.Digest:
    return digests.digest(context, templates, PICTURES)


@pytest.fixture
def with_mail(context: NoteContext) -> Callable[..., NoteContext]:
    def changed(**given: object) -> NoteContext:
        settings = {"sender": "a@b.example", "journal": "j@b.example", "smtp": {"host": "localhost"}, **given}
        desk = context.desk.model_copy(update={"mail": Mail.model_validate(settings)})
        return replace(context, desk=desk)

    return changed


def test_the_parts_in_order(made: digests.Digest) -> None:
    said = plain_text(made.html)
    places = [
        said.index(words)
        for words in (
            "Long end", "The long end led the sell-off", "Key levels", "[The 10-year yield stands at 4.40%.]",
            "What the evidence says", "Basis-trade liquidation", "Flight from dollar assets",
            "Which factor leads", "Due next", "The whole note", "Risk warning", "Disclaimer", "TW-",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_mail_clients_show_all_of_it(made: digests.Digest) -> None:
    page = mailproof.inlined(made.html)
    assert mailproof.lint(page) == []
    assert len(page.encode()) < mailproof.LIMIT
    assert '<table class="paper"' in page
    assert "style=" in page.partition("<h1")[2].partition(">")[0]


def test_words_and_numbers_are_those_of_the_audited_twin(made: digests.Digest, context: NoteContext) -> None:
    assert "data-fact=" in made.marked
    assert "data-fact=" not in made.html
    assert "<button" not in made.html
    assert audit(made.marked, context.facts, context.thresholds) == []
    wrong = made.marked.replace(">4.40<", ">4.45<")
    assert wrong != made.marked
    assert audit(wrong, context.facts, context.thresholds) != []


def test_a_word_that_the_audited_twin_lacks_stops_the_digest(
    context: NoteContext, own_templates: Path
) -> None:
    file = own_templates / "mail" / "digest.html.j2"
    file.write_text(file.read_text().replace("<h1>", "<h1>{{ '' if screen else 'Surely: ' }}"))
    with pytest.raises(TemplateError, match="differs from the one that is audited, in its words"):
        digests.digest(context, own_templates, {})


def test_numbers_are_not_bare_in_what_a_template_adds(context: NoteContext, own_templates: Path) -> None:
    file = own_templates / "mail" / "digest.html.j2"
    file.write_text(file.read_text().replace("<h1>", "<h1>{{ 12 + 1 }} "))
    with pytest.raises(TemplateError, match="a bare number 13"):
        digests.digest(context, own_templates, {})


def test_pictures_have_a_size_words_and_a_white_ground(made: digests.Digest) -> None:
    images = re.findall(r"<img [^>]*>", made.html)
    assert len(images) == 2
    assert 'src="digest/curve.png" width="480" height="320"' in images[0]
    assert 'src="digest/credit.png" width="480" height="240"' in images[1]
    assert all('alt="The 10-year yield stands at 4.40%."' in image for image in images)
    assert made.html.count('<td class="plate" align="left" bgcolor="#ffffff">') == 2


def test_references_to_exhibits_and_the_pages_own_pictures_are_left_out(made: digests.Digest) -> None:
    assert "Exhibit" not in plain_text(made.html)
    assert "<svg" not in made.html
    assert 'href="#' not in made.html


def test_a_week_without_a_move_argues_no_verdict(context: NoteContext, templates: Path) -> None:
    finding = replace(context.findings["perspective.which_factor"], verdict="no_move")
    calm = replace(context, findings={**context.findings, "perspective.which_factor": finding})
    assert "The evidence points one way." in plain_text(digests.digest(context, templates, {}).html)
    assert "The evidence points one way." not in plain_text(digests.digest(calm, templates, {}).html)


def test_a_place_to_unsubscribe_where_the_desk_has_one(
    with_mail: Callable[..., NoteContext], made: digests.Digest, templates: Path
) -> None:
    assert digests.UNSUBSCRIBE not in made.html
    context = with_mail(unsubscribe_url="https://b.example/{token}", note_url="https://b.example/n/{note}")
    page = digests.digest(context, templates, {}).html
    assert f'<a href="{digests.UNSUBSCRIBE}">Unsubscribe</a>' in page
    assert f'href="https://b.example/n/{context.note_id}"' in page
    assert mailproof.lint(mailproof.inlined(page)) == []


def test_the_desk_of_another_house(context: NoteContext, templates: Path) -> None:
    brand = context.desk.brand.model_copy(update={"name": "Müller & Søn <AG>"})
    colours = brand.colours.model_copy(update={"house": "#0a5c36"})
    desk: Desk = context.desk.model_copy(update={"brand": brand.model_copy(update={"colours": colours})})
    page = mailproof.inlined(digests.digest(replace(context, desk=desk), templates, {}).html)
    assert "Müller &amp; Søn &lt;AG&gt;" in page
    assert 'bgcolor="#0a5c36"' in page


def test_a_notice_is_escaped_and_passes(made: digests.Digest) -> None:
    page = mailproof.inlined(made.html).replace(digests.NOTICE, digests.notice("A <b> & c"))
    assert "A &lt;b&gt; &amp; c" in page
    assert mailproof.lint(page) == []


def test_a_language_without_words_for_mail(context: NoteContext, own_templates: Path) -> None:
    (own_templates / "mail" / "en" / "words.toml").unlink()
    with pytest.raises(TemplateError, match="no such file"):
        digests.digest(context, own_templates, {})


def test_what_was_said_last_week_stands_beside_a_verdict_that_turned(
    context: NoteContext, templates: Path
) -> None:
    turned = SimpleNamespace(
        verdicts=(
            SimpleNamespace(id="clue.dollar_flight", before="absent"),
            SimpleNamespace(id="driver.basis_trade", before="not_supported"),
        )
    )
    page = digests.digest(replace(context, extra={**context.extra, "comparison": turned}), templates, {}).html
    said = plain_text(page)
    assert re.search(r"Flight from dollar assets +Present, last week absent", said)
    assert re.search(r"Basis-trade liquidation +Pending, last week not supported", said)
    quiet = SimpleNamespace(id="perspective.which_factor", before="no_move")
    turned.verdicts = (*turned.verdicts, quiet)  # then no driver had a verdict of its own
    page = digests.digest(replace(context, extra={**context.extra, "comparison": turned}), templates, {}).html
    assert re.search(r"Basis-trade liquidation +Pending\n", plain_text(page))


@pytest.mark.parametrize("mode", ["before", "replace"])
def test_what_analysts_wrote_is_in_the_digest_too(
    context: NoteContext, templates: Path, mode: Literal["before", "replace"]
) -> None:
    def comment(section: str, words: str) -> Comment:
        author = context.desk.analysts[0]
        return Comment("f.md", section, mode, (author,), f"<p>{words}</p>\n", ())

    said = (comment("week", "We see it otherwise."), comment("drivers", "No."))
    page = digests.digest(replace(context, commentary=said), templates, {}).html
    words = plain_text(page)
    assert "We see it otherwise." in words
    assert ("The long end led the sell-off" in words) == (mode == "before")
    # Where analysts speak of the drivers in the rules' place, the rules' reasons are not told beside them.
    assert words.count("The evidence points one way.") == (7 if mode == "before" else 3)
    assert mailproof.lint(mailproof.inlined(page)) == []
