"""The duplicates' pages: one pair after the other, every link with its undo, and the words marked that differ."""

import re

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from reviews import dedup
from reviews.differences import marked
from reviews.models import DuplicatePair, Event, Record
from tests import factories
from tests.reviews.test_dedup import LIKELY, PAPER
from tests.screening.scene import HTMX, text_of
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


def judge(browser, review, pair, verdict, **more):
    return browser.post(url("duplicate_judge", review, pair.pk), {"verdict": verdict}, **more)


# ---------------------------------------------------------------- the queue


def test_the_most_likely_pair_comes_first_and_later_goes_on_and_round(as_person, review, two_pairs, bob):
    browser, page = as_person(bob), url("duplicates", review)
    assert pair_shown(browser.get(page)) == two_pairs[0]
    assert pair_shown(browser.get(f"{page}?after={two_pairs[0].pk}")) == two_pairs[1]
    assert pair_shown(browser.get(f"{page}?after={two_pairs[1].pk}")) == two_pairs[0]
    assert pair_shown(browser.get(f"{page}?pair={two_pairs[1].pk}")) == two_pairs[1]
    assert pair_shown(browser.get(f"{page}?pair={'9' * 40}&after=x")) == two_pairs[0]


def test_the_page_has_keys_and_marks_what_differs(as_person, review, two_pairs, bob):
    page = as_person(bob).get(f"{url('duplicates', review)}?pair={two_pairs[1].pk}").content.decode()
    for key in ("s", "d", "l", "ArrowLeft"):
        assert f'data-key="{key}"' in page
    page = as_person(bob).get(url("duplicates", review)).content.decode()
    assert '<mark class="diff">2019</mark>' in page
    assert '<mark class="diff">2020</mark>' in page
    assert re.search(r'class="pair-journal is-equal"', page)


def test_judging_goes_on_to_the_next_pair_and_says_how_far_one_is(as_person, review, two_pairs, bob):
    browser = as_person(bob)
    assert "0 of 2 judged" in text_of(browser.get(url("duplicates", review)))
    answer = judge(browser, review, two_pairs[0], "same", follow=True)
    assert "#1 and #2 are linked; #1 stays." in text_of(answer)
    assert "1 of 2 judged" in text_of(answer)
    assert pair_shown(answer) == two_pairs[1]
    answer = judge(browser, review, two_pairs[1], "different", follow=True)
    assert pair_shown(answer) is None
    assert "No pair waits for a person" in text_of(answer)
    assert "Judged different 1" in text_of(answer)
    assert [(pair.verdict, pair.decided_by) for pair in DuplicatePair.objects.order_by("pk")] == [
        ("same", bob),
        ("different", bob),
    ]


def test_by_htmx_the_answer_is_the_next_pair_alone_with_the_undo(as_person, review, two_pairs, bob):
    browser = as_person(bob)
    answer = judge(browser, review, two_pairs[0], "same", **HTMX)
    assert answer.status_code == 200
    assert answer["HX-Replace-Url"] == f"{url('duplicates', review)}?after={two_pairs[0].pk}"
    words = answer.content.decode()
    assert "<html" not in words and "#1 and #2 are linked" in words and "Are #3 and #4 the same" in words
    undo = url("duplicate_take_back", review, two_pairs[0].pk)
    assert f'action="{undo}"' in words and 'data-key="u"' in words

    answer = browser.post(undo, **HTMX)
    assert "Taken back: #1 and #2 are a question again." in text_of(answer)
    assert pair_shown(answer) == two_pairs[0]
    assert Record.objects.filter(duplicate_of__isnull=False).count() == 0
    two_pairs[0].refresh_from_db()
    assert (two_pairs[0].verdict, two_pairs[0].decided_by) == ("", None)


def test_undoing_an_answer_that_changed_another_gives_that_one_back(as_person, review, search, alice, bob):
    a, b = factories.record(search, **PAPER), factories.record(search, **PAPER)
    dedup.find_duplicates(review=review, by=alice)
    pair, browser = DuplicatePair.objects.get(), as_person(bob)
    answer = judge(browser, review, pair, "different", **HTMX)
    assert '<input type="hidden" name="verdict" value="same">' in answer.content.decode()
    judge(browser, review, pair, "same", **HTMX)
    b.refresh_from_db()
    assert b.duplicate_of == a


