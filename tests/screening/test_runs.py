"""Starting, cancelling and asking again: what is asked, what is never asked twice, and what the trail keeps."""

import pytest

from reviews import audit, fulltext
from reviews.correcting import correct_record
from reviews.models import Event, Record, Report, TextVersion, Verb
from reviews.refusals import Refused
from screening import criteria, leases, reading, runs
from screening.models import Resolution, Run, RunItem
from screening.proposals import keep_answer, keep_failure
from tests import factories
from tests.asking import FT, TA, call, claimed, how, records, said, started, with_criteria


def answer(item):
    text = reading.judged_text(item.record, item.run.stage)[0]
    judgements = said(item.run.criteria, *("unclear" for _ in item.run.criteria))
    assert keep_answer(item=item, judgements=judgements, text=text, calls=[call()])


def fail(item, kind="timeout"):
    keep_failure(item=item, text=item.record.text, calls=[call(error_kind=kind)], kind=kind, why="No answer.")


def again(review, by, stage=TA, **more):
    return runs.start_run(review=review, stage=stage, by=by, how=how(**more))


def asked_about(run):
    return [item.record.number for item in run.items.select_related("record").order_by("pk")] if run else None


def settle(record, by):
    Resolution.objects.create(
        record=record, stage=TA, verdict="include", how="single", by=by, made_at=audit.now()
    )


def rows():
    return Run.objects.count(), RunItem.objects.count(), Event.objects.count()


def test_a_run_is_written_down_with_everything_it_was_asked_with(review, alice):
    run = started(review, alice, 2)
    assert asked_about(run) == [1, 2]
    assert (run.model, run.prompt, run.prompt_sha256) == ("openai/x", "screen", how().prompt_sha256)
    assert [c["label"] for c in run.criteria] == ["Population", "Intervention", "Animals"]
    assert (run.criteria_version.number, run.rule_version) == (3, "any-verified-violation-1")
    event = Event.objects.get(verb=Verb.RUN_STARTED)
    assert (event.actor, event.stage, event.subject) == (alice, TA, {"run": run.pk})
    assert event.after == {
        "model": "openai/x",
        "prompt_sha256": how().prompt_sha256,
        "rule": "any-verified-violation-1",
        "criteria_version": 3,
        "records": 2,
    }
    assert audit.verify(review).ok


def test_without_criteria_nothing_is_started(review, alice):
    records(review, alice, 1)
    before = rows()
    with pytest.raises(Refused, match="There are no criteria for title and abstract yet"):
        again(review, alice)
    assert runs.left_to_ask(review, TA, how()) == []
    assert rows() == before


def test_when_all_criteria_were_retired_nothing_is_started(review, alice):
    records(review, alice, 1)
    for criterion in with_criteria(review, alice):
        criteria.retire_criterion(criterion=criterion, by=alice, reason="Not needed.")
    with pytest.raises(Refused, match="There are no criteria"):
        again(review, alice)


def test_what_is_under_way_is_not_asked_again(review, alice):
    started(review, alice)
    before = rows()
    assert again(review, alice) is None
    assert rows() == before


def test_what_was_answered_is_not_asked_again_and_what_came_since_is(review, alice):
    run = started(review, alice, 2)
    for item in claimed(run, 2):
        answer(item)
    assert again(review, alice) is None
    records(review, alice, 1)
    assert asked_about(again(review, alice)) == [3]


def test_what_failed_or_was_cancelled_may_be_asked_again(review, alice):
    run = started(review, alice, 3)
    fail(claimed(run)[0])
    answer(claimed(run)[0])
    assert again(review, alice) is not None
    assert asked_about(Run.objects.latest("pk")) == [1]
    runs.cancel_run(run=run, by=alice)
    assert asked_about(again(review, alice)) == [3]


@pytest.mark.parametrize("other", [{"model": "openai/y"}, {"prompt_sha256": "f" * 64}])
def test_another_model_or_prompt_asks_again(review, alice, other):
    run = started(review, alice, 1)
    answer(claimed(run)[0])
    assert asked_about(again(review, alice, **other)) == [1]


def test_a_new_version_of_the_criteria_asks_again(review, alice):
    run = started(review, alice, 1)
    answer(claimed(run)[0])
    criteria.add_criterion(
        review=review, stage=TA, by=alice, kind="exclude", label="Reviews", text="Secondary reports."
    )
    later = again(review, alice)
    assert (asked_about(later), later.criteria_version.number) == ([1], 4)


def test_a_corrected_text_asks_again_and_a_corrected_year_does_not(review, alice):
    run = started(review, alice, 2)
    for item in claimed(run, 2):
        answer(item)
    first, second = Record.objects.order_by("number")
    correct_record(record=second, by=alice, reason="Wrong year.", year=2001)
    assert again(review, alice) is None
    correct_record(record=first, by=alice, reason="Cut off.", abstract="We gave plerixafor to 1 adult.")
    assert TextVersion.objects.count() == 1
    assert asked_about(again(review, alice)) == [1]


def test_a_text_corrected_back_to_what_was_answered_is_not_asked_again(review, alice):
    run = started(review, alice, 1)
    answer(claimed(run)[0])
    record = Record.objects.get()
    was = record.abstract
    correct_record(record=record, by=alice, reason="A slip.", abstract="Something else.")
    correct_record(record=record, by=alice, reason="Back.", abstract=was)
    assert again(review, alice) is None


