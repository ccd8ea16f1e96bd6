"""Which disclosures a note carries: by jurisdiction, audience, content and date; what is missing stops it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.assets import asset_dir
from reportgen.checks.numerals import audit
from reportgen.config import Desk, load_desk
from reportgen.config.disclosures import Distribution, Entity
from reportgen.config.people import Person, Qualification
from reportgen.errors import ConfigError, TemplateError
from reportgen.model import NEW_YORK
from reportgen.pipeline import analysis, building
from reportgen.pipeline import context as sealing
from reportgen.render import disclosures
from reportgen.render.context import Disclosure, NoteContext
from reportgen.render.disclosures import Occasion, load_rule_book, select
from reportgen.render.html import page, print_page
from reportgen.text import parse_as_of

AS_OF = dt.datetime(2025, 4, 10, 23, 59, tzinfo=NEW_YORK)
ENTITIES = {
    code: Entity(name=f"Example Securities {code}", regulator=f"Authority of {code}", licence="Z-100")
    for code in ("US", "EU", "UK", "CN")
}


def desk(*jurisdictions: str, audiences: tuple[str, ...] = ("institutional",), **more: Any) -> Desk:
    """The example desk, writing for others."""
    given = {"entities": ENTITIES, **more}
    distribution = Distribution(jurisdictions=jurisdictions, audiences=audiences, **given)
    return load_desk().model_copy(update={"distribution": distribution})


def chosen(
    who: Desk,
    *tags: str,
    templates: Path | None = None,
    at: dt.datetime = AS_OF,
    folder: Path | None = None,
) -> tuple[Disclosure, ...]:
    book = load_rule_book(templates or asset_dir("templates"), "en", folder)
    return select(book, who, tags or ("treasuries",), Occasion("TW-2025-04-10-r1", at))


def ids(found: tuple[Disclosure, ...]) -> list[str]:
    return [one.id for one in found]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Disclosures that one test may change: the folder above them."""
    shutil.copytree(asset_dir("templates") / "disclosures", tmp_path / "disclosures")
    return tmp_path


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / "disclosures" / name
    content = file.read_text(encoding="utf-8")
    assert old in content
    file.write_text(content.replace(old, new, 1), encoding="utf-8")


# What is selected.


def test_treasuries_alone_are_no_debt_research() -> None:
    assert ids(chosen(desk("US"))) == ["us.reg_ac", "us.institutional_only", "us.not_debt_research"]


@pytest.mark.parametrize("tag", ["credit", "agency", "securitised"])
def test_with_credit_rule_2242_applies(tag: str) -> None:
    institutional = ids(chosen(desk("US"), "treasuries", tag))
    assert institutional == ["us.reg_ac", "us.institutional_only", "us.debt_research_institutional"]
    retail = ids(chosen(desk("US", audiences=("institutional", "retail")), "treasuries", tag))
    assert retail == ["us.reg_ac", "us.retail_communication", "us.debt_research"]


def test_municipal_bonds_are_outside_rule_2242_too() -> None:
    assert "us.not_debt_research" in ids(chosen(desk("US"), "treasuries", "municipal"))


def test_tags_that_the_desk_adds_count() -> None:
    assert "us.debt_research_institutional" in ids(chosen(desk("US", tags=("credit",))))


def test_other_content_brings_its_own() -> None:
    found = ids(chosen(desk("US"), "treasuries", "futures", "equities"))
    assert found[-2:] == ["us.equity_research", "us.derivatives"]
    assert "us.not_debt_research" not in found


def test_a_second_set_of_jurisdictions() -> None:
    found = chosen(desk("EU", "UK"))
    assert ids(found) == [
        *("eu.producer", "eu.method", "eu.interests", "eu.marketing", "eu.past_performance"),
        *("uk.professionals_only", "uk.producer", "uk.marketing"),
    ]
    words = " ".join(line for one in found for line in one.paragraphs)
    assert "Produced by Example Securities EU, supervised by Authority of EU" in words
    assert "Produced by Example Securities UK, supervised by Authority of UK" in words
    research = ids(chosen(desk("EU", "UK", classification="research")))
    assert {"eu.research", "uk.research"} < set(research)
    assert not {"eu.marketing", "uk.marketing"} & set(research)
    assert "uk.professionals_only" not in ids(chosen(desk("UK", audiences=("institutional", "retail"))))


