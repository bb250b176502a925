"""The trail as people read it: in order, filtered, and sealed where a judgement is not theirs to see yet."""

import re
import uuid

import pytest
from django.db import transaction

from extraction.models import Form, Item
from reviews import audit, trail_reading
from reviews.models import Event, Study, Verb
from reviews.trail_reading import Filters, read
from screening.conflicts import resolve
from screening.decisions import decide, withdraw
from screening.models import Protocol
from tests import factories
from tests.reviews.random_reviews import report_of, settle

SEALED = {"seq", "at", "hash", "sealed"}


def log(review, actor=None, verb=Verb.REVIEW_CHANGED, **fields):
    with transaction.atomic():
        return audit.log(review=review, verb=verb, actor=actor, **fields)


def voted(record, who, verdict="include", note=""):
    return decide(
        record=record, stage="title_abstract", reviewer=who, verdict=verdict, key=uuid.uuid4(), note=note
    )


def events(browser, path="", **query):
    answer = browser.get(f"/api/r/myeloma/trail/{path}", query)
    assert answer.status_code == 200
    return answer.json()["events"]


def open_verbs(browser, **query):
    return [event["verb"] for event in events(browser, **query) if not event["sealed"]]


def seqs(membership, filters=None, **where):
    return [line.seq for line in read(membership, filters or Filters(), **where).lines]


@pytest.fixture
def secret(review, record, alice):
    """Alice has voted on record 1, with a note that nobody else may read yet."""
    log(review, alice, after={"title": "Plerixafor in myeloma"})
    voted(record, alice, "exclude", note="xylophone")
    return record


# ---------------------------------------------------------------- sealing
def test_a_vote_is_sealed_for_who_has_not_voted(secret, review, bob, olive, as_person):
    for person in (bob, olive):
        newest, oldest = events(as_person(person))
        assert (newest["sealed"], set(newest)) == (True, SEALED)
        assert (oldest["sealed"], oldest["verb"], oldest["actor"]) == (False, "review.changed", "Alice")
        page = as_person(person).get("/r/myeloma/trail/").content.decode().partition("<main")[2]
        assert "A judgement you may not see yet" in page
        assert not re.search(r"xylophone|exclude|decided</span>|#1\b", page)


def test_ones_own_vote_is_open(secret, alice, as_person):
    newest, _ = events(as_person(alice))
    assert (newest["verb"], newest["record"], newest["after"]["note"]) == ("decision.made", 1, "xylophone")


def test_ones_own_vote_stays_open_when_it_is_taken_back_and_sealed_for_others(secret, alice, bob, as_person):
    withdraw(decision=secret.decisions.get(), by=alice)
    assert open_verbs(as_person(alice)) == ["decision.withdrawn", "decision.made", "review.changed"]
    assert open_verbs(as_person(bob)) == ["review.changed"]


def test_when_the_record_is_settled_its_votes_open_for_everybody(secret, alice, bob, carol, olive, as_person):
    voted(secret, bob, "exclude")
    for person in (alice, bob, carol, olive):
        assert open_verbs(as_person(person)) == ["decision.made", "decision.made", "review.changed"]


def test_a_conflict_opens_for_who_may_resolve_and_not_for_observers(secret, bob, carol, olive, as_person):
    conflict = voted(secret, bob).conflict
    assert open_verbs(as_person(carol)) == ["decision.made", "decision.made", "review.changed"]
    assert open_verbs(as_person(olive)) == ["review.changed"]
    resolve(conflict=conflict, by=carol, verdict="include", explanation="Plerixafor was given.")
    assert open_verbs(as_person(olive))[0] == "conflict.resolved"


def test_a_reopened_record_is_sealed_again(secret, alice, bob, carol, as_person):
    voted(secret, bob, "exclude")
    assert len(open_verbs(as_person(carol))) == 3
    withdraw(decision=secret.decisions.get(reviewer=bob), by=bob, reason="A slip.")
    assert open_verbs(as_person(carol)) == ["review.changed"]
    assert len(open_verbs(as_person(alice))) == 4


@pytest.mark.parametrize(("role", "before", "after_vote"), [("before", 1, 1), ("after", 0, 1), ("off", 0, 0)])
def test_a_proposal_is_sealed_as_the_protocol_says(role, before, after_vote, review, record, bob, as_person):
    Protocol.objects.create(review=review, stage="title_abstract", model_role=role)
    log(
        review, verb=Verb.PROPOSAL_MADE, actor_label="offline/rule-reader-1", record=record,
        stage="title_abstract", after={"verdict": "include"},
    )  # fmt: skip
    assert open_verbs(as_person(bob)).count("proposal.made") == before
    voted(record, bob)
    assert open_verbs(as_person(bob)).count("proposal.made") == after_vote


