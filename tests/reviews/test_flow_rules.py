"""PRISMA's box of automation tools, rule by rule: the numbers, the lists behind them, the files."""

import csv
import io

import pytest

from reviews import prisma
from reviews.applying_rules import apply_rules, undo_rules
from reviews.flow_files import as_csv, as_json, notes
from reviews.flow_identities import identities
from reviews.models import AutomationRule
from reviews.removing import remove_record
from reviews.rules import add_rule, replace_rule
from tests import factories


@pytest.fixture
def marked(review, search, alice):
    """Of the left arm two German records and one of 1985 are out by rules, of the right arm one German one."""
    website = factories.search(review, by=alice, source="A website", kind="website")
    for where, language, year in (
        (search, "ger", 2019), (search, "Deutsch", 1985), (search, "eng", 1985), (website, "ger", 2019),
        (search, "eng", 2019),
    ):  # fmt: skip
        factories.record(where, language=language, year=year)
    english = add_rule(review=review, by=alice, kind="language", settings={"languages": ["English"]})
    recent = add_rule(review=review, by=alice, kind="year", settings={"from": 1990})
    apply_rules(review=review, by=alice)
    return english, recent


def told(review) -> list[tuple]:
    return [(part.arm, part.words, part.n) for part in prisma.counts(review).rules]


def test_each_rule_has_its_number_in_each_arm_and_they_add_up(review, marked):
    assert told(review) == [
        ("dbr", "language is not English", 2),
        ("dbr", "year is before 1990", 1),
        ("other", "language is not English", 1),
    ]
    flow = prisma.counts(review)
    assert (flow.n("excluded_automatic"), flow.n("other_excluded_automatic")) == (3, 1)
    assert [i.code for i in identities(flow) if not i.holds] == []


def test_the_list_behind_each_number_is_as_long_and_holds_its_records(review, marked):
    flow = prisma.counts(review)
    assert [[record.number for record in prisma.records_behind(review, part.box)] for part in flow.rules] == [
        [1, 2],
        [3],
        [4],
    ]


def test_a_rule_that_was_replaced_and_written_anew_is_one(review, search, marked, alice):
    english, _recent = marked
    other = replace_rule(rule=english, by=alice, settings={"languages": ["English", "French"]})
    replace_rule(rule=other, by=alice, settings={"languages": ["English"]})
    factories.record(search, language="pol")
    apply_rules(review=review, by=alice)
    assert told(review)[0] == ("dbr", "language is not English", 3)
    box = prisma.counts(review).rules[0].box
    assert [record.number for record in prisma.records_behind(review, box)] == [1, 2, 6]


def test_what_was_undone_or_removed_by_hand_is_not_in_it(review, marked, alice):
    undo_rules(review=review, by=alice, rule=marked[0], reason="x")
    remove_record(record=prisma.Record.objects.get(number=1), by=alice, reason="sent twice")
    assert told(review) == [("dbr", "year is before 1990", 1)]
    flow = prisma.counts(review)
    assert (flow.n("excluded_automatic"), flow.n("excluded_other"), flow.n("records_screened")) == (1, 1, 2)


def test_the_csv_names_the_rules_where_the_tool_does_not_read_and_the_number_stays_a_number(review, marked):
    rows = {row["data"]: row for row in csv.DictReader(io.StringIO(as_csv(prisma.counts(review))))}
    assert rows["excluded_automatic"]["n"] == "3"
    assert rows["excluded_automatic"]["description"] == (
        "Records marked as ineligible by automation tools (language is not English: 2; year is before 1990: 1)"
    )
    assert rows["excluded_automatic"]["boxtext"] == "Records marked as ineligible by automation tools"
    assert rows["excluded_other"]["description"] == "Records removed for other reasons"


def test_the_json_and_the_notes_name_them_too(review, marked):
    flow = prisma.counts(review)
    assert [(rule["words"], rule["n"]) for rule in as_json(flow)["rules"]] == [
        ("language is not English", 2),
        ("year is before 1990", 1),
        ("language is not English", 1),
    ]
    assert (
        "Marked as ineligible by rules before anybody looked at them: language is not English: 3; "
        "year is before 1990: 1." in notes(flow)
    )


def test_a_review_without_rules_has_the_template_as_it_was(review, search):
    rows = list(csv.DictReader(io.StringIO(as_csv(prisma.counts(review)))))
    assert "Records marked as ineligible by automation tools" in [row["description"] for row in rows]


def test_the_diagram_has_a_line_for_each_rule_that_opens_its_list(review, marked, olive, as_person):
    page = as_person(olive).get("/r/myeloma/prisma/").content.decode()
    english, recent = marked
    assert f'href="/r/myeloma/prisma/excluded_automatic-{english.pk}/"' in page
    assert f'href="/r/myeloma/prisma/excluded_automatic-{recent.pk}/"' in page


def test_the_list_says_the_rule_and_the_records_words(review, marked, olive, as_person):
    english, _recent = marked
    page = as_person(olive).get(f"/r/myeloma/prisma/excluded_automatic-{english.pk}/").content.decode()
    assert "Records marked as ineligible by automation tools: language is not English" in page
    assert ("says: Deutsch" in page, "says: 1985" in page) == (True, False)
    told = as_person(olive).get(f"/api/r/myeloma/prisma/excluded_automatic-{english.pk}/").json()
    assert told["n"] == 2
    assert [
        (each["number"], each["removed"]["rule"], each["removed"]["said"]) for each in told["records"]
    ] == [
        (1, english.pk, "ger"),
        (2, english.pk, "Deutsch"),
    ]


def test_the_list_of_those_removed_by_hand_says_the_reason(review, search, alice, olive, as_person):
    remove_record(record=factories.record(search), by=alice, reason="An abstract of a congress")
    page = as_person(olive).get("/r/myeloma/prisma/excluded_other/").content.decode()
    assert "An abstract of a congress" in page
    told = as_person(olive).get("/api/r/myeloma/prisma/excluded_other/").json()
    assert told["records"][0]["removed"]["reason"] == "An abstract of a congress"
    assert (
        "removed" not in as_person(olive).get("/api/r/myeloma/prisma/database_results/").json()["records"][0]
    )


@pytest.mark.parametrize("box", ["excluded_automatic-0", "excluded_automatic-x", "excluded_other-1"])
def test_a_part_that_is_not_there_is_not_found(box, review, marked, olive, as_person):
    for door in ("", "/api"):
        assert as_person(olive).get(f"{door}/r/myeloma/prisma/{box}/").status_code == 404


def test_the_rule_of_another_review_has_no_list_here(review, marked, alice, as_person):
    elsewhere = factories.review(lead=alice, slug="other")
    rule = add_rule(review=elsewhere, by=alice, kind="year", settings={"from": 2000})
    assert AutomationRule.objects.filter(pk=rule.pk, review=elsewhere).exists()
    assert as_person(alice).get(f"/r/myeloma/prisma/excluded_automatic-{rule.pk}/").status_code == 404


@pytest.mark.parametrize("size", [1, 30])
def test_the_list_takes_the_same_queries_whatever_its_length(
    size, review, search, alice, as_person, django_assert_max_num_queries
):
    for _ in range(size):
        factories.record(search, year=1980)
    add_rule(review=review, by=alice, kind="year", settings={"from": 1990})
    apply_rules(review=review, by=alice)
    browser = as_person(alice)
    with django_assert_max_num_queries(7):
        browser.get("/r/myeloma/prisma/excluded_automatic/")
