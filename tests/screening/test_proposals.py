"""Keeping what a model answered: once, grounded, with every call as it went; and nothing else is written."""

import pytest

from reviews import audit
from reviews.models import Event, LLMCall, Record, Report, Verb
from screening import leases, proposals, runs
from screening.models import Conflict, Criterion, Decision, Proposal, Resolution, RunItem
from tests.asking import FT, call, claimed, how, records, said, started, with_criteria


def one(review, alice):
    """An item under lease, and the judgements that would include it."""
    [item] = claimed(started(review, alice, 1))
    return item, said(item.run.criteria, "met", "met", "not_met")


def counts():
    models = (Proposal, LLMCall, Event, Decision, Resolution, Conflict, Report)
    return tuple(model.objects.count() for model in models)


def test_an_answer_becomes_a_grounded_proposal_its_call_and_one_event(review, alice):
    item, judgements = one(review, alice)
    before = Event.objects.count()
    made = proposals.keep_answer(
        item=item, judgements=judgements, text=item.record.text, calls=[call(raw="as it was", cost_usd=0)]
    )
    proposal = Proposal.objects.select_related("call").get()
    assert proposal == made
    assert (proposal.verdict, proposal.reason) == ("include", None)
    assert proposal.text_sha256 == item.record.text_sha256
    first = proposal.judgements[0]
    assert (first["criterion"], first["verdict"], first["tier"]) == (
        item.run.criteria[0]["id"],
        "met",
        "exact",
    )
    assert item.record.text[first["start"] : first["end"]] == "We gave plerixafor"
    kept = proposal.call
    assert (kept.run_key, kept.record, kept.purpose) == (item.run.key, item.record, "screen")
    assert (kept.model_asked, kept.model_answered, kept.raw) == ("openai/x", "x-1", "as it was")
    assert kept.text_sha256 == item.record.text_sha256
    item.refresh_from_db()
    assert (item.lease, item.leased_until, item.failed_at) == ("", None, None)
    assert item.done_at is not None
    assert Event.objects.count() == before + 1
    event = Event.objects.latest("seq")
    assert (event.verb, event.actor, event.record) == (Verb.PROPOSAL_MADE, None, item.record)
    assert event.actor_label == f"openai/x, run {item.run.pk}"
    assert event.after == {
        "verdict": "include",
        "judgements": [["Population", "met"], ["Intervention", "met"], ["Animals", "not_met"]],
    }
    assert audit.verify(review).ok


def test_a_model_writes_no_decision_and_settles_nothing(review, alice):
    item, judgements = one(review, alice)
    proposals.keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call()])
    assert counts()[3:] == (0, 0, 0, 0)


def test_an_exclusion_names_the_first_violated_criterion(review, alice):
    item, _ = one(review, alice)
    judgements = said(item.run.criteria, "met", "not_met", "met")
    made = proposals.keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call()])
    assert (made.verdict, made.reason) == ("exclude", Criterion.objects.get(label="Intervention"))


def test_a_second_answer_is_logged_as_a_call_and_otherwise_dropped(review, alice):
    item, judgements = one(review, alice)
    other = said(item.run.criteria, "not_met", "met", "not_met")
    assert proposals.keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call()])
    before = Event.objects.count()
    again = proposals.keep_answer(item=item, judgements=other, text=item.record.text, calls=[call()])
    assert again is None
    assert Proposal.objects.get().verdict == "include"
    assert (LLMCall.objects.count(), Event.objects.count()) == (2, before)


def test_every_call_it_took_is_a_row_and_the_last_one_is_the_proposals(review, alice):
    item, judgements = one(review, alice)
    calls = [
        call(error_kind="rate_limited", error="Slow down."),
        call(error_kind="rubbish", raw="<html>"),
        call(),
    ]
    made = proposals.keep_answer(item=item, judgements=judgements, text=item.record.text, calls=calls)
    kept = list(LLMCall.objects.order_by("pk"))
    assert [row.error_kind for row in kept] == ["rate_limited", "rubbish", ""]
    assert [row.raw for row in kept] == ["{}", "<html>", "{}"]
    assert made.call == kept[2]