def test_a_law_counts_from_its_day() -> None:
    before = chosen(desk("US", "EU"), at=dt.datetime(2016, 7, 2, 23, 59, tzinfo=NEW_YORK))
    assert ids(before) == ["us.reg_ac", "us.institutional_only"]
    after = ids(chosen(desk("US", "EU"), at=dt.datetime(2016, 7, 16, 0, 0, tzinfo=NEW_YORK)))
    assert "us.not_debt_research" in after
    assert "eu.producer" in after
    assert "eu.marketing" not in after


def test_each_analyst_certifies() -> None:
    (certified, *_) = chosen(desk("US"))
    assert certified.place == "certification"
    assert [line.partition(" certifies ")[0] for line in certified.paragraphs] == ["A. Analyst", "B. Analyst"]
    for line in certified.paragraphs:
        assert "personal views" in line
        assert "no part of the analyst's compensation was, is or will be" in line


def _chinese(**changes: Any) -> Desk:
    def person(name: str, number: str) -> Person:
        given = {
            "name": "Registered analyst",
            "number": number,
            "jurisdiction": "CN",
            "valid_from": dt.date(2024, 1, 1),
            "valid_until": dt.date(2026, 12, 31),
        }
        qualification = Qualification.model_validate(given | changes)
        return Person(id=name[0].lower(), name=name, roles=("analyst",), qualifications=(qualification,))

    people = (person("A. Analyst", "S0000000000001"), person("B. Analyst", "S0000000000002"))
    return desk("CN").model_copy(update={"people": people})


def test_china_asks_for_certificate_numbers() -> None:
    found = chosen(_chinese())
    assert ids(found) == ["cn.legend", "cn.analysts", "cn.risk"]
    assert "certificate number S0000000000002" in found[1].paragraphs[1]
    assert "number Z-100" in found[0].paragraphs[0]


