"""The screening room's pages: the proposal, full text, nothing left to do, and how much the database is asked."""

import re

import pytest

from screening.models import Decision, Protocol
from tests import factories
from tests.screening.scene import (
    FT,
    FULL,
    HTMX,
    ROOM,
    TA,
    counts,
    criterion_of,
    judged,
    propose,
    sent,
    text_of,
    vote,
)

# ---------------------------------------------------------------- the proposal


@pytest.fixture
def proposal(record, population, news, alice):
    start = record.text.index("We gave")
    return propose(
        record,
        alice,
        [
            judged(population, "not_met", "We gave plerixafor", start, start + 18),
            judged(news, "unclear", "Nowhere at all"),
        ],
        verdict="exclude",
    )


def test_the_proposal_comes_after_ones_own_decision_and_says_where_it_differs(
    record, search, population, proposal, bob, as_person
):
    factories.record(search)
    browser = as_person(bob)
    assert "stub/model" not in text_of(browser.get(ROOM))
    form = sent(record) | {f"c{population.pk}": "met"}
    answer = browser.post(f"{ROOM}decide/", form, follow=True)
    assert (
        "Saved: include #1. Waiting for another reviewer. The model differs on criterion 1: look"
        in text_of(answer)
    )
    page = browser.get(f"{ROOM}?record=1").content.decode()
    name = f"p{proposal.pk}-1"
    assert (
        f'<mark class="quote" tabindex="0" data-quotes="{name}" id="quote-{name}">We gave plerixafor</mark>'
        in page
    )
    assert "differs from you" in page and "Nowhere at all" in page and "model-quote--missing" in page


def test_where_no_criterion_was_answered_the_combined_verdict_is_compared(record, proposal, bob, as_person):
    answer = as_person(bob).post(f"{ROOM}decide/", sent(record), follow=True)
    assert "The model’s judgements come to exclude" in text_of(answer)


def test_the_strip_says_nothing_of_a_proposal_that_agrees(record, population, proposal, bob, as_person):
    form = sent(record, "exclude") | {f"c{population.pk}": "not_met"}
    answer = as_person(bob).post(f"{ROOM}decide/", form, follow=True)
    assert "The model" not in text_of(answer)


def test_before_the_proposal_is_open_from_the_start_and_can_be_taken_over(
    record, population, news, proposal, bob, as_person
):
    Protocol.objects.create(review=record.review, stage=TA, model_role="before")
    browser = as_person(bob)
    page = browser.get(ROOM).content.decode()
    assert "stub/model" in page and 'class="mark--met"' in page
    assert re.findall(r'data-proposed="(\w+)"', page) == ["not_met", "unclear"]
    assert f'data-quotes="p{proposal.pk}-1"><span class="criterion-text">Population' in page
    assert "checked" not in re.findall(r"<ol class=\"criteria\">.*?</ol>", page, re.S)[0]
    without_script = browser.get(f"{ROOM}?record=1&accept").content.decode()
    assert f'name="c{population.pk}" value="not_met" checked' in without_script
    assert f'name="c{news.pk}" value="unclear" checked' in without_script
    browser.post(f"{ROOM}decide/", sent(record))
    assert Decision.objects.get().seen_proposal is True


def test_off_hides_the_proposal_after_the_decision_too(record, proposal, bob, as_person):
    Protocol.objects.create(review=record.review, stage=TA, model_role="off")
    vote(bob, record)
    for address in (ROOM, f"{ROOM}?record=1", f"{ROOM}?record=1&accept"):
        assert "stub/model" not in as_person(bob).get(address).content.decode()


def test_a_proposal_on_another_version_of_the_text_marks_nothing_and_says_so(
    record, population, alice, bob, as_person
):
    propose(record, alice, [judged(population, "met", "We gave", 2, 9)], sha256="0" * 64)
    vote(bob, record)
    page = as_person(bob).get(f"{ROOM}?record=1").content.decode()
    assert "<mark" not in page
    assert (
        "from an earlier version of the text" in page
        and "The text was changed after this was proposed" in page
    )


def test_the_offline_reader_is_called_what_it_is(record, population, alice, bob, as_person):
    propose(record, alice, [judged(population)], model="offline/rule-reader-1")
    vote(bob, record)
    assert "rule-based, not a language model" in as_person(bob).get(f"{ROOM}?record=1").content.decode()


