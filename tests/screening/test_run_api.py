"""Runs and proposals for programs: the same verbs, the same seals."""

import uuid

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from reviews.models import Event, Record
from screening import decisions, runs
from screening.api import runs as api
from screening.models import Run
from screening.proposals import keep_answer, keep_failure
from tests import factories
from tests.asking import TA, call, claimed, how, records, said, with_criteria
from workers import tasks

RUNS, PROPOSALS = "/api/r/myeloma/runs/", "/api/r/myeloma/proposals/"


@pytest.fixture(autouse=True)
def _no_throttle():
    cache.clear()


@pytest.fixture
def queued(monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr(tasks.work_on, "delay", seen.append)
    return seen


@pytest.fixture
def as_program():
    def sign_in(user):
        program = APIClient()
        program.force_authenticate(user)
        return program

    return sign_in


@pytest.fixture
def run(review, alice):
    """Two records answered (an exclusion each), one failed."""
    with_criteria(review, alice)
    records(review, alice, 3)
    begun = runs.start_run(review=review, stage=TA, by=alice, how=how())
    one, two, three = claimed(begun, 3)
    for item in (one, two):
        judgements = said(begun.criteria, "not_met", "met", "not_met")
        keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call(cost_usd="0.01")])
    keep_failure(item=three, text="", calls=[call(error_kind="timeout")], kind="timeout", why="No answer.")
    return begun


def vote(person, number, verdict="include"):
    record = Record.objects.get(number=number)
    decisions.decide(record=record, stage=TA, reviewer=person, verdict=verdict, key=uuid.uuid4())


def test_a_lead_starts_a_run(as_program, review, alice, queued, django_capture_on_commit_callbacks):
    with_criteria(review, alice)
    records(review, alice, 2)
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_program(alice).post(RUNS, {"stage": TA}, format="json")
    begun = Run.objects.get()
    assert (answer.status_code, queued) == (201, [begun.pk])
    said_ = answer.json()["run"]
    assert (said_["id"], said_["state"], said_["criteria_version"]) == (begun.pk, "under_way", 3)
    assert said_["progress"] == {"total": 2, "answered": 0, "failed": 0, "leased": 0, "waiting": 2}
    assert said_["model"] == {
        "name": "offline/rule-reader-1",
        "label": "Offline stand-in (rule-based, not a language model)",
        "offline": True,
    }
    again = as_program(alice).post(RUNS, {"stage": TA}, format="json")
    assert (again.status_code, again.json(), Run.objects.count()) == (200, {"run": None}, 1)


@pytest.mark.parametrize(
    ("sent", "code", "what"),
    [
        ({"stage": TA}, "refused", "There are no criteria for title and abstract yet."),
        ({"stage": "extraction"}, "refused", "No form is published yet."),
        ({"stage": "analysis"}, "invalid", 'stage: "analysis" is not a valid choice.'),
        ({}, "invalid", "stage: This field is required."),
    ],
)
def test_a_run_that_cannot_be_started_says_why(as_program, review, alice, sent, code, what):
    answer = as_program(alice).post(RUNS, sent, format="json")
    assert answer.status_code == {"refused": 409, "invalid": 400}[code]
    assert (answer.json()["error"]["code"], answer.json()["error"]["what"]) == (code, what)
    assert answer.json()["error"]["kept"] == "Nothing was changed."
    assert Run.objects.count() == 0


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("olive", 403), ("mallory", 404)])
def test_others_start_cancel_and_retry_nothing(request, as_program, mallory, run, person, status):
    program = as_program(request.getfixturevalue(person))
    before = (Run.objects.count(), Event.objects.count())
    for path in ("", f"{run.pk}/cancel/", f"{run.pk}/retry/"):
        assert program.post(RUNS + path, {"stage": TA}, format="json").status_code == status
    assert (Run.objects.count(), Event.objects.count()) == before


def test_strangers_and_nobody_read_nothing(as_program, mallory, run):
    for path in (RUNS, f"{RUNS}{run.pk}/", PROPOSALS):
        assert as_program(mallory).get(path).status_code == 404
        assert APIClient().get(path).status_code in (401, 403)


def test_a_run_tells_how_it_was_asked_and_how_it_went_and_nothing_of_the_answers(as_program, olive, run):
    answer = as_program(olive).get(f"{RUNS}{run.pk}/").json()["run"]
    assert answer["failures"] == {"timeout": 1}
    assert answer["cost"] == {"calls": 3, "usd": "0.020000", "calls_of_unknown_price": 1}
    assert answer["models_that_answered"] == ["x-1"]
    assert (answer["state"], answer["started_by"]) == ("ended", "Alice")
    assert "verdict" not in repr(answer)
    listed = as_program(olive).get(RUNS).json()
    assert [row["id"] for row in listed["runs"]] == [run.pk]
    assert (listed["next"], listed["model"]["offline"]) == (None, True)


