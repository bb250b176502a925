"""What is said of a search (PRISMA-S): shown, exported, corrected with a reason; and what is new with it."""

import csv
import io
import json
from datetime import date, timedelta

import pytest
from django.urls import reverse

from reviews import audit, prisma
from reviews.describing import DESCRIBED, LONGEST_TEXT, describe_search
from reviews.flow_files import as_json
from reviews.models import DuplicatePair, Event, ImportProblem, Search
from reviews.refusals import BadInput
from tests import factories

SAID = {
    "source": "Embase", "platform": "Ovid", "kind": "database", "searched_on": "2026-01-15",
    "strategy": "1 exp Myeloma/\n2 plerixafor.mp", "limits": "English", "filters": "RCT filter",
    "declared_count": "432",
}  # fmt: skip


@pytest.fixture
def described(review, alice):
    fields = SAID | {"searched_on": date(2026, 1, 15), "declared_count": 432}
    return factories.search(review, by=alice, **fields)


def said(search) -> dict:
    search.refresh_from_db()
    return {name: getattr(search, name) for name in DESCRIBED}


def test_a_correction_changes_what_was_said_and_the_trail_has_both(described, bob):
    before = said(described)
    made = describe_search(
        search=described, by=bob, reason="looked it up", declared_count=430, platform="Elsevier"
    )
    assert said(described) == before | {"declared_count": 430, "platform": "Elsevier"}
    assert made == described
    event = Event.objects.get()
    assert (event.verb, event.actor, event.reason) == ("search.described", bob, "looked it up")
    assert event.subject == {"search": described.pk}
    assert event.before == {"declared_count": 432, "platform": "Ovid"}
    assert event.after == {"declared_count": 430, "platform": "Elsevier"}
    assert audit.verify(described.review).ok


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reason": " ", "platform": "x"}, "No reason"),
        ({"reason": "x"}, "Nothing in this correction differs"),
        ({"reason": "x", "platform": " Ovid "}, "Nothing in this correction differs"),
        ({"reason": "x", "sha256": "0" * 64}, "cannot be corrected"),
        ({"reason": "x", "source": " "}, "no source"),
        ({"reason": "x", "source": "s" * 121}, "too long"),
        ({"reason": "x", "kind": "library"}, "no kind"),
        ({"reason": "x", "searched_on": date.today() + timedelta(days=9)}, "future"),
        ({"reason": "x", "declared_count": -1}, "impossible"),
        ({"reason": "x", "strategy": "x" * (LONGEST_TEXT + 1)}, "too long"),
    ],
)
def test_a_correction_that_cannot_be_changes_nothing(described, bob, given, words):
    before = said(described)
    with pytest.raises(BadInput, match=words):
        describe_search(search=described, by=bob, **given)
    assert said(described) == before
    assert not Event.objects.exists()


def test_a_search_that_was_of_another_kind_moves_in_the_flow_with_its_records(described, bob):
    factories.record(described)
    review = described.review
    assert prisma.counts(review).counts["database_results"] == 1
    describe_search(search=described, by=bob, reason="it is a register", kind="register")
    counts = prisma.counts(review).counts
    assert (counts["database_results"], counts["register_results"]) == (0, 1)


def test_all_that_was_said_stands_on_the_page(as_person, described, olive):
    page = as_person(olive).get(reverse("search", args=["myeloma", described.pk])).content.decode()
    for words in (
        "Embase",
        "Ovid",
        "Database",
        "15 January 2026",
        "2 plerixafor.mp",
        "English",
        "RCT filter",
        "432",
    ):
        assert words in page
    assert "Correct this" not in page
    assert "Embase said 432, the text has 0." in page


def test_it_is_corrected_on_a_page(as_person, described, bob):
    browser, address = as_person(bob), reverse("search_describe", args=["myeloma", described.pk])
    page = browser.get(address)
    assert page.context["form"].initial["strategy"] == SAID["strategy"]
    answer = browser.post(address, SAID | {"limits": "English, 2010 on", "reason": ""})
    assert (answer.status_code, described.limits) == (422, "English")
    answer = browser.post(address, SAID | {"reason": "no change"})
    assert answer.status_code == 400
    assert "Nothing in this correction differs" in answer.content.decode()
    answer = browser.post(address, SAID | {"limits": "English, 2010 on", "reason": "forgot it"}, follow=True)
    assert "Corrected." in answer.content.decode()
    assert said(described)["limits"] == "English, 2010 on"
    assert said(described)["strategy"] == SAID["strategy"]
    assert Event.objects.get().before == {"limits": "English"}


