"""The duplicates' page: one pair after the other, every link with its undo; and words marked that differ."""

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from reviews import dedup
from reviews.differences import marked
from reviews.models import DuplicatePair, Event, Record
from tests import factories
from tests.reviews.test_dedup import LIKELY, PAPER
from tests.working import see_it_through


def url(name: str, review, *args) -> str:
    return reverse(name, args=[review.slug, *args])


@pytest.fixture
def two_pairs(review, search, alice):
    """Two likely pairs: (1, 2) is the more likely, (3, 4) the less."""
    first = [factories.record(search, **PAPER), factories.record(search, **LIKELY)]
    second = [factories.record(search), factories.record(search)]
    return [
        DuplicatePair.objects.create(review=review, a=a, b=b, score=score, why=["same title"])
        for (a, b), score in ((first, 0.9), (second, 0.6))
    ]


def pair_shown(answer) -> DuplicatePair | None:
    assert answer.status_code == 200
    return answer.context["pair"]


def test_the_most_likely_pair_comes_first_and_later_goes_on_and_round(as_person, review, two_pairs, bob):
    browser, page = as_person(bob), url("duplicates", review)
    assert pair_shown(browser.get(page)) == two_pairs[0]
    assert pair_shown(browser.get(f"{page}?after={two_pairs[0].pk}")) == two_pairs[1]
    assert pair_shown(browser.get(f"{page}?after={two_pairs[1].pk}")) == two_pairs[0]
    assert pair_shown(browser.get(f"{page}?pair={two_pairs[1].pk}")) == two_pairs[1]
    assert pair_shown(browser.get(f"{page}?pair={'9' * 40}&after=x")) == two_pairs[0]
    assert "2 pairs wait" in browser.get(page).content.decode()


def test_the_page_has_keys_and_marks_what_differs(as_person, review, two_pairs, bob):
    page = as_person(bob).get(url("duplicates", review)).content.decode()
    for key in "sdl":
        assert f'data-key="{key}"' in page
    assert '<mark class="diff">2019</mark>' in page
    assert '<mark class="diff">2020</mark>' in page


def test_judging_goes_on_to_the_next_pair(as_person, review, two_pairs, bob):
    browser = as_person(bob)
    answer = browser.post(url("duplicate_judge", review, two_pairs[0].pk), {"verdict": "same"}, follow=True)
    assert "#1 and #2 are linked" in answer.content.decode()
    assert pair_shown(answer) == two_pairs[1]
    answer = browser.post(
        url("duplicate_judge", review, two_pairs[1].pk), {"verdict": "different"}, follow=True
    )
    assert pair_shown(answer) is None
    assert "No pair waits for a person" in answer.content.decode()
    assert "1 pair judged different" in answer.content.decode()
    assert [(pair.verdict, pair.decided_by) for pair in DuplicatePair.objects.order_by("pk")] == [
        ("same", bob),
        ("different", bob),
    ]


def test_neither_same_nor_different_is_refused(as_person, review, two_pairs, bob):
    answer = as_person(bob).post(
        url("duplicate_judge", review, two_pairs[0].pk), {"verdict": "maybe"}, follow=True
    )
    assert "Neither “same” nor “different” was said" in answer.content.decode()
    assert not DuplicatePair.objects.exclude(verdict="").exists()
    assert not Event.objects.exists()


def test_what_a_verb_refuses_is_said_on_the_page(as_person, review, search, two_pairs, alice, bob):
    third = factories.record(search)
    dedup.link_records(record=third, original=two_pairs[0].a, by=alice)
    apart = DuplicatePair.objects.create(review=review, a=two_pairs[0].b, b=third, score=0.5, why=[])
    dedup.judge_pair(pair=apart, by=alice, same=False)
    answer = as_person(bob).post(
        url("duplicate_judge", review, two_pairs[0].pk), {"verdict": "same"}, follow=True
    )
    assert "Alice judged #2 and #5 different" in answer.content.decode()
    two_pairs[0].refresh_from_db()
    assert two_pairs[0].verdict == ""


