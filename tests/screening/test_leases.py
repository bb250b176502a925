"""Who works on what: nothing handed out twice, nothing lost with a dead worker, nothing tried for ever."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from reviews import audit
from reviews.models import Event, Verb
from screening import leases, runs
from screening.models import RunItem
from screening.proposals import end_item
from tests import factories
from tests.asking import claimed, started


def nobody(lease):
    return False


def run_out(item):
    RunItem.objects.filter(pk=item.pk).update(leased_until=audit.now() - timedelta(seconds=1))


def held():
    return list(RunItem.objects.exclude(lease="").order_by("pk").values_list("pk", "lease"))


def test_a_claim_leases_the_next_records_and_counts_the_try(review, alice):
    run = started(review, alice, 3)
    items = claimed(run, 2, lease="here:1:a")
    assert [item.record.number for item in items] == [1, 2]
    assert {(item.lease, item.tries) for item in items} == {("here:1:a", 1)}
    assert all(item.leased_until > audit.now() + timedelta(seconds=50) for item in items)
    assert [item.record.number for item in claimed(run, 2, lease="here:2:b")] == [3]
    assert claimed(run, 2) == []


def test_a_lease_that_ran_out_is_free_again_and_a_running_one_is_not(review, alice):
    run = started(review, alice, 2)
    one, two = claimed(run, 2, lease="here:1:a")
    run_out(one)
    assert leases.sweep(is_dead=nobody) == 1
    assert held() == [(two.pk, "here:1:a")]
    [again] = claimed(run, 2, lease="here:2:b")
    assert (again.pk, again.tries) == (one.pk, 2)


def test_the_leases_of_the_dead_are_freed_at_once(review, alice):
    run = started(review, alice, 2)
    claimed(run, 1, lease="here:1:dead")
    [alive] = claimed(run, 1, lease="here:2:alive")
    assert leases.sweep(is_dead=lambda lease: lease == "here:1:dead") == 1
    assert held() == [(alive.pk, "here:2:alive")]


def test_sweeping_touches_nothing_that_has_ended(review, alice):
    run = started(review, alice, 2)
    one, two = claimed(run, 2)
    end_item(one)
    leases.fail_item(item=two, kind="timeout", why="No answer.")
    assert leases.sweep(is_dead=lambda lease: True) == 0
    assert runs.progress(run).answered == 1
    assert runs.progress(run).failed == 1


def test_a_record_that_outlives_five_workers_is_shown_as_failed(review, alice):
    run = started(review, alice, 1)
    for n in range(1, leases.MOST_TRIES):
        claimed(run, 1, lease=f"here:{n}:x")
        assert leases.sweep(is_dead=lambda lease: True) == 1
    [item] = claimed(run, 1, lease="here:5:x")
    assert item.tries == leases.MOST_TRIES
    assert leases.sweep(is_dead=lambda lease: True) == 0
    item.refresh_from_db()
    assert (item.failure_kind, item.lease, item.leased_until) == ("worker_died", "", None)
    assert item.failure == "5 workers stopped while asking about it."
    assert Event.objects.filter(verb=Verb.PROPOSAL_FAILED, record=item.record).count() == 1
    assert audit.verify(review).ok


def test_renewing_prolongs_only_what_this_worker_still_holds(review, alice):
    run = started(review, alice, 3)
    items = claimed(run, 3, lease="here:1:a", seconds=1)
    end_item(items[0])
    RunItem.objects.filter(pk=items[1].pk).update(lease="here:2:b")
    assert leases.renew(items=items, lease="here:1:a", seconds=600) == 1
    soon = audit.now() + timedelta(seconds=500)
    assert list(RunItem.objects.filter(leased_until__gt=soon)) == [items[2]]


def test_giving_back_frees_only_what_this_worker_still_holds(review, alice):
    run = started(review, alice, 3)
    items = claimed(run, 3, lease="here:1:a")
    end_item(items[0])
    RunItem.objects.filter(pk=items[1].pk).update(lease="here:2:b")
    leases.give_back(items=items, lease="here:1:a")
    assert held() == [(items[1].pk, "here:2:b")]


def test_a_record_answered_meanwhile_is_not_shown_as_failed(review, alice):
    run = started(review, alice, 1)
    [item] = claimed(run)
    end_item(item)
    before = Event.objects.count()
    assert not leases.fail_item(item=item, kind="timeout", why="Late.")
    assert Event.objects.count() == before
    assert runs.progress(run).failed == 0


def test_an_answer_after_a_failure_counts(review, alice):
    run = started(review, alice, 1)
    [item] = claimed(run)
    leases.fail_item(item=item, kind="timeout", why="Late.")
    assert end_item(item)
    item.refresh_from_db()
    assert (item.failed_at, item.failure_kind, item.failure) == (None, "", "")
    assert item.done_at is not None


def test_halting_fails_what_waits_with_one_event_and_leaves_what_is_being_asked(review, alice):
    run = started(review, alice, 4)
    [asked] = claimed(run)
    before = Event.objects.count()
    assert leases.halt(run=run, kind="wrong_key", why="The key was not accepted.") == 3
    assert Event.objects.count() == before + 1
    event = Event.objects.latest("seq")
    assert event.after == {"kind": "wrong_key", "failure": "The key was not accepted.", "records": 3}
    assert held() == [(asked.pk, asked.lease)]
    assert leases.halt(run=run, kind="wrong_key", why="Again.") == 0
    assert Event.objects.count() == before + 1


def test_a_cancelled_run_is_not_halted(review, alice):
    run = started(review, alice, 2)
    runs.cancel_run(run=run, by=alice)
    before = Event.objects.count()
    assert leases.halt(run=run, kind="wrong_key", why="No.") == 0
    assert (runs.progress(run).failed, Event.objects.count()) == (0, before)


def test_idle_are_runs_in_which_records_wait_and_nobody_holds_any(review, alice):
    run = started(review, alice, 3)
    assert leases.idle_runs() == [run.pk]
    items = claimed(run, 1)
    assert leases.idle_runs() == []
    leases.give_back(items=items, lease=items[0].lease)
    assert leases.idle_runs() == [run.pk]
    runs.cancel_run(run=run, by=alice)
    assert leases.idle_runs() == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_workers_claiming_at_once_get_each_record_once():
    alice = factories.person("alice")
    run = started(factories.review(lead=alice), alice, 200)
    start = threading.Barrier(8)
    got: list[int] = []
    errors: list[Exception] = []

    def work(n):
        try:
            start.wait()
            while items := claimed(run, 7, lease=f"here:{n}:x"):
                got.extend(item.pk for item in items)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    assert len(got) == len(set(got)) == 200
    assert list(RunItem.objects.values_list("tries", flat=True).distinct()) == [1]
