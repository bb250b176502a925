"""Conflicts: the queue, one conflict with both votes, settling it, reopening, and a record's judgement."""

import pytest

from reviews.models import Event
from screening import conflicts, criteria, decisions
from screening.models import Conflict, Decision, Protocol, Resolution
from tests import factories
from tests.screening.scene import (
    FT,
    TA,
    counts,
    judged,
    propose,
    text_of,
    vote,
)

QUEUE = "/r/myeloma/conflicts/"


@pytest.fixture
def conflict(record, population, bob, carol):
    vote(bob, record, "include", note="Bob finds it fitting")
    return vote(
        carol, record, "exclude", note="Carol does not", judgements={str(population.pk): "not_met"}
    ).conflict


def at(conflict, verb=""):
    return f"{QUEUE}{conflict.pk}/{verb}"


# ---------------------------------------------------------------- the queue


def test_the_queue_says_which_record_and_never_who_said_what(conflict, alice, bob, olive, as_person):
    for person in (alice, bob, olive):
        words = text_of(as_person(person).get(QUEUE))
        assert "#1" in words and "A trial of plerixafor" in words
        for sealed in ("Bob finds", "Carol does not", "Carol", "not met"):
            assert sealed not in words


def test_only_those_who_may_settle_get_a_link(conflict, bob, olive, as_person):
    assert f'href="{at(conflict)}"' in as_person(bob).get(QUEUE).content.decode()
    assert at(conflict) not in as_person(olive).get(QUEUE).content.decode()


def test_an_empty_queue_says_what_comes_here(review, bob, as_person):
    assert "No open conflicts" in text_of(as_person(bob).get(QUEUE))


@pytest.mark.parametrize("n", [1, 3])
def test_the_queue_asks_the_database_as_much_for_three_as_for_one(
    search, alice, bob, carol, as_person, django_assert_num_queries, n
):
    for _ in range(n):
        record = factories.record(search)
        vote(bob, record)
        vote(carol, record, "exclude")
    browser = as_person(alice)
    with django_assert_num_queries(7):
        browser.get(QUEUE)


def test_strangers_and_observers_are_kept_out(conflict, olive, mallory, as_person):
    before = counts()
    settled = {"verdict": "include", "explanation": "Mine."}
    for person, status in ((olive, 403), (mallory, 404)):
        browser = as_person(person)
        assert browser.get(at(conflict)).status_code == status
        assert browser.post(at(conflict, "resolve/"), settled).status_code == status
        reopening = "/r/myeloma/records/1/reopen/title_abstract/"
        assert browser.post(reopening, {"reason": "Mine."}).status_code == status
    assert as_person(mallory).get(QUEUE).status_code == 404
    assert counts() == before


def test_a_conflict_of_another_review_is_not_found(conflict, mallory, as_person):
    factories.review(lead=mallory, slug="other")
    assert as_person(mallory).get(f"/r/other/conflicts/{conflict.pk}/").status_code == 404


# ---------------------------------------------------------------- one conflict


def test_both_votes_stand_beside_the_text_with_the_proposal(conflict, record, population, alice, as_person):
    start = record.text.index("We gave")
    propose(record, alice, [judged(population, "met", "We gave", start, start + 7)])
    answer = as_person(alice).get(at(conflict))
    words = text_of(answer)
    for expected in (
        "Bob", "include", "Bob finds it fitting", "Carol", "exclude", "Population", "1 Population: not met",
        "Carol does not", "stub/model", "We gave plerixafor to 12 adults.", "any lead or reviewer",
    ):  # fmt: skip
        assert expected in words
    assert ">We gave</mark>" in answer.content.decode()
    page = answer.content.decode()
    assert page.count('class="vote vote--include"') == page.count('class="vote vote--exclude"') == 1


def test_settling_needs_a_sentence_and_keeps_what_was_chosen(conflict, alice, as_person):
    before = counts()
    answer = as_person(alice).post(at(conflict, "resolve/"), {"verdict": "exclude", "explanation": "  "})
    assert answer.status_code == 422
    assert "needs a reason in words" in text_of(answer)
    assert counts() == before


def test_settling_leads_to_the_next_conflict_and_the_votes_stay(
    conflict, search, alice, bob, carol, as_person
):
    other = factories.record(search)
    vote(bob, other)
    following = vote(carol, other, "exclude").conflict
    answer = as_person(alice).post(
        at(conflict, "resolve/"), {"verdict": "include", "explanation": "Both fit."}, follow=True
    )
    assert answer.redirect_chain == [(at(following), 302)]
    assert "Settled: include #1. The votes stay as they were." in text_of(answer)
    resolution = Resolution.objects.get()
    assert (resolution.how, resolution.by, resolution.explanation) == ("adjudication", alice, "Both fit.")
    assert Decision.objects.filter(withdrawn_at__isnull=True).count() == 4


def test_the_last_one_leads_back_to_the_queue(conflict, bob, as_person):
    answer = as_person(bob).post(
        at(conflict, "resolve/"), {"verdict": "exclude", "explanation": "I was wrong."}
    )
    assert (answer.status_code, answer["Location"]) == (302, QUEUE)
    assert Resolution.objects.get().how == "discussion"