def test_settled_records_duplicates_and_undone_imports_are_not_asked_about(review, alice):
    with_criteria(review, alice)
    one, two, three, _four = records(review, alice, 4)
    settle(one, alice)
    Record.objects.filter(pk=two.pk).update(duplicate_of=three)
    withdrawn = factories.search(review, by=alice, withdrawn_at=audit.now())
    factories.record(withdrawn)
    assert asked_about(again(review, alice)) == [3, 4]


def test_at_full_text_a_replaced_report_is_asked_about_again(review, alice):
    with_criteria(review, alice, FT)
    [record] = records(review, alice, 1)
    settle(record, alice)
    report = Report.objects.create(record=record, opened_at=audit.now())
    assert again(review, alice, FT) is None
    fulltext.paste_text(report=report, by=alice, text="We gave plerixafor to 12 adults.")
    run = again(review, alice, FT)
    answer(claimed(run)[0])
    assert again(review, alice, FT) is None
    fulltext.paste_text(report=report, by=alice, text="We gave plerixafor to 13 adults.")
    assert asked_about(again(review, alice, FT)) == [1]


def test_what_would_be_asked_is_what_is_asked(review, alice):
    with_criteria(review, alice)
    records(review, alice, 3)
    left = runs.left_to_ask(review, TA, how())
    run = again(review, alice)
    assert left == [item.record_id for item in run.items.order_by("pk")]
    assert runs.left_to_ask(review, TA, how()) == []


def test_counting_what_is_left_takes_four_queries_however_many_records_there_are(
    review, alice, django_assert_num_queries
):
    run = started(review, alice, 20)
    for item in claimed(run, 10):
        answer(item)
    runs.cancel_run(run=run, by=alice)
    with django_assert_num_queries(4):
        assert len(runs.left_to_ask(review, TA, how())) == 10


def test_a_cancelled_run_hands_out_nothing_more_and_keeps_what_was_answered(review, alice):
    run = started(review, alice, 3)
    held = claimed(run, 2)
    answer(held[0])
    runs.cancel_run(run=run, by=alice, reason="  Wrong criteria. ")
    run.refresh_from_db()
    progress = runs.progress(run)
    assert (progress.answered, progress.cancelled, progress.under_way) == (1, True, False)
    assert claimed(run, 3) == []
    answer(held[1])
    assert runs.progress(run).answered == 2
    event = Event.objects.get(verb=Verb.RUN_CANCELLED)
    assert (event.actor, event.reason, event.subject) == (alice, "Wrong criteria.", {"run": run.pk})


def test_a_run_is_cancelled_once_and_an_ended_one_not_at_all(review, alice):
    run = started(review, alice, 1)
    answer(claimed(run)[0])
    before = rows()
    with pytest.raises(Refused, match="has ended"):
        runs.cancel_run(run=run, by=alice)
    assert rows() == before
    records(review, alice, 1)
    other = again(review, alice)
    runs.cancel_run(run=other, by=alice)
    before = rows()
    with pytest.raises(Refused, match="cancelled already"):
        runs.cancel_run(run=other, by=alice)
    assert rows() == before


def test_asking_again_takes_up_what_failed_and_nothing_else(review, alice):
    run = started(review, alice, 3)
    one, two = claimed(run, 2)
    answer(one)
    fail(two)
    assert runs.retry_failed(run=run, by=alice) == 1
    progress = runs.progress(run)
    assert (progress.answered, progress.failed, progress.waiting) == (1, 0, 2)
    assert [item.record_id for item in claimed(run, 3)] == [two.record_id, two.record_id + 1]
    item = RunItem.objects.get(pk=two.pk)
    assert (item.failure_kind, item.failure, item.tries) == ("", "", 1)
    event = Event.objects.get(verb=Verb.RUN_RETRIED)
    assert (event.actor, event.after) == (alice, {"records": 1})


def test_asking_again_is_refused_where_nothing_failed_or_the_run_was_cancelled(review, alice):
    run = started(review, alice, 2)
    with pytest.raises(Refused, match="Nothing failed"):
        runs.retry_failed(run=run, by=alice)
    fail(claimed(run)[0])
    runs.cancel_run(run=run, by=alice)
    before = rows()
    with pytest.raises(Refused, match="was cancelled"):
        runs.retry_failed(run=run, by=alice)
    assert rows() == before
    assert runs.progress(run).failed == 1


def test_what_a_later_run_answered_or_is_asking_is_not_paid_for_twice(review, alice):
    run = started(review, alice, 2)
    for item in claimed(run, 2):
        fail(item)
    later = again(review, alice)
    answer(claimed(later)[0])
    before = rows()
    with pytest.raises(Refused, match="later run has taken up"):
        runs.retry_failed(run=run, by=alice)
    assert rows() == before
    runs.cancel_run(run=later, by=alice)
    assert runs.retry_failed(run=run, by=alice) == 1


def test_progress_counts_every_record_once(review, alice):
    run = started(review, alice, 5)
    one, two, _three = claimed(run, 3)
    answer(one)
    fail(two)
    progress = runs.progress(run)
    counted = (progress.total, progress.answered, progress.failed, progress.leased, progress.waiting)
    assert counted == (5, 1, 1, 1, 2)
    assert progress.under_way


def test_an_empty_run_would_not_be_under_way(review, alice):
    run = started(review, alice, 1)
    leases.halt(run=run, kind="wrong_key", why="No.")
    assert not runs.progress(run).under_way