@pytest.mark.parametrize(("who", "status"), [("olive", 403), ("mallory", 404)])
def test_who_may_not_corrects_nothing(as_person, described, request, who, status):
    person = request.getfixturevalue(who)
    before = said(described)
    page = as_person(person).post(
        reverse("search_describe", args=["myeloma", described.pk]), SAID | {"limits": "x", "reason": "x"}
    )
    api = as_person(person).patch(
        f"/api/r/myeloma/searches/{described.pk}/",
        {"limits": "x", "reason": "x"},
        content_type="application/json",
    )
    assert (page.status_code, api.status_code) == (status, status)
    assert said(described) == before


def test_a_program_corrects_it(as_person, described, bob):
    def patch(**body):
        return as_person(bob).patch(
            f"/api/r/myeloma/searches/{described.pk}/", body, content_type="application/json"
        )

    assert patch(limits="x").status_code == 400
    assert patch(sha256="0", reason="x").status_code == 400
    assert patch(searched_on="yesterday", reason="x").status_code == 400
    told = patch(limits="2010 on", searched_on="2026-01-16", reason="forgot it").json()
    assert (told["limits"], told["searched_on"], told["declared"]) == ("2010 on", "2026-01-16", 432)
    assert said(described)["searched_on"] == date(2026, 1, 16)


@pytest.fixture
def known_before(described, review, alice):
    """A later search: one new record, one the first had, one likely pair, a problem."""
    later = factories.search(review, by=alice, source="=cmd|' /C calc'!A1", searched_on=date(2026, 2, 1))
    first = factories.record(described)
    new = factories.record(later)
    factories.record(later, duplicate_of=first)
    DuplicatePair.objects.create(review=review, a=first, b=new, score=0.7, why=[])
    ImportProblem.objects.create(search=later, line=3, reason="odd")
    return later


def test_a_later_search_says_what_is_new_and_who_had_the_rest(as_person, known_before, described, olive):
    page = as_person(olive).get(reverse("search", args=["myeloma", known_before.pk]))
    assert page.context["had"] == [(described, 1)]
    assert page.context["pairs"] == 1
    brought = page.context["search"].brought
    assert (brought.found, brought.new, brought.there, brought.repeated) == (2, 1, 1, 0)
    words = " ".join(page.content.decode().split())
    assert f"?search={known_before.pk}&amp;only=new" in words
    assert "Of those there before: 1 in <a" in words
    told = as_person(olive).get(f"/api/r/myeloma/searches/{known_before.pk}/").json()
    assert (told["found"], told["new"], told["there_before"], told["repeated"]) == (2, 1, 1, 0)
    assert (told["had"], told["pairs_waiting"]) == ([{"search": described.pk, "records": 1}], 1)


def test_the_table_goes_out_as_csv_and_json_and_with_the_flow(
    as_person, known_before, described, alice, olive
):
    undone = factories.search(described.review, by=alice, withdrawn_at=audit.now())
    address = "/r/myeloma/export/searches"
    text = b"".join(as_person(olive).get(f"{address}.csv").streaming_content).decode("utf-8-sig")
    one, two = csv.DictReader(io.StringIO(text))
    told = {
        name: one[name]
        for name in ("source", "platform", "strategy", "declared", "found", "new", "there_before")
    }
    assert told == {
        "source": "Embase", "platform": "Ovid", "strategy": SAID["strategy"], "declared": "432", "found": "1",
        "new": "1", "there_before": "0",
    }  # fmt: skip
    assert (two["source"], two["new"], two["there_before"], two["problems"]) == (
        "'=cmd|' /C calc'!A1",
        "1",
        "1",
        "1",
    )
    rows = json.loads(b"".join(as_person(olive).get(f"{address}.json").streaming_content))
    assert [row["searched_on"] for row in rows] == ["2026-01-15", "2026-02-01"]
    assert as_json(prisma.counts(described.review))["searches"] == rows
    assert undone.source not in text
    assert Search.objects.count() == 3