def test_a_failure_keeps_its_calls_and_shows_the_record_as_failed(review, alice):
    item, _ = one(review, alice)
    before = Event.objects.count()
    calls = [call(error_kind="rubbish", error="Not JSON.", raw=f"try {n}") for n in range(3)]
    proposals.keep_failure(item=item, text=item.record.text, calls=calls, kind="rubbish", why="Not JSON.")
    assert [row.raw for row in LLMCall.objects.order_by("pk")] == ["try 0", "try 1", "try 2"]
    item.refresh_from_db()
    assert (item.failure_kind, item.failure, item.lease, item.done_at) == ("rubbish", "Not JSON.", "", None)
    assert Proposal.objects.count() == 0
    assert Event.objects.count() == before + 1
    event = Event.objects.latest("seq")
    assert (event.verb, event.record) == (Verb.PROPOSAL_FAILED, item.record)
    assert event.after == {"kind": "rubbish", "failure": "Not JSON."}


def test_an_answer_that_was_not_grounded_leaves_nothing_half_written(review, alice):
    item, judgements = one(review, alice)
    before = counts()
    with pytest.raises(KeyError):
        proposals.keep_answer(item=item, judgements=judgements[1:], text=item.record.text, calls=[call()])
    assert counts() == before
    assert RunItem.objects.get().done_at is None


@pytest.mark.parametrize("abstract", ["", "  \n "])
def test_a_record_without_an_abstract_needs_a_person_and_no_call(review, alice, abstract):
    with_criteria(review, alice)
    [record] = records(review, alice, 1)
    Record.objects.filter(pk=record.pk).update(abstract=abstract)
    [item] = claimed(runs.start_run(review=review, stage="title_abstract", by=alice, how=how()))
    assert proposals.needs_no_model(item)
    made = proposals.keep_unasked(item=item)
    assert (made.verdict, made.reason, made.call) == ("unclear", None, None)
    assert {j["reasoning"] for j in made.judgements} == {proposals.NO_ABSTRACT}
    assert LLMCall.objects.count() == 0


def test_even_an_answer_about_a_record_without_an_abstract_never_excludes(review, alice):
    item, _ = one(review, alice)
    item.record.abstract = ""
    judgements = said(item.run.criteria, "not_met", "met", "met", quote="Trial 1")
    made = proposals.keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call()])
    assert (made.verdict, made.reason) == ("unclear", None)


def test_a_report_without_text_needs_a_person_and_no_call(review, alice):
    with_criteria(review, alice, FT)
    [record] = records(review, alice, 1)
    Resolution.objects.create(
        record=record, stage="title_abstract", verdict="include", how="single", by=alice, made_at=audit.now()
    )
    Report.objects.create(
        record=record, opened_at=audit.now(), settled_at=audit.now(), retrieval="retrieved", file="scan.pdf"
    )
    [item] = claimed(runs.start_run(review=review, stage=FT, by=alice, how=how()))
    assert proposals.needs_no_model(item)
    made = proposals.keep_unasked(item=item)
    assert (made.verdict, made.text_sha256) == ("unclear", record.report.text_sha256)
    assert {j["reasoning"] for j in made.judgements} == {proposals.NO_TEXT}


def test_an_answer_that_comes_after_the_run_was_cancelled_is_kept(review, alice):
    item, judgements = one(review, alice)
    runs.cancel_run(run=item.run, by=alice)
    assert proposals.keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call()])
    assert Proposal.objects.count() == 1


def test_two_runs_may_propose_on_one_record_and_neither_replaces_the_other(review, alice):
    item, judgements = one(review, alice)
    proposals.keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call()])
    other = runs.start_run(review=review, stage="title_abstract", by=alice, how=how(model="openai/y"))
    [second] = leases.claim(run=other, lease="here:1:x", n=1, seconds=60)
    proposals.keep_answer(
        item=second, judgements=said(item.run.criteria, "not_met", "met", "not_met"), text=item.record.text,
        calls=[call()],
    )  # fmt: skip
    assert list(Proposal.objects.order_by("pk").values_list("verdict", flat=True)) == ["include", "exclude"]
