"""What duplicates do to the text that is read: people, models and quotes always have the same one before them.

The rule is in reviews/best_fields.py, what follows from it in docs/adr/0012-what-duplicates-share.md.
"""

import pytest

from reviews import dedup, importing
from reviews.correcting import correct_record
from reviews.models import Record
from screening import reading, runs
from screening.decisions import withdraw
from screening.models import Decision, Proposal, Protocol
from screening.proposals import keep_answer, needs_no_model
from tests import factories
from tests.asking import call, claimed, how, said, with_criteria
from tests.screening.scene import ROOM, TA, judged, propose, sent, text_of, vote
from workers.batches import question_for

TITLE = "A trial of plerixafor"
WHOLE = "We gave plerixafor to 12 adults with multiple myeloma, and 9 of them mobilised enough cells."
BOTH = f"{TITLE}\n\n{WHOLE}"


@pytest.fixture
def embase(review, alice):
    return factories.search(review, by=alice, source="Embase")


@pytest.fixture
def bare(search):
    """#1, without an abstract."""
    return factories.record(search, title=TITLE, abstract="")


@pytest.fixture
def full(embase):
    """#2, the same paper with its abstract."""
    return factories.record(embase, title=TITLE, abstract=WHOLE, keywords=["plerixafor"])


@pytest.fixture
def linked(bare, full, alice):
    dedup.link_records(record=full, original=bare, by=alice)
    return Record.objects.get(pk=bare.pk)


def text(record) -> str:
    return reading.judged_text(Record.objects.get(pk=record.pk), TA)[0]


def run_over(review, alice):
    return runs.start_run(review=review, stage=TA, by=alice, how=how())


def test_people_models_and_quotes_have_the_same_text_before_them(review, linked, alice, bob, as_person):
    in_force = with_criteria(review, alice)
    Protocol.objects.create(review=review, stage=TA, model_role="before")
    item = claimed(run_over(review, alice))[0]
    assert item.record == linked
    assert not needs_no_model(item)
    question = question_for(item)
    assert question.text == BOTH
    keep_answer(
        item=item,
        judgements=said(in_force, "met", "met", "not_met", quote="9 of them mobilised"),
        text=question.text,
        calls=[call()],
    )
    first = Proposal.objects.get().judgements[0]
    assert BOTH[first["start"] : first["end"]] == "9 of them mobilised"

    browser = as_person(bob)
    page = browser.get(f"{ROOM}?record=1")
    assert ">9 of them mobilised</mark>" in page.content.decode()
    assert "Abstract from Embase, #2 , a duplicate of this record" in text_of(page)
    assert "found by PubMed, Embase" in text_of(page)
    assert "Keywords plerixafor" in text_of(page)
    [told] = browser.get("/api/r/myeloma/screen/title_abstract/next/").json()["records"]
    assert (told["text"], told["abstract"], told["from_duplicates"]["abstract"]) == (BOTH, WHOLE, [2])
    assert told["proposal"]["stale"] is False
    record = browser.get("/api/r/myeloma/records/1/").json()
    assert (record["text"], record["text_sha256"]) == (BOTH, Proposal.objects.get().text_sha256)
    assert record["abstract"] == ""


def test_unlinking_takes_the_text_back_and_the_proposal_on_it_is_stale(
    review, linked, full, alice, bob, population, as_person
):
    Protocol.objects.create(review=review, stage=TA, model_role="before")
    start = BOTH.index("12 adults")
    sha256 = reading.judged_text(linked, TA)[1]
    propose(linked, alice, [judged(population, quote="12 adults", start=start, end=start + 9)], sha256=sha256)
    browser = as_person(bob)
    assert '<mark class="quote"' in browser.get(f"{ROOM}?record=1").content.decode()

    dedup.unlink_record(record=full, by=bob)

    assert text(linked) == f"{TITLE}\n\n"
    page = browser.get(f"{ROOM}?record=1")
    assert '<mark class="quote"' not in page.content.decode()
    assert "No abstract was found" in text_of(page)
    assert "earlier" in text_of(page)
    assert full.abstract == Record.objects.get(pk=full.pk).abstract