@pytest.mark.parametrize(
    "changes", [{"number": ""}, {"jurisdiction": "US"}, {"valid_until": dt.date(2025, 4, 9)}]
)
def test_an_analyst_without_a_certificate_stops_it(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        chosen(_chinese(**changes))
    message = str(caught.value)
    assert "a qualification of A. Analyst in CN with a number, valid on 2025-04-10: missing" in message
    assert "B. Analyst" in message
    assert "cn.analysts version 1" in message


def test_without_jurisdictions_there_are_none() -> None:
    bare = load_desk().model_copy(update={"distribution": Distribution()})
    assert chosen(bare) == ()
    assert disclosures.covers(Distribution(audiences=("retail",))) == {"jurisdictions": [], "audiences": []}


# What stops the build.


def test_a_missing_block_stops_it(own: Path) -> None:
    edit(own, "en/us.toml", 'id = "us.reg_ac"', 'id = "us.other"')
    with pytest.raises(TemplateError) as caught:
        chosen(desk("US"), templates=own)
    assert "disclosure us.reg_ac, which Regulation AC, 17 CFR 242.501(a) asks for: missing" in str(
        caught.value
    )
    assert caught.value.exit_code == 5


def test_every_missing_block_is_named(own: Path) -> None:
    (own / "disclosures" / "en" / "us.toml").unlink()
    with pytest.raises(TemplateError) as caught:
        chosen(desk("US"), templates=own)
    assert str(caught.value).count("missing in") == 3


def test_an_expired_block_stops_it(own: Path) -> None:
    edit(own, "en/us.toml", "valid_from = 2003-04-14", "valid_from = 2003-04-14\nvalid_until = 2025-04-09")
    with pytest.raises(TemplateError) as caught:
        chosen(desk("US"), templates=own)
    said = "none in force on 2025-04-10, held: version 1 from 2003-04-14 to 2025-04-09"
    assert said in str(caught.value)
    day_before = dt.datetime(2025, 4, 9, 23, 59, tzinfo=NEW_YORK)
    assert "us.reg_ac" in ids(chosen(desk("US"), templates=own, at=day_before))


def test_the_version_in_force_is_printed(own: Path) -> None:
    edit(own, "en/us.toml", "valid_from = 2003-04-14", "valid_from = 2003-04-14\nvalid_until = 2025-03-31")
    file = own / "disclosures" / "en" / "us.toml"
    new = (
        '[[block]]\nid = "us.reg_ac"\nversion = 2\nvalid_from = 2025-04-01\nplace = "certification"\n'
        'per = "analyst"\ntext = ["{analyst}, {role}, certifies."]\nsource = "x"\napproved = "N. Counsel"\n'
    )
    file.write_text(file.read_text(encoding="utf-8") + new, encoding="utf-8")
    (now, *_) = chosen(desk("US"), templates=own)
    assert (now.version, now.approved) == (2, "N. Counsel")
    assert now.paragraphs[0] == "A. Analyst, US rates strategy, certifies."
    (then, *_) = chosen(desk("US"), templates=own, at=dt.datetime(2025, 3, 31, 12, tzinfo=NEW_YORK))
    assert then.version == 1


def test_a_block_without_what_it_names_stops_it() -> None:
    bare = desk("EU", entities={"EU": Entity(name="Example Securities SE")})
    with pytest.raises(ConfigError, match=r"distribution\.entities\.EU\.regulator: missing") as caught:
        chosen(bare)
    assert "eu.producer version 1 prints it" in str(caught.value)
    with pytest.raises(ConfigError, match=r"distribution\.entities\.EU\.name: missing"):
        chosen(desk("EU", entities={}))


@pytest.mark.parametrize(
    ("who", "tags", "fault"),
    [
        (desk("JP"), (), "distribution.jurisdictions: 'JP' is not known"),
        (desk("US", audiences=("clients",)), (), "distribution.audiences: 'clients' is not known"),
        (desk("US", audiences=()), (), "distribution.audiences: none"),
        (desk("US"), ("crypto",), "content tags: 'crypto' is not known"),
    ],
)
def test_words_that_the_rules_do_not_know(who: Desk, tags: tuple[str, ...], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        chosen(who, *tags)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("rules.toml", 'jurisdiction = "US"', 'jurisdiction = "JP"', "'JP' is not declared"),
        ("rules.toml", 'any_tags = ["equities"]', 'any_tags = ["shares"]', "'shares' is not declared"),
        ("rules.toml", "valid_from = 2003-04-14", "valid_from = 2003", "rule.0.valid_from"),
        ("rules.toml", "[[rule]]", "[[rule]", "not valid TOML"),
        ("en/us.toml", 'place = "certification"', 'place = "front"', "block.0.place"),
        ("en/us.toml", "version = 1", "version = 1\nwho = 1", "block.0.who: unknown key"),
        ("en/us.toml", 'id = "us.institutional_only"', 'id = "us.reg_ac"', "stands there twice"),
        (
            "en/us.toml",
            'id = "us.institutional_only"\nversion = 1',
            'id = "us.reg_ac"\nversion = 2',
            "versions 1 and 2 are in force on the same days",
        ),
        ("en/us.toml", "{analyst} certifies", "{author} certifies", "{author} stands for nothing"),
        ("en/us.toml", "{analyst} certifies", "{Analyst 1} certifies", "{Analyst 1} stands for nothing"),
    ],
)
def test_faults_of_the_files(own: Path, file: str, old: str, new: str, fault: str) -> None:
    edit(own, file, old, new)
    with pytest.raises(TemplateError) as caught:
        chosen(desk("US"), templates=own)
    assert fault in str(caught.value)


def test_a_desks_own_texts_take_the_place_of_the_houses(own: Path) -> None:
    edit(own, "en/us.toml", 'approved = ""', 'approved = "N. Counsel, 2025-01-15"')
    found = chosen(desk("US"), folder=own)
    assert [bool(one.approved) for one in found] == [True, False, False]


# What comes with the software.


def test_every_rule_has_a_block_and_every_block_a_rule() -> None:
    book = load_rule_book(asset_dir("templates"), "en")
    assert {rule.block for rule in book.rules} == {block.id for block in book.blocks}
    for rule in book.rules:
        held = min(block.valid_from for block in book.blocks if block.id == rule.block)
        assert held <= rule.valid_from, rule.block
    assert {rule.jurisdiction for rule in book.rules} == book.jurisdictions


