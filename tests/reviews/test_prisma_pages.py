"""The home page, the flow page, and the lists behind the numbers: page and API."""

import csv
import io
import re

import pytest

from extraction.models import Form
from reviews import audit, prisma
from reviews.flow_files import TYPES
from reviews.models import DuplicatePair, Event, Study
from screening.models import Conflict
from tests import factories
from tests.reviews.random_reviews import random_review, report_of, settle, vote


def text(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def waiting(page):
    """What the list says: words -> number."""
    return {
        words.strip(): int(n)
        for words, n in re.findall(r"<li><a href=\"[^\"]+\">([^<]+)<b>(\d+)</b></a></li>", page)
    }


@pytest.fixture
def torn(search, alice, bob):
    """A record in conflict."""
    record = factories.record(search, title="Torn")
    vote(record, alice), vote(record, bob, verdict="exclude")
    Conflict.objects.create(record=record, stage="title_abstract", opened_at=audit.now())
    return record


# ---------------------------------------------------------------- the home page
def test_home_shows_the_flow_and_every_number_leads_somewhere(review, alice, bob, as_person):
    random_review(review, [alice, bob], seed=2)
    browser = as_person(bob)
    page = text(browser.get("/r/myeloma/"))
    links = set(re.findall(r'<a href="(/r/myeloma/prisma/[^"]+/)"', page))
    assert len(links) > 15
    for link in links:
        assert browser.get(link).status_code == 200
    assert re.search(r"<style|style=", page) is None


def test_what_waits_is_what_this_person_may_do_and_has_not_done(
    review, search, torn, alice, bob, carol, as_person
):
    mine, _, included = (factories.record(search) for _ in range(3))
    vote(mine, bob)
    settle(included, alice)
    DuplicatePair.objects.create(review=review, a=torn, b=mine, score=0.9)
    assert waiting(text(as_person(bob).get("/r/myeloma/"))) == {
        "Possible duplicates to judge": 1,
        "Titles and abstracts to screen": 1,
        "Conflicts to settle": 1,
        "Reports to retrieve": 1,
    }
    assert waiting(text(as_person(carol).get("/r/myeloma/")))["Titles and abstracts to screen"] == 2


def test_full_texts_links_and_sheets_wait(review, search, alice, bob, as_person):
    unread, unlinked, linked = (factories.record(search) for _ in range(3))
    for record in (unread, unlinked, linked):
        settle(record, alice)
        report_of(record, retrieval="retrieved", text="Text.")
    settle(unlinked, alice, "full_text"), settle(linked, alice, "full_text")
    report_of(linked, study=Study.objects.create(review=review, label="Smith 2020"))
    Form.objects.create(
        review=review, name="Trials", created_by=alice, created_at=audit.now(), published_at=audit.now()
    )
    assert waiting(text(as_person(bob).get("/r/myeloma/"))) == {
        "Full texts to screen": 1,
        "Included reports to link to a study": 1,
        "Sheets to fill": 1,
    }


def test_a_sheet_two_others_have_taken_waits_no_more(review, search, alice, bob, carol, as_person):
    record = factories.record(search)
    settle(record, alice)
    study = Study.objects.create(review=review, label="Smith 2020")
    report_of(record, retrieval="retrieved", text="Text.", study=study)
    settle(record, alice, "full_text")
    form = Form.objects.create(
        review=review, name="Trials", created_by=alice, created_at=audit.now(), published_at=audit.now()
    )
    for person, submitted in ((alice, audit.now()), (carol, None)):
        study.sheets.create(form=form, extractor=person, opened_at=audit.now(), submitted_at=submitted)
    words = "Sheets to fill"
    seen = {p: waiting(text(as_person(p).get("/r/myeloma/"))).get(words) for p in (alice, bob, carol)}
    assert seen == {alice: None, bob: None, carol: 1}


def test_an_observer_sees_progress_and_nothing_that_waits(review, torn, olive, as_person):
    page = text(as_person(olive).get("/r/myeloma/"))
    assert "What waits for you" not in page
    assert "0 of 1 records" in page


def test_an_empty_review_says_what_to_do_first(review, alice, as_person):
    assert "Bring in the first search" in text(as_person(alice).get("/r/myeloma/"))


def test_home_asks_the_same_number_of_queries_for_one_record_and_for_many(
    review, search, alice, bob, as_person, django_assert_max_num_queries
):
    random_review(review, [alice, bob], seed=4, size=30)
    browser = as_person(bob)
    with django_assert_max_num_queries(30):
        browser.get("/r/myeloma/")


# ---------------------------------------------------------------- the flow page
def test_the_flow_page_shows_each_identity_with_its_two_sides(review, alice, bob, as_person):
    random_review(review, [alice, bob], seed=0)
    page = text(as_person(alice).get("/r/myeloma/prisma/"))
    assert {"E1", "E2", "E3", "W4", "E5", "W6", "E7", "E8", "E9", "L1", "L2", "L3"} <= set(
        re.findall(r'data-label="Code">(\w+)<', page)
    )
    assert page.count(">holds<") + page.count(">does not hold<") == 16


def test_a_title_cannot_break_out_of_the_diagram(review, alice, as_person):
    type(review).objects.update(title="</title><script>alert(1)</script>")
    factories.search(review, by=alice, source="<script>alert(2)</script>")
    for path in ("", "prisma/"):
        assert "<script>alert" not in text(as_person(alice).get(f"/r/myeloma/{path}"))


@pytest.mark.parametrize("door", ["/r/myeloma/prisma/", "/api/r/myeloma/prisma/"])
@pytest.mark.parametrize(
    ("form", "kind"), [("csv", "text/csv"), ("json", "application/json"), ("svg", "image/svg+xml")]
)
def test_the_flow_goes_out_as_a_file_and_leaves_a_line(door, form, kind, review, record, olive, as_person):
    answer = as_person(olive).get(door, {"as": form})
    assert (answer.status_code, answer["Content-Type"]) == (200, f"{TYPES[form]}; charset=utf-8")
    assert answer["Content-Disposition"] == f'attachment; filename="myeloma-prisma.{form}"'
    (event,) = Event.objects.filter(review=review)
    assert (event.verb, event.actor, event.after) == ("exported", olive, {"what": "prisma", "format": form})
    if form == "json":
        assert (answer.json()["head"], answer.json()["events"]) == (event.hash, 1)
    if form == "csv":
        assert len(list(csv.DictReader(io.StringIO(answer.content.decode())))) == 34


@pytest.mark.parametrize("door", ["/r/myeloma/prisma/", "/api/r/myeloma/prisma/"])
def test_a_format_that_is_not_there_is_not_found(door, review, alice, as_person):
    assert as_person(alice).get(door, {"as": "exe"}).status_code == 404
    assert Event.objects.count() == 0


def test_the_api_gives_the_numbers_without_leaving_a_line(review, record, alice, as_person):
    said = as_person(alice).get("/api/r/myeloma/prisma/").json()
    assert (said["counts"]["records_screened"], said["open"]["dbr_in_screening"]) == (1, 1)
    assert Event.objects.count() == 0


# ---------------------------------------------------------------- blindness
@pytest.mark.parametrize("box", sorted(prisma.SPLIT))
def test_nobody_gets_a_list_of_who_waits_for_a_second_vote_or_is_in_conflict(
    box, review, torn, alice, bob, olive, as_person
):
    for person in (alice, bob, olive):
        for door in ("", "/api"):
            assert as_person(person).get(f"{door}/r/myeloma/prisma/{box}/").status_code == 404


def test_who_screens_gets_the_sum_and_observers_the_parts(
    review, torn, search, alice, bob, carol, olive, as_person
):
    factories.record(search)
    for person, parts in ((alice, False), (bob, False), (carol, False), (olive, True)):
        for answer in ({}, {"as": "json"}):
            told = as_person(person).get("/api/r/myeloma/prisma/", answer).json()["open"]
            assert told["dbr_in_screening"] == 2
            assert ("dbr_in_conflict" in told, "dbr_one_vote_in" in told) == (parts, parts)


def test_the_page_of_a_screener_is_the_same_whether_others_have_voted_or_not(
    review, search, alice, carol, as_person
):
    record = factories.record(search)
    factories.record(search)

    def seen():
        pages = [
            text(as_person(carol).get(f"/r/myeloma/{path}"))
            for path in ("", "prisma/", "prisma/dbr_in_screening/")
        ]
        return [re.sub(r'\d\d:\d\d:\d\d|value="\w{64}"', "", page) for page in pages]

    before = seen()
    vote(record, alice)
    assert seen() == before


# ---------------------------------------------------------------- the lists
def test_a_list_names_title_number_and_source_fifty_a_page(review, search, alice, as_person):
    for n in range(51):
        factories.record(search, title=f"Trial number {n + 1}.")
    browser = as_person(alice)
    first = text(browser.get("/r/myeloma/prisma/records_screened/"))
    assert "Trial number 50." in first
    assert "Trial number 51." not in first
    assert "PubMed" in first
    assert "Trial number 51." in text(browser.get("/r/myeloma/prisma/records_screened/?page=2"))


def test_a_reason_and_a_source_have_their_own_list(review, search, alice, as_person):
    reason = factories.criterion(review, by=alice, stage="full_text", kind="exclude", label="Wrong design")
    record = factories.record(search, title="Excluded trial")
    factories.record(search, title="Another trial")
    settle(record, alice)
    report_of(record, retrieval="retrieved", text="Text.")
    settle(record, alice, "full_text", "exclude", reason=reason)
    page = text(as_person(alice).get(f"/r/myeloma/prisma/dbr_excluded-{reason.pk}/"))
    assert "Reports excluded: Wrong design" in page
    assert ("Excluded trial" in page, "Another trial" in page) == (True, False)
    assert "Another trial" in text(as_person(alice).get(f"/r/myeloma/prisma/source-{search.pk}/"))


def test_the_list_of_studies_names_them(review, search, alice, as_person):
    record = factories.record(search)
    settle(record, alice)
    report_of(
        record, retrieval="retrieved", text="T", study=Study.objects.create(review=review, label="Smith 2020")
    )
    settle(record, alice, "full_text")
    assert "Smith 2020" in text(as_person(alice).get("/r/myeloma/prisma/new_studies/"))


def test_an_empty_list_says_so(review, alice, as_person):
    assert "No record stands here" in text(as_person(alice).get("/r/myeloma/prisma/duplicates/"))


@pytest.mark.parametrize("box", ["nonsense", "source-0", "dbr_excluded-7", "source-x", "raw"])
def test_a_box_that_is_not_there_is_not_found(box, review, alice, as_person):
    for door in ("", "/api"):
        assert as_person(alice).get(f"{door}/r/myeloma/prisma/{box}/").status_code == 404


@pytest.mark.parametrize("size", [1, 30])
def test_a_list_asks_the_same_number_of_queries_whatever_its_length(
    size, review, search, alice, as_person, django_assert_max_num_queries
):
    for _ in range(size):
        factories.record(search)
    browser = as_person(alice)
    with django_assert_max_num_queries(6):
        browser.get("/r/myeloma/prisma/records_screened/")


def test_the_api_lists_records_and_says_where_to_go_on(review, search, alice, as_person, monkeypatch):
    monkeypatch.setattr("reviews.api.prisma.MOST", 2)
    for n in range(3):
        factories.record(search, title=f"T{n + 1}")
    browser = as_person(alice)
    first = browser.get("/api/r/myeloma/prisma/records_screened/").json()
    assert (first["n"], [r["title"] for r in first["records"]], first["next"]) == (3, ["T1", "T2"], 2)
    rest = browser.get("/api/r/myeloma/prisma/records_screened/", {"after": first["next"]}).json()
    assert ([r["title"] for r in rest["records"]], rest["next"]) == (["T3"], None)