def test_a_record_is_asked_about_again_only_when_its_text_changed(review, bare, full, alice):
    """Asked without an abstract, then linked, unlinked and linked again: three texts, two of them the same."""
    in_force = with_criteria(review, alice)

    def ask():
        run = run_over(review, alice)
        for item in claimed(run, n=5) if run else []:
            keep_answer(
                item=item,
                judgements=said(in_force, "unclear", "unclear", "unclear", quote=""),
                text=question_for(item).text,
                calls=[call()],
            )
        return (
            list(run.items.order_by("record__number").values_list("record__number", flat=True)) if run else []
        )

    assert ask() == [1, 2]
    dedup.link_records(record=full, original=bare, by=alice)
    assert ask() == [1]
    dedup.unlink_record(record=full, by=alice)
    assert ask() == []
    dedup.link_records(record=full, original=bare, by=alice)
    assert ask() == []


def test_linking_changes_no_text_where_the_record_has_its_own_abstract(review, search, full, alice):
    own = factories.record(search, title=TITLE, abstract="Twelve adults were given plerixafor.")
    before = text(own)
    dedup.link_records(record=full, original=own, by=alice)
    assert text(own) == before


def test_what_a_person_corrected_is_read_and_what_was_undone_is_not(review, linked, full, embase, alice):
    correct_record(record=linked, by=alice, reason="from the paper", abstract="Typed from the paper...")
    assert text(linked) == f"{TITLE}\n\nTyped from the paper..."
    assert text(full) == BOTH


def test_the_text_of_an_undone_import_is_lent_to_nobody(linked, embase, alice):
    assert text(linked) == BOTH
    importing.withdraw_search(search=embase, by=alice, reason="wrong file")
    assert text(linked) == f"{TITLE}\n\n"
    importing.restore_search(search=embase, by=alice)
    assert text(linked) == BOTH


# ---------------------------------------------------------------- votes made on a record that was linked since


def test_ones_own_vote_on_the_linked_record_is_filled_in_and_nobody_elses(
    review, bare, full, population, alice, bob, carol, as_person
):
    vote(bob, full, "exclude", judgements={str(population.pk): "not_met"}, note="wrong people")
    dedup.link_records(record=full, original=bare, by=alice)
    page = as_person(bob).get(f"{ROOM}?record=1")
    assert "You said “exclude” of #2 , a duplicate of this record" in text_of(page)
    assert 'value="not_met" checked' in page.content.decode()
    assert "wrong people" in page.content.decode()
    hers = as_person(carol).get(f"{ROOM}?record=1")
    assert "a duplicate of this record. Your answers" not in text_of(hers)
    assert "wrong people" not in hers.content.decode()
    assert "checked" not in hers.content.decode().split('id="card"')[1].split("</form>")[0]


def test_progress_counts_no_vote_on_a_linked_record(review, bare, full, alice, bob, as_person):
    vote(bob, full)
    dedup.link_records(record=full, original=bare, by=alice)
    told = as_person(bob).get("/api/r/myeloma/screen/title_abstract/next/").json()["progress"]
    assert told == {"mine": 0, "waiting": 1, "total": 1, "pilot_mine": 0, "pilot_total": 0}
    as_person(bob).post(f"{ROOM}decide/", sent(bare))
    told = as_person(bob).get("/api/r/myeloma/screen/title_abstract/next/").json()["progress"]
    assert told == {"mine": 1, "waiting": 0, "total": 1, "pilot_mine": 0, "pilot_total": 0}


def test_who_saw_the_votes_on_the_duplicate_does_not_vote_blind(review, bare, full, alice, bob, carol):
    """#2 was in conflict until bob took his vote back; then it was linked under #1."""
    vote(carol, full, "exclude")
    withdraw(decision=vote(bob, full).decision, by=bob)
    dedup.link_records(record=full, original=bare, by=alice)
    for person in (bob, alice):
        vote(person, bare)
    seen = dict(Decision.objects.filter(record=bare).values_list("reviewer__name", "seen_votes"))
    assert seen == {"Bob": True, "Alice": True}  # in conflict it lay open to all who may settle it


def test_who_saw_the_proposal_on_the_duplicate_has_seen_what_the_model_says(
    review, bare, full, population, alice, bob, carol
):
    propose(full, alice, [judged(population)])
    vote(bob, full)
    dedup.link_records(record=full, original=bare, by=alice)
    vote(bob, bare)
    vote(carol, bare)
    seen = dict(Decision.objects.filter(record=bare).values_list("reviewer__name", "seen_proposal"))
    assert seen == {"Bob": True, "Carol": False}
