"""The records' pages: the list, one record, and what can be done there."""

import re

import pytest
from django.urls import reverse

from reviews.models import DuplicatePair, Record, Removal, TextVersion
from reviews.views.records import records_shown
from tests import factories
from tests.reviews.test_importing import vote


def shown(review, **params) -> list[int]:
    return [record.number for record in records_shown(review, params)]


def url(name: str, review, *args) -> str:
    return reverse(name, args=[review.slug, *args])


@pytest.fixture
def library(review, search, alice):
    """Four records: 1 plain, 2 its duplicate from Embase, 3 removed, 4 of an undone import."""
    embase = factories.search(review, by=alice, source="Embase")
    undone = factories.search(review, by=alice, source="Wrong", withdrawn_at=search.imported_at)
    first = factories.record(
        search, title="Plerixafor trial", authors=["Müller, Ä", "Reed, B"], year=2019, journal="Blood",
        doi="10.1000/x", pmid="4711",
    )  # fmt: skip
    factories.record(embase, title="Plerixafor trial, again", abstract="", duplicate_of=first, year=2020)
    third = factories.record(search, title="", abstract="No heading here.", year=1985)
    Removal.objects.create(record=third, kind="other", reason="old", by=alice, at=search.imported_at)
    factories.record(undone, title="Plerixafor elsewhere")
    return embase


def test_the_list_shows_what_was_found_by_number(review, library):
    assert shown(review) == [1, 2, 3]


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({"q": "plerixafor"}, [1, 2]),
        ({"q": "PLERIXAFOR again"}, [2]),
        ({"q": "müller"}, [1]),
        ({"q": "reed blood"}, [1]),
        ({"q": "heading"}, [3]),
        ({"q": "#2"}, [2]),
        ({"q": "4711"}, [1]),
        ({"q": "10.1000/X"}, [1]),
        ({"q": "100%"}, []),
        ({"q": "\x00"}, [1, 2, 3]),
        ({"only": "unique"}, [1]),
        ({"only": "duplicates"}, [2]),
        ({"only": "removed"}, [3]),
        ({"only": "no_abstract"}, [2]),
        ({"only": "no_title"}, [3]),
        ({"only": "undone"}, [4]),
        ({"only": "nonsense"}, [1, 2, 3]),
        ({"year_from": "2019", "year_to": "2019"}, [1]),
        ({"year_from": "x", "search": "99999999999999999999"}, [1, 2, 3]),
        ({"show": "records_screened"}, [1, 2, 3]),
    ],
)
def test_the_list_is_searched_and_filtered(review, library, params, numbers):
    assert shown(review, **params) == numbers


def test_the_list_of_one_search(review, library):
    assert shown(review, search=str(library.pk)) == [2]


def test_the_list_never_shows_another_reviews_records(review, library, alice):
    other = factories.search(factories.review(lead=alice, slug="other"), by=alice)
    factories.record(other, title="Plerixafor foreign")
    assert shown(review, q="foreign") == []


@pytest.mark.parametrize("many", [1, 3])
def test_the_list_takes_the_same_queries_however_many_records(
    as_person, review, search, bob, many, django_assert_num_queries
):
    first = factories.record(search)
    for _ in range(many):
        factories.record(search, duplicate_of=first)
    browser = as_person(bob)
    with django_assert_num_queries(9):
        assert browser.get(url("records", review)).status_code == 200


def test_the_list_has_fifty_a_page_and_keeps_its_filters(as_person, review, search, bob):
    for number in range(53):
        factories.record(search, title=f"Plerixafor {number}")
    answer = as_person(bob).get(url("records", review) + "?q=plerixafor&page=2")
    assert len(answer.context["records"].object_list) == 3
    assert "q=plerixafor&amp;page=1" in answer.content.decode()


@pytest.mark.parametrize("many", [1, 3])
def test_a_record_takes_the_same_queries_however_large_its_group(
    as_person, review, search, bob, many, django_assert_num_queries
):
    record = factories.record(search)
    for _ in range(many):
        copy = factories.record(search, duplicate_of=record)
        DuplicatePair.objects.create(review=review, a=record, b=copy, score=0.9, why=["same title"])
    browser = as_person(bob)
    with django_assert_num_queries(13):
        assert browser.get(url("record", review, record.number)).status_code == 200


def test_a_record_shows_its_fields_its_group_and_where_it_was_found(as_person, review, library, olive):
    page = as_person(olive).get(url("record", review, 1)).content.decode()
    for words in ("Plerixafor trial", "Müller, Ä; Reed, B", "Embase, 2026-01-15", "PubMed, 2026-01-15"):
        assert words in page
    assert 'href="https://doi.org/10.1000/x"' in page
    assert 'href="https://pubmed.ncbi.nlm.nih.gov/4711/"' in page
    assert url("record", review, 2) in page
    assert "Correct this record" not in page


