"""A batch of records through the real client at a stub server: what is sent, kept, tried again, given up."""

import threading
from decimal import Decimal

import pytest
from django.db import connection

from reviews import audit
from reviews.models import Event, LLMCall, Record, Verb
from screening import leases, prompting, proposals, runs
from screening.models import Proposal, Run, RunItem
from tests.asking import TA, answer_to, claimed, how, records, sent_text, started, with_criteria
from tests.llm_stub import LLMStub, Step, bad_request, cut_off, malformed, ok, rate_limited, wrong_key
from workers import batches, llm
from workers.batches import work_on_batch
from workers.checked import repeats_the_model

KEY = "sk-test-5f1c9d0e7a"


@pytest.fixture(autouse=True)
def _quick(settings, monkeypatch):
    settings.WINNOW_MODEL_TIMEOUT, settings.WINNOW_MODEL_TRIES = 5, 3
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(llm, "FIRST_WAIT", 0.01)


@pytest.fixture
def stub():
    with LLMStub(default=answer_to) as server:
        yield server


def state(run):
    progress = runs.progress(run)
    return progress.answered, progress.failed, progress.leased, progress.waiting


def kinds():
    return list(LLMCall.objects.order_by("pk").values_list("error_kind", flat=True))


def run_of(review, alice, stub, n=1):
    return started(review, alice, n, api_base=stub.api_base)


def test_each_record_is_sent_once_and_its_answer_kept(review, alice, stub):
    run = run_of(review, alice, stub, 5)
    assert work_on_batch(run) == 5
    assert state(run) == (5, 0, 0, 0)
    texts = sorted(sent_text(request) for request in stub.requests)
    assert texts == sorted(record.text for record in Record.objects.all())
    assert list(Proposal.objects.values_list("verdict", flat=True)) == ["include"] * 5
    for proposal in Proposal.objects.select_related("record", "call"):
        assert proposal.text_sha256 == proposal.record.text_sha256 == proposal.call.text_sha256
        quotes = [j for j in proposal.judgements if j["quote"]]
        assert [proposal.record.text[j["start"] : j["end"]] for j in quotes] == ["We gave plerixafor"] * 2
    assert audit.verify(review).ok


def test_a_call_is_kept_as_it_really_went(review, alice, stub):
    run = run_of(review, alice, stub)
    work_on_batch(run)
    call, request = LLMCall.objects.get(), stub.requests[0]
    assert call.messages == request.body["messages"]
    assert (call.model_asked, call.model_answered, call.error_kind) == ("openai/x", "x", "")
    assert (call.tokens_in, call.tokens_out, call.cost_usd) == (11, 7, None)
    assert call.parameters["temperature"] == 0
    assert '"verdict": "met"' in call.raw
    assert KEY not in repr(LLMCall.objects.values().get())


def test_what_a_person_wrote_about_a_record_is_never_sent(review, alice, stub):
    run = run_of(review, alice, stub)
    Record.objects.update(keywords=["KEYWORD"], authors=["AUTHOR"], journal="JOURNAL")
    work_on_batch(run)
    sent = repr(stub.requests[0].body)
    assert review.question in sent
    for word in ("KEYWORD", "AUTHOR", "JOURNAL", "Alice", "alice@"):
        assert word not in sent


def test_a_service_that_asks_to_slow_down_is_asked_again_and_both_calls_are_rows(review, alice, stub):
    stub.script(rate_limited(retry_after=0.05))
    run = run_of(review, alice, stub)
    work_on_batch(run)
    assert state(run) == (1, 0, 0, 0)
    assert kinds() == ["rate_limited", ""]
    assert Proposal.objects.get().call.error_kind == ""


def test_rubbish_is_tried_three_times_then_shown_as_failed_with_its_text_kept(review, alice, stub):
    stub.script(*[malformed(f'{{"judgements": [ {n}') for n in range(3)])
    run = run_of(review, alice, stub)
    work_on_batch(run)
    assert state(run) == (0, 1, 0, 0)
    assert kinds() == ["rubbish"] * 3
    assert [call.raw for call in LLMCall.objects.order_by("pk")] == [
        f'{{"judgements": [ {n}' for n in range(3)
    ]
    item = RunItem.objects.get()
    assert item.failure_kind == "rubbish"
    assert item.failure.startswith("The answer will not do:")
    assert Proposal.objects.count() == 0
    runs.retry_failed(run=run, by=alice)
    work_on_batch(run)
    assert state(run) == (1, 0, 0, 0)
    assert len(stub.requests) == 4


def test_an_answer_cut_off_is_a_failure_and_no_half_answer_is_used(review, alice, stub):
    stub.script(cut_off(), cut_off(), cut_off())
    run = run_of(review, alice, stub)
    work_on_batch(run)
    assert (kinds(), state(run)) == (["cut_off"] * 3, (0, 1, 0, 0))
    assert "length limit" in RunItem.objects.get().failure