@pytest.mark.parametrize("verb", sorted(trail_reading.VALUES))
def test_what_an_extractor_did_is_open_to_them_alone_until_all_is_agreed(
    verb, review, record, alice, bob, carol, olive, as_person
):
    study = Study.objects.create(review=review, label="Smith 2020")
    form = Form.objects.create(review=review, name="Trials", created_by=alice, created_at=audit.now())
    Item.objects.create(form=form, key="n", label="Patients", kind="number", position=1)
    Form.objects.filter(pk=form.pk).update(published_at=audit.now())
    log(review, bob, verb, stage="extraction", subject={"study": study.pk}, after={"value": 33})
    for person, sees in ((bob, 1), (alice, 0), (carol, 0), (olive, 0)):
        assert open_verbs(as_person(person)).count(verb) == sees


def test_a_model_s_values_are_sealed_until_one_may_see_them(review, record, alice, bob, as_person):
    study = Study.objects.create(review=review, label="Smith 2020")
    settle(record, alice)
    report_of(record, retrieval="retrieved", text="T", study=study)
    form = Form.objects.create(review=review, name="Trials", created_by=alice, created_at=audit.now())
    Item.objects.create(form=form, key="n", label="Patients", kind="number", position=1)
    Form.objects.filter(pk=form.pk).update(published_at=audit.now())
    log(
        review,
        verb=Verb.PROPOSAL_MADE,
        actor_label="m",
        record=record,
        stage="extraction",
        after={"values": {}},
    )
    assert open_verbs(as_person(bob)) == []
    Protocol.objects.create(review=review, stage="extraction", model_role="before")
    assert open_verbs(as_person(bob)) == ["proposal.made"]


def test_a_judgement_about_nothing_known_stays_sealed(review, alice, bob, as_person):
    for verb in sorted(trail_reading.JUDGEMENT):
        log(review, alice, verb)
    assert open_verbs(as_person(bob)) == []
    assert len(events(as_person(bob))) == len(trail_reading.JUDGEMENT)


def test_who_was_invited_is_for_leads(review, alice, bob, as_person):
    log(review, alice, Verb.MEMBER_INVITED, after={"meant_for": "dora@example.org", "role": "reviewer"})
    assert "dora@example.org" in str(events(as_person(alice)))
    assert "dora@example.org" not in str(events(as_person(bob)))
    assert "dora@example.org" not in as_person(bob).get("/r/myeloma/trail/").content.decode()


def test_addresses_of_people_are_not_on_the_page(secret, bob, as_person):
    assert "alice@example.org" not in as_person(bob).get("/r/myeloma/trail/").content.decode()
    assert "alice@example.org" not in str(events(as_person(bob)))


# ---------------------------------------------------------------- filters do not leak
@pytest.mark.parametrize(
    "query",
    [
        {"verb": "decision.made"},
        {"record": "1"},
        {"since": "2020-01-01"},
        {"until": "2100-01-01"},
        {"verb": "decision.made", "record": "1"},
    ],
)
def test_a_filtered_list_leaves_sealed_events_out_altogether(query, secret, bob, as_person):
    found = events(as_person(bob), **query)
    assert [event for event in found if event["sealed"] or event["verb"] == "decision.made"] == []
    page = as_person(bob).get("/r/myeloma/trail/", query).content.decode()
    assert "A judgement you may not see yet" not in page


def test_asking_for_a_person_does_not_tell_that_they_voted(secret, alice, bob, as_person):
    assert [event["verb"] for event in events(as_person(bob), person=alice.pk)] == ["review.changed"]
    assert len(events(as_person(alice), person=alice.pk)) == 2


def test_the_story_of_a_record_leaves_sealed_events_out(secret, alice, bob, as_person):
    page = as_person(bob).get("/r/myeloma/records/1/trail/")
    assert "Nothing that you may see" in page.content.decode()
    assert "xylophone" in as_person(alice).get("/r/myeloma/records/1/trail/").content.decode()


def test_sealed_events_leave_no_trace_in_how_a_filtered_list_is_paged(review, search, alice, bob):
    """Ten open events behind two hundred sealed ones: the pages are as if the sealed ones were not there."""
    for n in range(10):
        log(review, alice, reason=str(n))
        for _ in range(3):
            log(review, alice, Verb.DECISION_MADE, record=None, stage="title_abstract")
    bobs = review.memberships.get(user=bob)
    first = read(bobs, Filters(person=alice.pk), size=6)
    second = read(bobs, Filters(person=alice.pk), size=6, before=first.older)
    assert [line.event.reason for line in (*first.lines, *second.lines)] == list("9876543210")
    assert (first.newer, second.older) == (None, None)
    assert seqs(bobs, Filters(person=alice.pk), size=6, after=second.lines[0].seq) == [
        line.seq for line in first.lines
    ]