def test_a_vote_changes_nothing_on_the_record_page_or_in_the_list(
    as_person, review, record, alice, bob, carol
):
    def pages(person) -> list[str]:
        browser = as_person(person)
        found = [browser.get(url("record", review, 1)), browser.get(url("records", review))]
        return [re.sub(r'value="[A-Za-z0-9]{64}"', "", page.content.decode()) for page in found]

    before = [pages(person) for person in (alice, carol)]
    vote(record, bob)
    assert [pages(person) for person in (alice, carol)] == before


def test_text_from_papers_is_escaped(as_person, review, search, bob):
    evil = "<script>alert(1)</script>"
    factories.record(
        search, title=evil, abstract=evil, authors=[evil], journal=evil, url="javascript:alert(1)", keywords=[evil],
        registry_ids=[evil], raw=evil, doi='10.1/"><script>alert(1)</script>',
    )  # fmt: skip
    page = as_person(bob).get(url("record", review, 1)).content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_strangers_and_wrong_numbers_find_nothing(as_person, review, record, mallory, bob):
    assert as_person(mallory).get(url("records", review)).status_code == 404
    assert as_person(mallory).get(url("record", review, 1)).status_code == 404
    assert as_person(bob).get(url("record", review, 2)).status_code == 404
    assert as_person(bob).get(url("record", review, 10**30)).status_code == 404


CORRECTION = {
    "title": "A better title", "abstract": "We gave plerixafor to 12 adults.", "authors": "Moss, Ada\n\nReed, Ben",
    "year": "2020", "doi": "10.1/x", "reason": "typing errors",
}  # fmt: skip


def test_a_record_is_corrected_through_the_page(as_person, review, record, bob):
    answer = as_person(bob).post(url("record_correct", review, 1), CORRECTION, follow=True)
    assert "The record was corrected" in answer.content.decode()
    record.refresh_from_db()
    assert (record.title, record.authors, record.year) == ("A better title", ["Moss, Ada", "Reed, Ben"], 2020)
    assert "Earlier wording (1)" in answer.content.decode()


def test_line_ends_that_the_browser_rewrote_are_no_correction(as_person, review, search, bob):
    record = factories.record(search, abstract="line one\r\nline two  ", authors=[])
    as_person(bob).post(
        url("record_correct", review, 1),
        {
            "title": record.title,
            "abstract": "line one\r\nline two",
            "journal": "Blood",
            "reason": "was empty",
        },
    )
    was = record.abstract
    record.refresh_from_db()
    assert (record.journal, record.abstract) == ("Blood", was)
    assert not TextVersion.objects.exists()


def test_a_correction_without_reason_or_by_an_observer_changes_nothing(as_person, review, record, bob, olive):
    answer = as_person(bob).post(url("record_correct", review, 1), CORRECTION | {"reason": ""})
    assert answer.status_code == 422
    assert "A better title" in answer.content.decode()
    assert as_person(olive).post(url("record_correct", review, 1), CORRECTION).status_code == 403
    record.refresh_from_db()
    assert record.title == "A trial of plerixafor"


def test_a_record_is_removed_and_brought_back_through_the_page(as_person, review, record, bob, olive):
    assert as_person(olive).post(url("record_remove", review, 1), {"reason": "old"}).status_code == 403
    assert as_person(bob).post(url("record_remove", review, 1), {"reason": ""}).status_code == 422
    assert not Removal.objects.exists()
    page = (
        as_person(bob).post(url("record_remove", review, 1), {"reason": "old"}, follow=True).content.decode()
    )
    assert "#1 was removed before screening" in page
    assert as_person(bob).post(url("record_remove", review, 1), {"reason": "old"}).status_code == 409
    as_person(bob).post(url("record_restore", review, 1))
    assert Record.objects.to_screen().count() == 1
    assert as_person(bob).post(url("record_restore", review, 1)).status_code == 409


def test_a_record_is_linked_and_unlinked_through_the_page(as_person, review, search, bob, olive):
    factories.record(search)
    second = factories.record(search)
    browser = as_person(bob)
    assert as_person(olive).post(url("record_link", review, 2), {"original": "1"}).status_code == 403
    assert browser.post(url("record_link", review, 2), {"original": "77"}).status_code == 400
    assert browser.post(url("record_link", review, 2), {"original": "2"}).status_code == 400
    assert browser.post(url("record_link", review, 2), {"original": "x"}).status_code == 422
    second.refresh_from_db()
    assert second.duplicate_of is None
    page = browser.post(url("record_link", review, 2), {"original": "1"}, follow=True).content.decode()
    assert "#2 is linked to #1" in page
    assert as_person(olive).post(url("record_unlink", review, 2)).status_code == 403
    page = browser.post(url("record_unlink", review, 2), follow=True).content.decode()
    assert "#2 stands by itself again" in page
    assert browser.post(url("record_unlink", review, 2)).status_code == 409
    second.refresh_from_db()
    assert second.duplicate_of is None