def test_the_list_is_read_page_by_page(as_program, alice, run, monkeypatch):
    monkeypatch.setattr(api, "MOST_RUNS", 1)
    records(run.review, alice, 1)
    later = runs.start_run(review=run.review, stage=TA, by=alice, how=how(model="openai/y"))
    first = as_program(alice).get(RUNS).json()
    assert ([row["id"] for row in first["runs"]], first["next"]) == ([later.pk], later.pk)
    second = as_program(alice).get(RUNS, {"before": first["next"]}).json()
    assert ([row["id"] for row in second["runs"]], second["next"]) == ([run.pk], None)


def test_a_run_is_cancelled_and_only_once(as_program, alice, review):
    with_criteria(review, alice)
    records(review, alice, 1)
    begun = runs.start_run(review=review, stage=TA, by=alice, how=how())
    answer = as_program(alice).post(f"{RUNS}{begun.pk}/cancel/", {"reason": "Wrong model"}, format="json")
    assert (answer.status_code, answer.json()["run"]["state"]) == (200, "cancelled")
    again = as_program(alice).post(f"{RUNS}{begun.pk}/cancel/")
    assert (again.status_code, again.json()["error"]["what"]) == (409, "This run was cancelled already.")


def test_what_failed_is_asked_again(as_program, alice, run, queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_program(alice).post(f"{RUNS}{run.pk}/retry/")
    assert (answer.status_code, queued) == (200, [run.pk])
    assert answer.json()["run"]["progress"]["waiting"] == 1
    again = as_program(alice).post(f"{RUNS}{run.pk}/retry/")
    assert (again.status_code, again.json()["error"]["what"]) == (409, "Nothing failed in this run.")


def test_a_run_of_another_review_is_not_found(as_program, alice, run):
    factories.review(lead=alice, slug="other")
    assert as_program(alice).get(f"/api/r/other/runs/{run.pk}/").status_code == 404
    assert as_program(alice).post(f"/api/r/other/runs/{run.pk}/cancel/").status_code == 404


@pytest.mark.parametrize("person", ["alice", "bob", "olive"])
def test_proposals_are_sealed_until_one_may_see_them(request, as_program, run, person):
    answer = as_program(request.getfixturevalue(person)).get(PROPOSALS).json()
    assert answer == {"stage": TA, "proposals": [], "sealed": 2, "next": None}


def test_one_sees_the_proposals_on_what_one_has_decided(as_program, bob, carol, run):
    vote(bob, 2)
    answer = as_program(bob).get(PROPOSALS, {"stage": TA}).json()
    assert (answer["sealed"], [p["record"] for p in answer["proposals"]]) == (1, [2])
    [proposal] = answer["proposals"]
    assert (proposal["verdict"], proposal["reason"], proposal["model"]) == (
        "exclude",
        "Population",
        "openai/x",
    )
    first = proposal["judgements"][0]
    text = Record.objects.get(number=2).text
    assert text[first["start"] : first["end"]] == first["quote"] == "We gave plerixafor"
    assert as_program(carol).get(PROPOSALS).json()["proposals"] == []


def test_only_the_newest_proposal_of_a_record_is_listed(as_program, alice, bob, run):
    later = runs.start_run(review=run.review, stage=TA, by=alice, how=how(model="openai/y"))
    [item] = claimed(later)
    judgements = said(later.criteria, "met", "met", "not_met")
    keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call()])
    vote(bob, 1)
    answer = as_program(bob).get(PROPOSALS).json()
    assert [(p["record"], p["model"], p["verdict"]) for p in answer["proposals"]] == [
        (1, "openai/y", "include")
    ]


def test_proposals_are_read_page_by_page(as_program, bob, run, monkeypatch):
    monkeypatch.setattr(api, "MOST_PROPOSALS", 1)
    vote(bob, 1)
    vote(bob, 2)
    first = as_program(bob).get(PROPOSALS).json()
    assert ([p["record"] for p in first["proposals"]], first["next"]) == ([1], 1)
    second = as_program(bob).get(PROPOSALS, {"after": first["next"]}).json()
    assert ([p["record"] for p in second["proposals"]], second["next"]) == ([2], None)


@pytest.mark.parametrize("stage", ["extraction", "nothing"])
def test_a_stage_without_proposals_is_not_found(as_program, alice, run, stage):
    assert as_program(alice).get(PROPOSALS, {"stage": stage}).status_code == 404