def test_the_files_say_that_they_are_examples() -> None:
    folder = asset_dir("templates") / "disclosures"
    for file in folder.rglob("*.toml"):
        head = " ".join(file.read_text(encoding="utf-8")[:900].lower().split())
        assert "example" in head, file
        assert "counsel" in head, file
    assert not any(block.approved for block in load_rule_book(asset_dir("templates"), "en").blocks)


# On the page.


@pytest.fixture
def disclosed(make_context: Callable[..., NoteContext]) -> NoteContext:
    who = desk("US", "EU")
    return replace(make_context(), desk=who, disclosures=chosen(who))


def _plain(html: str) -> str:
    return " ".join(html.replace("\u00a0", " ").split())


def test_they_stand_on_the_page_in_order(disclosed: NoteContext, templates: Path) -> None:
    for written in (page(disclosed, templates), print_page(disclosed, templates)):
        section = _plain(written[written.index('<section id="disclosures"') :])
        phrases = [
            *("Analyst certification", "A. Analyst certifies", "B. Analyst certifies"),
            *("For readers in the United States", "FINRA Rule 2242 does not count"),
            *("For readers in the European Union", "Produced by Example Securities EU"),
            *("This note is a marketing communication.", "Disclaimer"),
        ]
        places = [section.index(phrase) for phrase in phrases]
        assert places == sorted(places)


def test_an_unapproved_text_says_so(disclosed: NoteContext, templates: Path) -> None:
    marked = page(disclosed, templates).count("(Example text, not approved.)")
    assert marked == sum(len(one.paragraphs) for one in disclosed.disclosures)
    approved = tuple(replace(one, approved="N. Counsel") for one in disclosed.disclosures)
    assert "(Example text" not in page(replace(disclosed, disclosures=approved), templates)


def test_their_numerals_are_their_sources(disclosed: NoteContext) -> None:
    lines = [line for one in disclosed.disclosures for line in one.paragraphs]
    body = "".join(f"<p>{line}</p>" for line in lines)
    found = f"<html><body><main>{body}</main></body></html>"
    assert audit(found, {}, {}, disclosures.quoted(disclosed.disclosures)) == []
    changed = found.replace("Rule 2242", "Rule 2243")
    assert [fault.found for fault in audit(changed, {}, {}, disclosures.quoted(disclosed.disclosures))] != []


@pytest.mark.slow
def test_the_manifest_and_the_context_name_them(own: Path, tmp_path: Path) -> None:
    """A note of a desk of its own, built whole."""
    folder = tmp_path / "desk"
    shutil.copytree(asset_dir("templates") / "brand", folder)
    shutil.copytree(own / "disclosures", folder / "disclosures")
    settings = folder / "desk.toml"
    words = settings.read_text(encoding="utf-8")
    assert 'jurisdictions = ["US"]\naudiences' in words
    settings.write_text(
        words.replace('jurisdictions = ["US"]\naudiences', 'jurisdictions = ["UK", "US"]\naudiences', 1)
        + '\n[distribution.entities.UK]\nname = "Example Securities Ltd"\nregulator = "FCA"\n',
        encoding="utf-8",
    )
    who = analysis.Desk(folder=folder)
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    made = analysis.analyse(who, parse_as_of("2025-04-10"), now, allow_stale=True)
    built = building.build(made, who, "treasury-weekly", "en", lambda stage: None)
    manifest = json.loads(built.files["manifest.json"])
    assert manifest["covers"] == {"jurisdictions": ["UK", "US"], "audiences": ["institutional"]}
    listed = [(one["id"], one["version"], one["jurisdiction"]) for one in manifest["disclosures"]]
    assert ("us.reg_ac", 1, "US") in listed
    assert ("uk.marketing", 1, "UK") in listed
    assert all(len(one["sha256"]) == 64 for one in manifest["disclosures"])
    held = sealing.members(built.files["context.zip"])
    assert {"desk/disclosures/rules.toml", "desk/disclosures/en/uk.toml"} <= held.keys()
    assert b"For readers in the United Kingdom" in built.files["note.html"]