# ---------------------------------------------------------------- full text


def test_full_text_shows_the_pages_and_offers_no_maybe(retrieved, alice, bob, as_person):
    criterion = criterion_of(retrieved.review, alice, "Design", FT)
    page = as_person(bob).get(FULL).content.decode()
    assert re.findall(r'<section class="desk-page" id="(page-\d)"', page) == ["page-1", "page-2"]
    assert "Page one speaks of methods." in page and "Page two speaks of results." in page
    assert 'value="maybe"' not in page
    assert re.findall(r'name="exclude_for" value="(\d+)"', page) == [str(criterion.pk)]


def test_an_exclusion_at_full_text_has_the_one_reason_that_was_pressed(retrieved, alice, bob, as_person):
    first, second = (criterion_of(retrieved.review, alice, label, FT) for label in ("Design", "Drug"))
    form = sent(retrieved) | {"exclude_for": second.pk, f"c{first.pk}": "not_met"}
    del form["verdict"]
    assert as_person(bob).post(f"{FULL}decide/", form).status_code == 302
    decision = Decision.objects.get(stage=FT)
    assert (decision.verdict, decision.reason) == ("exclude", second)


def test_an_exclusion_at_full_text_without_a_reason_asks_for_one_and_keeps_the_rest(
    retrieved, alice, bob, as_person
):
    criterion_of(retrieved.review, alice, "Design", FT)
    before = counts()
    answer = as_person(bob).post(f"{FULL}decide/", sent(retrieved, "exclude", note="Long"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "An exclusion at full text needs one reason." in page and ">Long</textarea>" in page
    assert "data-reasons data-open-now" in page
    assert counts() == before


def test_the_first_violated_criterion_is_preselected(retrieved, alice, bob, as_person):
    criterion_of(retrieved.review, alice, "Design", FT)
    second = criterion_of(retrieved.review, alice, "Drug", FT)
    form = sent(retrieved, "maybe") | {f"c{second.pk}": "not_met"}
    page = as_person(bob).post(f"{FULL}decide/", form).content.decode()
    assert re.findall(r'class="btn is-first" name="exclude_for" value="(\d+)"', page) == [str(second.pk)]


# ---------------------------------------------------------------- nothing waits


def test_nothing_imported_yet_leads_to_the_searches(review, bob, as_person):
    assert "Nothing has been imported yet" in text_of(as_person(bob).get(ROOM))


def test_when_all_is_done_the_room_says_what_to_do_next(record, population, bob, carol, as_person):
    vote(carol, record)
    vote(bob, record, "exclude")
    words = text_of(as_person(bob).get(ROOM))
    assert "Nothing waits for you here" in words and "Conflicts to settle 1" in words
    assert "You have decided on 1 of 1 record." in words


def test_full_texts_that_wait_are_offered_when_titles_are_done(retrieved, bob, as_person):
    assert "Full texts that wait for you 1" in text_of(as_person(bob).get(ROOM))


def test_without_criteria_the_room_says_so(record, bob, as_person):
    assert "No criteria are declared for this stage yet." in text_of(as_person(bob).get(ROOM))


# ---------------------------------------------------------------- how much is asked of the database


@pytest.mark.parametrize("n", [1, 30])
def test_the_number_of_queries_does_not_grow_with_the_review(
    search, population, news, alice, bob, carol, as_person, django_assert_max_num_queries, n
):
    records = [factories.record(search) for _ in range(n + 2)]
    start = records[0].text.index("We gave")
    for record in records:
        propose(
            record, alice, [judged(population, "met", "We gave", start, start + 7), judged(news, "not_met")]
        )
    for record in records[:n]:
        vote(carol, record)
    vote(bob, records[0])
    browser = as_person(bob)
    with django_assert_max_num_queries(23):
        assert browser.get(ROOM).status_code == 200
    with django_assert_max_num_queries(27):
        assert browser.get(f"{ROOM}?record=1").status_code == 200
    with django_assert_max_num_queries(49):
        assert browser.post(f"{ROOM}decide/", sent(records[n]), **HTMX).status_code == 200