def test_back_leads_to_the_pair_before_whether_judged_or_not(as_person, review, two_pairs, bob):
    browser, page = as_person(bob), url("duplicates", review)
    assert browser.get(page).context["place"].before is None
    assert browser.get(f"{page}?after={two_pairs[0].pk}").context["place"].before == two_pairs[0].pk
    judge(browser, review, two_pairs[0], "different")
    answer = browser.get(f"{page}?pair={two_pairs[0].pk}")
    assert "Bob judged them different" in text_of(answer)
    assert "Take the judgement back" in text_of(answer)
    judge(browser, review, two_pairs[1], "different")
    assert browser.get(page).context["place"].before == two_pairs[1].pk


def test_a_pair_whose_records_have_groups_shows_them(as_person, review, search, two_pairs, alice, bob):
    friends = [factories.record(search), factories.record(search)]
    dedup.link_records(record=friends[0], original=two_pairs[0].a, by=alice)
    dedup.link_records(record=friends[1], original=two_pairs[0].a, by=alice)
    answer = as_person(bob).get(url("duplicates", review))
    assert "#1 , #5 , #6 are linked already." in text_of(answer)
    assert "“Same” makes one group of all 4." in text_of(answer)


def test_neither_same_nor_different_is_refused(as_person, review, two_pairs, bob):
    answer = judge(as_person(bob), review, two_pairs[0], "maybe", follow=True)
    assert "Neither “same” nor “different” was said" in text_of(answer)
    assert not DuplicatePair.objects.exclude(verdict="").exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("headers", [{"follow": True}, HTMX])
def test_what_a_verb_refuses_is_said_beside_the_pair(
    as_person, review, search, two_pairs, alice, bob, headers
):
    third = factories.record(search)
    dedup.link_records(record=third, original=two_pairs[0].a, by=alice)
    apart = DuplicatePair.objects.create(review=review, a=two_pairs[0].b, b=third, score=0.5, why=[])
    dedup.judge_pair(pair=apart, by=alice, same=False)
    answer = judge(as_person(bob), review, two_pairs[0], "same", **headers)
    assert answer.status_code == (200 if "follow" in headers else 422)
    assert "Alice judged #2 and #5 different" in text_of(answer)
    two_pairs[0].refresh_from_db()
    assert two_pairs[0].verdict == ""


def test_nothing_is_taken_back_that_nobody_said(as_person, review, two_pairs, bob):
    answer = as_person(bob).post(url("duplicate_take_back", review, two_pairs[0].pk), follow=True)
    assert "Nobody judged this pair" in text_of(answer)
    assert not Event.objects.exists()


# ---------------------------------------------------------------- the groups


def test_groups_are_listed_with_who_linked_what_and_undone_from_the_list(
    as_person, review, search, alice, bob
):
    paper, twin = factories.record(search, **PAPER), factories.record(search, **PAPER)
    dedup.find_duplicates(review=review, by=alice)
    by_hand = factories.record(search, title="A preprint of it")
    dedup.link_records(record=by_hand, original=twin, by=bob)
    browser = as_person(bob)
    answer = browser.get(url("duplicates_groups", review))
    [group] = answer.context["groups"]
    assert (group.root, group.numbers) == (paper, [1, 2, 3])
    assert "Same title, year, first author and journal as #1" in text_of(answer)
    assert "Bob judged it the same as #2" in text_of(answer)
    assert "Linked 2" in text_of(answer)

    answer = browser.post(url("record_unlink", review, 2), {"back": "groups"}, follow=True)
    assert answer.redirect_chain == [(url("duplicates_groups", review), 302)]
    assert "#2 stands by itself again" in text_of(answer)
    twin.refresh_from_db()
    assert twin.duplicate_of is None


def test_the_record_that_stays_can_be_taken_out_too(as_person, review, search, alice, bob):
    records = [factories.record(search) for _ in range(3)]
    for record in records[1:]:
        dedup.link_records(record=record, original=records[0], by=alice)
    as_person(bob).post(url("record_unlink", review, 1), {"back": "groups"})
    assert list(Record.objects.order_by("number").values_list("duplicate_of__number", flat=True)) == [
        None,
        None,
        2,
    ]