@pytest.mark.parametrize(
    ("step", "repeats"),
    [
        (ok({"judgements": ["the animals were mice"]}), True),
        (malformed(), True),
        (Step(refusal="I will not judge mice."), True),
        (cut_off(), False),
        (bad_request(), False),
        (wrong_key(), False),
        (rate_limited(retry_after=0.01), False),
        (Step(body=b"<html>not a model</html>"), False),
    ],
)
def test_words_of_a_failure_that_may_repeat_the_model_are_known_as_such(review, alice, stub, step, repeats):
    stub.default = step
    run = run_of(review, alice, stub)
    work_on_batch(run)
    assert repeats_the_model(RunItem.objects.get().failure) == repeats


def test_an_answer_that_leaves_a_criterion_out_is_not_used(review, alice, stub):
    stub.script(*[ok({"judgements": []})] * 3)
    run = run_of(review, alice, stub)
    work_on_batch(run)
    assert (kinds(), state(run)) == (["rubbish"] * 3, (0, 1, 0, 0))


def test_one_bad_record_does_not_disturb_the_others(review, alice, stub):
    run = run_of(review, alice, stub, 6)
    stub.default = lambda request: bad_request() if "Trial 3" in sent_text(request) else answer_to(request)
    work_on_batch(run)
    assert state(run) == (5, 1, 0, 0)
    failed = RunItem.objects.get(failed_at__isnull=False)
    assert (failed.record.number, failed.failure_kind) == (3, "refused")


def test_a_wrong_key_stops_the_run_after_one_call_and_says_what_to_do(review, alice, stub):
    stub.default = wrong_key()
    run = run_of(review, alice, stub, 40)
    queued = []
    work_on_batch(run, queue_next=lambda: queued.append(1))
    assert len(stub.requests) == 1
    assert state(run) == (0, 40, 0, 0)
    assert queued == []
    assert set(RunItem.objects.values_list("failure_kind", flat=True)) == {"wrong_key"}
    why = set(RunItem.objects.values_list("failure", flat=True))
    assert why == {
        f"{stub.api_base} did not accept the key for openai/x (401): Incorrect API key provided: [key removed]. "
        "Set the right key in the worker's environment, then run it again."
    }
    # The one that was asked, and the thirty-nine that were not.
    assert Event.objects.filter(verb=Verb.PROPOSAL_FAILED).count() == 2


def test_once_the_key_is_mended_the_run_goes_on(review, alice, stub):
    stub.default = wrong_key()
    run = run_of(review, alice, stub, 3)
    work_on_batch(run)
    stub.default = answer_to
    assert runs.retry_failed(run=run, by=alice) == 3
    work_on_batch(run)
    assert state(run) == (3, 0, 0, 0)


def test_a_key_that_stops_working_in_mid_run_costs_one_batch(review, alice, stub):
    run = run_of(review, alice, stub, 12)
    work_on_batch(run, size=3)
    stub.default = wrong_key()
    work_on_batch(run, size=3)
    assert (len(stub.requests), state(run)) == (6, (3, 9, 0, 0))


def test_an_unreachable_model_stops_the_run_after_one_record(review, alice):
    run = started(review, alice, 10, api_base="http://127.0.0.1:1/v1")
    work_on_batch(run)
    assert state(run) == (0, 10, 0, 0)
    assert kinds() == ["unreachable"] * 3
    [why] = set(RunItem.objects.values_list("failure", flat=True))
    assert why.startswith("http://127.0.0.1:1/v1 cannot be reached:")
    assert why.endswith("Check WINNOW_API_BASE and that the service runs, then run it again.")


def test_a_record_without_an_abstract_costs_no_call(review, alice, stub):
    run = run_of(review, alice, stub, 2)
    Record.objects.filter(number=1).update(abstract="")
    work_on_batch(run)
    assert [sent_text(request).split("\n")[0] for request in stub.requests] == ["Trial 2"]
    verdicts = Proposal.objects.order_by("record__number").values_list("verdict", flat=True)
    assert (list(verdicts), state(run)) == (["unclear", "include"], (2, 0, 0, 0))


def test_a_quote_that_is_not_in_the_text_counts_as_unclear(review, alice, stub):
    def invents(request):
        answer = answer_to(request)
        return ok(
            answer.content.replace("We gave plerixafor", "We gave bortezomib").replace('"met"', '"not_met"')
        )

    stub.default = invents
    run = run_of(review, alice, stub)
    work_on_batch(run)
    proposal = Proposal.objects.get()
    assert (proposal.verdict, proposal.reason) == ("include", None)
    assert [(j["said"], j["verdict"], j["tier"]) for j in proposal.judgements[:2]] == [
        ("not_met", "unclear", "")
    ] * 2