def test_a_conflict_settled_meanwhile_is_told_plainly_and_settled_once(conflict, alice, bob, as_person):
    browser = as_person(bob)
    conflicts.resolve(conflict=conflict, by=alice, verdict="exclude", explanation="Wrong people.")
    before = counts()
    answer = browser.post(at(conflict, "resolve/"), {"verdict": "include", "explanation": "I think it fits."})
    assert answer.status_code == 409
    words = text_of(answer)
    assert "This conflict was closed meanwhile. What was settled stays." in words
    assert "settled by a third person (Alice)" in words and "Wrong people." in words
    assert counts() == before


def test_a_conflict_whose_vote_was_taken_back_seals_the_votes_again(conflict, alice, carol, as_person):
    decisions.withdraw(decision=Decision.objects.get(reviewer=carol), by=carol)
    words = text_of(as_person(alice).get(at(conflict)))
    assert "This conflict was closed" in words
    for sealed in ("Bob finds", "Carol does not"):
        assert sealed not in words
    words = text_of(as_person(carol).get(at(conflict)))
    assert "Bob finds" not in words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("third", "You voted on this record, and the protocol asks for a third person."),
        ("lead", "The protocol asks for a lead to settle conflicts."),
    ],
)
def test_the_protocol_says_who_settles_and_it_is_enforced(conflict, alice, bob, as_person, rule, words):
    Protocol.objects.create(review=conflict.record.review, stage=TA, adjudicator=rule)
    browser = as_person(bob)
    page = browser.get(at(conflict))
    assert words in text_of(page) and "Settle: include" not in text_of(page)
    before = counts()
    answer = browser.post(at(conflict, "resolve/"), {"verdict": "include", "explanation": "Mine."})
    assert answer.status_code == 409
    assert counts() == before
    settled = as_person(alice).post(at(conflict, "resolve/"), {"verdict": "include", "explanation": "Mine."})
    assert settled.status_code == 302


def test_at_full_text_an_exclusion_is_settled_with_a_reason_from_the_list(
    retrieved,
    alice,
    bob,
    carol,
    as_person,
):
    design = criteria.add_criterion(
        review=retrieved.review, stage=FT, by=alice, kind="include", label="Design", text="Trials."
    )
    vote(bob, retrieved, stage=FT)
    conflict = vote(carol, retrieved, "exclude", FT, reason=design).conflict
    browser = as_person(alice)
    assert f'<option value="{design.pk}">1 Design</option>' in browser.get(at(conflict)).content.decode()
    form = {"verdict": "exclude", "explanation": "Not a trial."}
    before = counts()
    answer = browser.post(at(conflict, "resolve/"), form)
    assert answer.status_code == 422 and "needs one reason" in text_of(answer)
    assert ">Not a trial.</textarea>" in answer.content.decode()
    assert counts() == before
    assert browser.post(at(conflict, "resolve/"), form | {"reason": design.pk}).status_code == 302
    assert Resolution.objects.get(stage=FT).reason == design


# ---------------------------------------------------------------- reopening, and a record's judgement


def test_reopening_puts_a_settled_record_into_the_queue_with_its_votes(record, alice, bob, carol, as_person):
    vote(bob, record)
    vote(carol, record)
    address = "/r/myeloma/records/1/reopen/title_abstract/"
    before = counts()
    assert as_person(alice).post(address, {"reason": " "}).status_code == 400
    assert counts() == before
    answer = as_person(alice).post(address, {"reason": "It was retracted."})
    reopened = Conflict.objects.get()
    assert answer["Location"] == at(reopened)
    assert Decision.objects.filter(withdrawn_at__isnull=True).count() == 2
    assert Event.objects.order_by("seq").last().reason == "It was retracted."


def test_a_records_judgement_is_sealed_until_one_has_decided(record, alice, bob, carol, olive, as_person):
    address = "/r/myeloma/records/1/judgement/"
    vote(bob, record, note="Only for those who decided")
    for person in (alice, carol):
        words = text_of(as_person(person).get(address))
        assert "Sealed until you have decided." in words and "Judge #1" in words
        assert "Only for" not in words and "Bob" not in words
    assert "Sealed until it is settled." in text_of(as_person(olive).get(address))
    vote(carol, record)
    for person in (alice, bob, carol, olive):
        words = text_of(as_person(person).get(address))
        assert "Only for those who decided" in words and "Both agreed" in words
    assert ("Reopen it" in text_of(as_person(olive).get(address))) is False


def test_what_waits_and_what_has_one_vote_look_the_same_to_others(search, bob, carol, as_person):
    voted, untouched = factories.record(search), factories.record(search)
    vote(bob, voted)
    browser = as_person(carol)
    pages = [
        browser.get(f"/r/myeloma/records/{record.number}/judgement/", HTTP_HX_REQUEST="true").content.decode()
        for record in (voted, untouched)
    ]
    assert pages[0].replace("#1", "#2").replace("record=1", "record=2") == pages[1]


def test_the_fragment_is_a_page_without_htmx(record, bob, as_person):
    address = "/r/myeloma/records/1/judgement/"
    assert "<html" in as_person(bob).get(address).content.decode()
    assert "<html" not in as_person(bob).get(address, HTTP_HX_REQUEST="true").content.decode()