def test_a_group_is_found_by_any_of_its_members(as_person, review, search, alice, bob):
    root, other = factories.record(search), factories.record(search, title="Unheard of preprint")
    dedup.link_records(record=other, original=root, by=alice)
    page = url("duplicates_groups", review)
    for asked, found in (("preprint", [root]), ("#2", [root]), ("carfilzomib", []), ("", [root])):
        answer = as_person(bob).get(page, {"q": asked})
        assert [group.root for group in answer.context["groups"]] == found, asked


def test_judged_different_is_a_list_with_a_way_back(as_person, review, two_pairs, bob):
    browser = as_person(bob)
    judge(browser, review, two_pairs[0], "different")
    answer = browser.get(url("duplicates_different", review))
    assert "#1 and #2" in text_of(answer)
    browser.post(url("duplicate_take_back", review, two_pairs[0].pk))
    answer = browser.get(url("duplicates_different", review))
    assert "No pair was judged different" in text_of(answer)
    assert list(dedup.waiting_pairs(review)) == two_pairs


def test_looking_again_says_what_it_did(as_person, review, search, bob):
    factories.record(search, **PAPER)
    factories.record(search, **PAPER)
    browser = as_person(bob)
    page = see_it_through(browser, browser.post(url("duplicates_find", review))).content.decode()
    assert "1 pairs compared: 1 newly linked, 0 newly to look at" in page
    assert Record.objects.get(number=2).duplicate_of.number == 1


# ---------------------------------------------------------------- who may, and how much it costs


def test_observers_look_and_do_not_judge_and_strangers_find_nothing(
    as_person, review, two_pairs, alice, olive, mallory
):
    dedup.judge_pair(pair=two_pairs[1], by=alice, same=True)
    events = Event.objects.count()
    for name in ("duplicates", "duplicates_groups", "duplicates_different"):
        page = as_person(olive).get(url(name, review))
        assert 'method="post"' not in page.content.decode().split("<main")[1].split("</main>")[0]
        assert as_person(mallory).get(url(name, review)).status_code == 404
    for person, status in ((olive, 403), (mallory, 404)):
        browser = as_person(person)
        assert judge(browser, review, two_pairs[0], "same").status_code == status
        assert browser.post(url("duplicate_take_back", review, two_pairs[1].pk)).status_code == status
        assert browser.post(url("duplicates_find", review)).status_code == status
    assert list(DuplicatePair.objects.order_by("pk").values_list("verdict", flat=True)) == ["", "same"]
    assert Event.objects.count() == events


def test_a_pair_of_another_review_is_not_found(as_person, review, two_pairs, alice):
    other = factories.review(lead=alice, slug="other")
    browser = as_person(alice)
    assert judge(browser, other, two_pairs[0], "same").status_code == 404
    assert browser.post(url("duplicate_take_back", other, two_pairs[0].pk)).status_code == 404
    assert pair_shown(browser.get(url("duplicates", other) + f"?pair={two_pairs[0].pk}")) is None


@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize(
    ("name", "queries"), [("duplicates", 13), ("duplicates_groups", 10), ("duplicates_different", 8)]
)
def test_the_pages_take_the_same_queries_however_much_there_is(
    as_person, review, search, alice, many, name, queries, django_assert_num_queries
):
    for number in range(many):
        paper = PAPER | {"title": f"Paper {number} of a kind that is its very own", "pages": f"{number}1"}
        factories.record(search, **paper)
        factories.record(search, **paper)
    assert dedup.find_duplicates(review=review, by=alice).linked == many
    for _ in range(many):
        for same in (None, False):
            a, b = factories.record(search), factories.record(search)
            pair = DuplicatePair.objects.create(review=review, a=a, b=b, score=0.5, why=["same year"])
            if same is not None:
                dedup.judge_pair(pair=pair, by=alice, same=same)
    browser = as_person(alice)
    with django_assert_num_queries(queries):
        assert browser.get(url(name, review)).status_code == 200


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