@pytest.mark.parametrize("ugly", ["\\u0000", "\\ud800", "\\udfff\\ud800"])
def test_characters_no_database_stores_do_not_break_a_batch(review, alice, stub, ugly):
    def ugly_answer(request):
        return ok(answer_to(request).content.replace("Because of met.", f"Because{ugly}."))

    stub.default = ugly_answer
    run = run_of(review, alice, stub, 2)
    work_on_batch(run)
    assert state(run) == (2, 0, 0, 0)
    reasons = {p.judgements[0]["reasoning"] for p in Proposal.objects.all()}
    assert {reason.replace("\ufffd", "") for reason in reasons} == {"Because."}
    assert "\ufffd" in reasons.pop()


def test_a_mistake_of_our_own_over_one_record_fails_that_record_only(review, alice, stub, monkeypatch):
    run = run_of(review, alice, stub, 3)
    really = proposals.keep_answer

    def broken(*, item, **more):
        if item.record.number == 2:
            raise RecursionError("a bug")
        return really(item=item, **more)

    monkeypatch.setattr(proposals, "keep_answer", broken)
    work_on_batch(run)
    assert state(run) == (2, 1, 0, 0)
    failed = RunItem.objects.get(failed_at__isnull=False)
    assert (failed.record.number, failed.failure_kind) == (2, "internal")
    assert LLMCall.objects.count() == 3


def test_a_run_begun_with_another_prompt_is_stopped_before_anything_is_asked(review, alice, stub):
    with_criteria(review, alice)
    records(review, alice, 2)
    old = how(api_base=stub.api_base, prompt_sha256="0" * 64)
    run = runs.start_run(review=review, stage=TA, by=alice, how=old)
    assert work_on_batch(run) == 0
    assert (stub.requests, state(run)) == ([], (0, 2, 0, 0))
    assert set(RunItem.objects.values_list("failure_kind", flat=True)) == {"prompt_changed"}


def test_what_is_held_elsewhere_is_left_alone(review, alice, stub):
    run = run_of(review, alice, stub, 2)
    claimed(run, 1)
    assert work_on_batch(run) == 1
    assert state(run) == (1, 0, 1, 0)


def test_a_full_batch_queues_the_next_before_it_is_worked_on_and_the_last_queues_none(review, alice, stub):
    run = run_of(review, alice, stub, 5)
    seen = []
    work_on_batch(run, size=2, queue_next=lambda: seen.append(runs.progress(run).answered))
    work_on_batch(run, size=2, queue_next=lambda: seen.append(runs.progress(run).answered))
    work_on_batch(run, size=2, queue_next=lambda: seen.append(runs.progress(run).answered))
    # One record goes alone until the model has answered once.
    assert seen == [1, 2]
    assert state(run) == (5, 0, 0, 0)


def test_a_batch_that_breaks_gives_its_records_back(review, alice, stub, monkeypatch):
    run = run_of(review, alice, stub, 3)

    def gone(*args, **more):
        raise batches.OperationalError("the database is gone")

    monkeypatch.setattr(batches, "_store", gone)
    with pytest.raises(batches.OperationalError):
        work_on_batch(run)
    assert state(run) == (0, 0, 0, 3)


def test_the_event_for_stopping_reaches_the_questions_not_yet_sent(review, alice, stub, settings):
    settings.WINNOW_MODEL_WIDTH = 1
    run = run_of(review, alice, stub, 4)
    items = claimed(run, 4, lease="here:1:x")
    stop = threading.Event()

    def then_stop(request):
        stop.set()
        return answer_to(request)

    stub.default = then_stop
    batches._ask(run, batches._questions(items), stop)
    assert (len(stub.requests), state(run)) == (1, (1, 0, 3, 0))


def test_what_the_calls_cost_is_kept_where_the_price_is_known(review, alice, stub):
    run = started(review, alice, 1, model="openai/gpt-4o-mini", api_base=stub.api_base)
    work_on_batch(run)
    assert LLMCall.objects.get().cost_usd == Decimal("0.000006")


def test_the_prompt_of_a_run_is_the_file_that_is_sent(review, alice, stub):
    run = run_of(review, alice, stub)
    work_on_batch(run)
    assert stub.requests[0].body["messages"][0]["content"] == prompting.frame("screen")
    assert run.prompt_sha256 == prompting.prompt_sha256()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_leases_are_renewed_while_the_model_thinks_and_a_cancelled_run_stops(settings, monkeypatch):
    from tests import factories

    settings.WINNOW_MODEL_WIDTH = 1
    monkeypatch.setattr(batches, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(batches, "RENEW_EVERY", 0.05)
    alice = factories.person("alice")
    renewed, really = [], leases.renew

    def counted(**more):
        renewed.append(really(**more))
        return renewed[-1]

    monkeypatch.setattr(leases, "renew", counted)

    def cancel():
        runs.cancel_run(run=run, by=alice)
        connection.close()

    def slowly(request):
        if len(stub.requests) == 3:
            threading.Thread(target=cancel).start()
        return answer_to(request, latency=0.6)

    with LLMStub(default=slowly) as stub:
        run = run_of(factories.review(lead=alice), alice, stub, 8)
        work_on_batch(run)
    assert len(stub.requests) == 3
    assert state(Run.objects.get()) == (3, 0, 0, 5)
    assert max(renewed) == 8