# ---------------------------------------------------------------- order, pages, filters
def test_a_long_trail_is_paged_both_ways_without_a_gap(review, alice):
    for _ in range(25):
        log(review, alice)
    mine = review.memberships.get(user=alice)
    pages = [read(mine, Filters(), size=10)]
    while pages[-1].older:
        pages.append(read(mine, Filters(), size=10, before=pages[-1].older))
    assert [line.seq for page in pages for line in page.lines] == list(range(25, 0, -1))
    assert [len(page.lines) for page in pages] == [10, 10, 5]
    back = read(mine, Filters(), size=10, after=pages[2].newer)
    assert [line.seq for line in back.lines] == [line.seq for line in pages[1].lines]
    assert read(mine, Filters(), size=10, after=back.newer).newer is None


def test_filters_find_what_was_asked_for(review, search, alice, bob, as_person):
    one, two = factories.record(search), factories.record(search)
    log(review, alice, Verb.RECORD_CORRECTED, record=one)
    log(review, bob, Verb.RECORD_CORRECTED, record=two)
    log(review, verb=Verb.RUN_STARTED, actor_label="Winnow")
    browser = as_person(alice)
    assert [e["record"] for e in events(browser, person=bob.pk)] == [2]
    assert [e["verb"] for e in events(browser, person="machines")] == ["run.started"]
    assert [e["record"] for e in events(browser, verb="record.corrected")] == [2, 1]
    assert [e["actor"] for e in events(browser, record=1)] == ["Alice"]
    assert events(browser, since="2100-01-01") == events(browser, until="2000-01-01") == []
    assert len(events(browser, since="2000-01-01", until="2100-01-01")) == 3


def test_a_filter_that_makes_no_sense_is_named_and_hides_nothing(secret, bob, as_person):
    page = as_person(bob).get("/r/myeloma/trail/", {"record": "abc", "before": "x", "after": "-"})
    assert page.status_code == 200
    assert "Enter a whole number." in page.content.decode()
    assert as_person(bob).get("/api/r/myeloma/trail/", {"record": "abc"}).status_code == 400


def test_what_people_wrote_is_escaped(review, alice, as_person):
    log(review, alice, reason="<script>alert(1)</script>", after={"title": "<img src=x onerror=alert(1)>"})
    page = as_person(alice).get("/r/myeloma/trail/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_number_of_queries_does_not_grow_with_the_events(
    review, search, alice, bob, django_assert_max_num_queries
):
    records = [factories.record(search) for _ in range(12)]
    for record in records:
        voted(record, alice)
    with django_assert_max_num_queries(6):
        read(review.memberships.select_related("user", "review").get(user=bob), Filters())


# ---------------------------------------------------------------- the chain on the page
def test_the_page_says_how_far_the_chain_is_verified(review, alice, as_person):
    head = log(review, alice).hash
    page = as_person(alice).get("/r/myeloma/trail/").content.decode()
    assert "Verified up to event 1, head" in page
    assert head[:8] in page


def test_a_long_chain_is_verified_on_demand(review, alice, as_person, monkeypatch):
    log(review, alice)
    monkeypatch.setattr("reviews.views.trail.chain_of.__kwdefaults__", {"at_most": 0, "anyway": False})
    browser = as_person(alice)
    assert "not verified on this page" in browser.get("/r/myeloma/trail/").content.decode()
    assert "Verified up to event 1" in browser.get("/r/myeloma/trail/?verify=1").content.decode()
    part = browser.get("/r/myeloma/trail/verify/").content.decode()
    assert "Verified up to event 1" in part
    assert "<html" not in part


def test_a_broken_chain_is_said_on_the_page_and_by_the_api(review, alice, as_person):
    from tests.reviews.test_audit import tamper

    for _ in range(3):
        log(review, alice)
    tamper(lambda: Event.objects.filter(seq=2).update(reason="rewritten"))
    browser = as_person(alice)
    assert "The chain is broken at event 2" in browser.get("/r/myeloma/trail/").content.decode()
    assert "The chain is broken at event 2" in browser.get("/r/myeloma/").content.decode()
    said = browser.get("/api/r/myeloma/trail/verify/").json()
    assert (said["ok"], said["broken_at"], said["events"]) == (False, 2, 1)


# ---------------------------------------------------------------- who may
@pytest.mark.parametrize(
    "path", ["trail/", "trail/verify/", "records/1/trail/", "export/", "prisma/", "prisma/duplicates/", ""]
)
def test_a_stranger_finds_nothing(path, review, record, mallory, as_person):
    assert as_person(mallory).get(f"/r/myeloma/{path}").status_code == 404


def test_the_story_of_a_record_that_is_not_there_is_not_found(review, alice, as_person):
    assert as_person(alice).get("/r/myeloma/records/7/trail/").status_code == 404


def test_another_reviews_events_are_not_here(review, alice, as_person):
    log(factories.review(lead=alice, slug="other"), alice)
    assert events(as_person(alice)) == []
