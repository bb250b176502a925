"""The runs' pages: starting, watching, cancelling, asking again; and what of the proposals is sealed for whom."""

import uuid

import pytest

from reviews import audit
from reviews.models import Event, LLMCall, Record, Verb
from screening import decisions, leases, runs
from screening.models import Proposal, Protocol, Run
from screening.proposals import keep_answer, keep_failure
from tests import factories
from tests.asking import FT, TA, call, claimed, how, records, said, with_criteria
from workers import tasks

LIST, START = "/r/myeloma/runs/", "/r/myeloma/runs/start/title_abstract/"
SHOWN, SECRET = "the rule combines this to: <b>exclude</b>", "Because of not_met."


@pytest.fixture
def queued(monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr(tasks.work_on, "delay", seen.append)
    return seen


@pytest.fixture
def three(review, alice):
    """Criteria and three records."""
    with_criteria(review, alice)
    return records(review, alice, 3)


@pytest.fixture
def run(review, alice, three):
    """Two records answered (an exclusion each), one failed over rubbish that repeats the model."""
    begun = runs.start_run(review=review, stage=TA, by=alice, how=how())
    one, two, three_ = claimed(begun, 3)
    for item in (one, two):
        judgements = said(begun.criteria, "not_met", "met", "not_met")
        calls = [call(raw="RAWANSWER", messages=[{"role": "user", "content": "SENTWORDS"}])]
        keep_answer(item=item, judgements=judgements, text=item.record.text, calls=calls)
    why = "The answer will not do: the quote MODELWORDS is too long"
    keep_failure(item=three_, text="", calls=[call(error_kind="rubbish")], kind="rubbish", why=why)
    return begun


def page_of(run, more=""):
    return f"/r/myeloma/runs/{run.pk}/{more}"


def vote(person, record, verdict="include", stage=TA):
    decisions.decide(record=record, stage=stage, reviewer=person, verdict=verdict, key=uuid.uuid4())


def settle(record, *people, verdict="exclude"):
    for person in people:
        vote(person, record, verdict)


def words(answer):
    return " ".join(answer.content.decode().split())


def test_the_list_says_which_model_is_configured_and_what_would_be_asked(as_person, alice, three):
    page = words(as_person(alice).get(LIST))
    assert "Offline stand-in (rule-based, not a language model)" in page
    assert "Ask about 3 records" in page
    assert "Criteria version 3, 3 in force" in page
    assert "Nothing was asked of a model in this review so far." in page


def test_without_criteria_the_list_says_so_and_offers_no_button(as_person, alice, review):
    page = words(as_person(alice).get(LIST))
    assert page.count("There are no criteria yet, so there is nothing to ask.") == 2
    assert "No form is published yet" in page
    assert "run_start" not in page
    assert '<button class="btn">Ask about' not in page


def test_a_lead_starts_a_run_and_it_is_queued_after_the_commit(
    as_person, alice, three, queued, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_person(alice).post(START)
    run = Run.objects.get()
    assert (answer.status_code, answer.url) == (302, page_of(run))
    assert (queued, run.started_by) == ([run.pk], alice)


def test_starting_again_says_that_nothing_is_left(as_person, alice, three, queued):
    browser = as_person(alice)
    browser.post(START)
    answer = browser.post(START, follow=True)
    assert "Nothing is left to ask: every record was asked about this way already." in words(answer)
    assert "Every record was asked about this way already." in words(answer)
    assert Run.objects.count() == 1


def test_starting_without_criteria_is_refused_in_words(as_person, alice, review):
    answer = as_person(alice).post(START)
    assert answer.status_code == 409
    assert "There are no criteria for title and abstract yet. Nothing was changed." in words(answer)
    assert Run.objects.count() == 0


@pytest.mark.parametrize("path", ["", "1/", "1/records/1/calls/"])
@pytest.mark.parametrize("who", ["mallory", None])
def test_strangers_find_nothing(client, as_person, mallory, run, path, who):
    browser = as_person(mallory) if who else client
    assert browser.get(LIST + path.replace("1/", f"{run.pk}/", 1)).status_code == (404 if who else 302)


@pytest.mark.parametrize("person", ["bob", "olive"])
@pytest.mark.parametrize("path", ["start/title_abstract/", "{pk}/cancel/", "{pk}/retry/"])
def test_only_leads_start_cancel_and_ask_again(request, as_person, run, person, path, queued):
    before = (Run.objects.count(), Event.objects.count())
    browser = as_person(request.getfixturevalue(person))
    assert browser.post(LIST + path.format(pk=run.pk)).status_code == 403
    assert (Run.objects.count(), Event.objects.count(), queued) == (*before, [])
    assert browser.get(page_of(run)).status_code == 200
    assert '<form method="post" action="/r/myeloma/runs' not in words(browser.get(page_of(run)))


def test_a_run_of_another_review_is_not_found(as_person, alice, run):
    factories.review(lead=alice, slug="other")
    assert as_person(alice).get(f"/r/other/runs/{run.pk}/").status_code == 404
    assert as_person(alice).post(f"/r/other/runs/{run.pk}/retry/").status_code == 404
    assert runs.progress(run).failed == 1


def test_the_page_says_how_it_was_asked_and_how_it_went(as_person, alice, run):
    page = words(as_person(alice).get(page_of(run)))
    for said_ in (
        "x (through openai)", run.prompt_sha256, "any-verified-violation-1", "version 3: Population",
        "<b>2</b> of 3 answered", "1 failed</b>: answer that cannot be used", "x-1", "3 calls, cost unknown",
    ):  # fmt: skip
        assert said_ in page


def test_what_is_known_of_the_cost_is_told_apart_from_what_is_not(as_person, alice, run):
    [record] = Record.objects.filter(number=1)
    for cost, kind in (("0.012500", ""), ("0.000500", "rubbish"), (None, "wrong_key")):
        audit.log_call(
            review=run.review, record=record, run_key=run.key, purpose="screen", model_asked="m",
            text_sha256="0" * 64, **call(cost_usd=cost, error_kind=kind),
        )  # fmt: skip
    assert "$0.0130</b> and the price of 3 calls unknown" in words(as_person(alice).get(page_of(run)))


@pytest.mark.parametrize("person", ["alice", "bob", "olive"])
def test_until_one_has_decided_the_proposals_are_sealed_and_no_totals_shown(request, as_person, run, person):
    page = words(as_person(request.getfixturevalue(person)).get(page_of(run)))
    until = "until the record is settled" if person == "olive" else "until you have decided"
    assert page.count(f"answered; sealed {until}") == 2
    assert f"2 more are sealed {until}. Totals over all of them are not shown" in page
    for secret in (SECRET, "We gave plerixafor", "MODELWORDS", "RAWANSWER", "the rule combines", "2 exclude"):
        assert secret not in page


def test_after_ones_own_decision_that_proposal_is_shown_and_counted_and_no_other(as_person, bob, run, three):
    vote(bob, three[0])
    page = words(as_person(bob).get(page_of(run)))
    assert page.count(SHOWN) == 1
    assert SECRET in page
    assert "Of the 1 you may see: 1 exclude." in page
    assert "1 more is sealed until you have decided" in page
    assert page.count("answered; sealed") == 1
    assert 'data-quotes="p' in page
    assert "MODELWORDS" not in page


def test_with_the_role_before_all_is_shown_and_with_never_nothing_until_settled(
    as_person, bob, carol, run, three
):
    protocol = Protocol.objects.create(review=run.review, stage=TA, model_role="before")
    assert words(as_person(bob).get(page_of(run))).count(SHOWN) == 2
    protocol.model_role = "off"
    protocol.save()
    vote(bob, three[0], "exclude")
    page = words(as_person(bob).get(page_of(run)))
    assert (page.count(SHOWN), page.count("sealed until the record is settled")) == (0, 3)
    vote(carol, three[0], "exclude")
    assert words(as_person(bob).get(page_of(run))).count(SHOWN) == 1


def test_why_it_failed_is_for_leads_and_never_repeats_the_model_while_sealed(
    as_person, alice, bob, run, three
):
    assert "MODELWORDS" not in words(as_person(alice).get(page_of(run)))
    assert "What the model said is sealed until you have decided." in words(
        as_person(alice).get(page_of(run))
    )
    vote(alice, three[2])
    assert "the quote MODELWORDS is too long" in words(as_person(alice).get(page_of(run)))
    vote(bob, three[2])
    assert "MODELWORDS" not in words(as_person(bob).get(page_of(run)))


def test_a_fault_of_the_service_is_told_to_leads_at_once(as_person, alice, review, three):
    run = runs.start_run(review=review, stage=TA, by=alice, how=how())
    leases.halt(run=run, kind="wrong_key", why="The service did not accept the key.")
    page = words(as_person(alice).get(page_of(run)))
    assert page.count("The service did not accept the key.") == 3
    assert "3 failed</b>: key not accepted" in page


def test_filters_show_what_failed_and_what_is_shown_to_me(as_person, bob, run, three):
    vote(bob, three[0])
    browser = as_person(bob)
    seen, failed = (words(browser.get(page_of(run, f"?show={show}"))) for show in ("seen", "failed"))
    assert ["#1</a>" in seen, "#2</a>" in seen, "#3</a>" in seen] == [True, False, False]
    assert ["#1</a>" in failed, "#2</a>" in failed, "#3</a>" in failed] == [False, False, True]


def test_while_it_works_the_page_asks_for_its_figures_and_stops_by_itself(as_person, alice, review, three):
    run = runs.start_run(review=review, stage=TA, by=alice, how=how())
    browser = as_person(alice)
    assert 'hx-trigger="every 2s"' in words(browser.get(page_of(run)))
    polled = words(browser.get(page_of(run), headers={"hx-request": "true"}))
    assert polled.startswith('<section class="run" id="standing"')
    assert 'hx-trigger="every 2s"' in polled
    assert "<html" not in polled
    leases.halt(run=run, kind="unreachable", why="No.")
    polled = words(browser.get(page_of(run), headers={"hx-request": "true"}))
    assert "hx-trigger" not in polled
    assert "It has ended: show what came of it" in polled
    assert 'hx-swap-oob="true"' in polled
    assert "Ask again about 3 failed records" in polled


def test_a_run_is_cancelled_with_a_reason(as_person, alice, review, three):
    run = runs.start_run(review=review, stage=TA, by=alice, how=how())
    answer = as_person(alice).post(page_of(run, "cancel/"), {"reason": "Wrong model"}, follow=True)
    assert "The run is cancelled. What was answered stays." in words(answer)
    assert "<b>3</b> never asked" in words(answer)
    assert Event.objects.get(verb=Verb.RUN_CANCELLED).reason == "Wrong model"
    again = as_person(alice).post(page_of(run, "cancel/"))
    assert again.status_code == 409
    assert "This run was cancelled already." in words(again)
    assert Event.objects.filter(verb=Verb.RUN_CANCELLED).count() == 1


def test_a_reason_that_is_too_long_is_said_beside_the_field(as_person, alice, review, three):
    run = runs.start_run(review=review, stage=TA, by=alice, how=how())
    answer = as_person(alice).post(page_of(run, "cancel/"), {"reason": "x" * 501})
    assert answer.status_code == 422
    assert "at most 500 characters" in words(answer)
    run.refresh_from_db()
    assert run.cancelled_at is None


def test_what_failed_is_asked_again(as_person, alice, run, queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_person(alice).post(page_of(run, "retry/"), follow=True)
    assert "1 record will be asked about again." in words(answer)
    assert (queued, runs.progress(run).waiting) == ([run.pk], 1)
    again = as_person(alice).post(page_of(run, "retry/"))
    assert (again.status_code, queued) == (409, [run.pk])
    assert "Nothing failed in this run." in words(again)


def test_the_calls_are_for_leads_and_only_once_the_record_is_settled(
    as_person, alice, bob, carol, run, three
):
    calls = page_of(run, "records/1/calls/")
    vote(alice, three[0], "exclude")
    assert as_person(alice).get(calls).status_code == 403
    assert "What was sent and what came back" not in words(as_person(alice).get(page_of(run)))
    vote(bob, three[0], "exclude")
    page = words(as_person(alice).get(calls))
    assert "RAWANSWER" in page
    assert "SENTWORDS" in page
    assert "What was sent and what came back" in words(as_person(alice).get(page_of(run)))
    assert as_person(bob).get(calls).status_code == 403
    assert as_person(alice).get(page_of(run, "records/99/calls/")).status_code == 404


def test_words_of_papers_and_models_are_escaped(as_person, alice, bob, run, three):
    Record.objects.filter(pk=three[0].pk).update(title="<script>alert(1)</script>")
    call_ = LLMCall.objects.order_by("pk").first()
    assert call_.raw == "RAWANSWER"
    settle(three[0], alice, bob)
    for path in ("", "records/1/calls/"):
        page = words(as_person(alice).get(page_of(run, path)))
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_at_full_text_a_quote_leads_to_the_room_where_the_report_is_read(as_person, alice, bob, review):
    with_criteria(review, alice, FT)
    [record] = records(review, alice, 1)
    settle(record, alice, bob, verdict="include")
    report = record.report
    report.retrieval, report.text, report.settled_at = (
        "retrieved",
        "We gave plerixafor to 12 adults.",
        audit.now(),
    )
    report.save()
    run = runs.start_run(review=review, stage=FT, by=alice, how=how())
    [item] = claimed(run)
    keep_answer(
        item=item, judgements=said(run.criteria, "met", "met", "not_met"), text=report.text, calls=[call()]
    )
    Protocol.objects.create(review=review, stage=FT, model_role="before")
    page = words(as_person(bob).get(page_of(run)))
    made = Proposal.objects.get()
    assert f'href="/r/myeloma/screen/full_text/?record=1#quote-p{made.pk}-1"' in page
    assert "12 adults" not in page


def test_the_page_takes_no_more_queries_for_more_records(
    as_person, alice, review, django_assert_max_num_queries
):
    Protocol.objects.create(review=review, stage=TA, model_role="before")
    with_criteria(review, alice)
    records(review, alice, 20)
    run = runs.start_run(review=review, stage=TA, by=alice, how=how())
    for item in claimed(run, 20):
        judgements = said(run.criteria, "met", "met", "not_met")
        keep_answer(item=item, judgements=judgements, text=item.record.text, calls=[call()])
    browser = as_person(alice)
    with django_assert_max_num_queries(30):
        assert browser.get(page_of(run)).status_code == 200