def test_links_are_listed_with_why_and_undone_from_the_list(as_person, review, search, alice, bob):
    factories.record(search, **PAPER)
    factories.record(search, **PAPER)
    dedup.find_duplicates(review=review, by=alice)
    browser = as_person(bob)
    page = browser.get(url("duplicates", review)).content.decode()
    assert "same title, year, first author and journal" in page
    answer = browser.post(url("record_unlink", review, 2), {"back": "duplicates"}, follow=True)
    assert answer.redirect_chain == [(url("duplicates", review), 302)]
    assert "#2 stands by itself again" in answer.content.decode()
    assert Record.objects.get(number=2).duplicate_of is None


def test_looking_again_says_what_it_did(as_person, review, search, bob):
    factories.record(search, **PAPER)
    factories.record(search, **PAPER)
    browser = as_person(bob)
    page = see_it_through(browser, browser.post(url("duplicates_find", review))).content.decode()
    assert "1 pairs compared: 1 newly linked, 0 newly to look at" in page
    assert Record.objects.get(number=2).duplicate_of.number == 1


def test_observers_look_and_do_not_judge_and_strangers_find_nothing(
    as_person, review, two_pairs, olive, mallory
):
    assert 'name="verdict"' not in as_person(olive).get(url("duplicates", review)).content.decode()
    judge = url("duplicate_judge", review, two_pairs[0].pk)
    assert as_person(olive).post(judge, {"verdict": "same"}).status_code == 403
    assert as_person(olive).post(url("duplicates_find", review)).status_code == 403
    assert as_person(mallory).get(url("duplicates", review)).status_code == 404
    assert as_person(mallory).post(judge, {"verdict": "same"}).status_code == 404
    assert not DuplicatePair.objects.exclude(verdict="").exists()


def test_a_pair_of_another_review_is_not_found(as_person, review, two_pairs, alice):
    other = factories.review(lead=alice, slug="other")
    assert (
        as_person(alice).post(url("duplicate_judge", other, two_pairs[0].pk), {"verdict": "same"}).status_code
        == 404
    )
    assert pair_shown(as_person(alice).get(url("duplicates", other) + f"?pair={two_pairs[0].pk}")) is None


@pytest.mark.parametrize("many", [1, 3])
def test_the_page_takes_the_same_queries_however_many_links(
    as_person, review, search, alice, many, django_assert_num_queries
):
    pair = [factories.record(search), factories.record(search)]
    DuplicatePair.objects.create(review=review, a=pair[0], b=pair[1], score=0.5, why=["same year"])
    for number in range(many):
        paper = PAPER | {"title": f"Paper {number} of a kind that is its very own", "pages": f"{number}1"}
        factories.record(search, **paper)
        factories.record(search, **paper)
    assert dedup.find_duplicates(review=review, by=alice).linked == many
    browser = as_person(alice)
    with django_assert_num_queries(9):
        assert browser.get(url("duplicates", review)).status_code == 200


def test_titles_are_escaped_although_they_are_marked(as_person, review, search, bob):
    a = factories.record(search, title="One <script>alert(1)</script>")
    b = factories.record(search, title="Two <script>alert(2)</script>")
    DuplicatePair.objects.create(review=review, a=a, b=b, score=0.5, why=["<i>x</i>"])
    page = as_person(bob).get(url("duplicates", review)).content.decode()
    assert "<script>alert" not in page
    assert "<i>x</i>" not in page
    assert "&lt;" in page


# ---------------------------------------------------------------- the words that differ


def test_words_that_differ_are_marked_and_capitals_are_not():
    left, right = marked("PLERIXAFOR in  adults with MM", "Plerixafor in adults with lymphoma")
    assert [piece.text for piece in left if piece.differs] == ["MM"]
    assert [piece.text for piece in right if piece.differs] == ["lymphoma"]


def test_nothing_is_marked_where_one_side_is_empty():
    assert [piece.differs for piece in marked("something", "")[0]] == [False]


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_pieces_are_the_text(one, other):
    left, right = marked(one, other)
    assert "".join(piece.text for piece in left) == one
    assert "".join(piece.text for piece in right) == other
