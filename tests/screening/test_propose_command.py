"""`manage.py propose`: the same run as from the page, for the operator."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from reviews.models import Record
from screening.models import Run
from tests.asking import records, with_criteria
from workers import tasks


@pytest.fixture(autouse=True)
def worked_at_once(monkeypatch, django_capture_on_commit_callbacks):
    """A worker that takes each message the moment it is sent."""
    monkeypatch.setattr(tasks.work_on, "delay", lambda run_id: tasks.work_on(run_id))


@pytest.fixture
def propose(django_capture_on_commit_callbacks):
    def run(*args):
        out, err = io.StringIO(), io.StringIO()
        with django_capture_on_commit_callbacks(execute=True):
            call_command("propose", "myeloma", *args, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    return run


@pytest.fixture
def asked(review, alice):
    with_criteria(review, alice)
    records(review, alice, 2)
    return review


def test_it_starts_a_run_in_the_name_of_a_lead(asked, alice, propose):
    propose()
    run = Run.objects.get()
    assert (run.started_by, run.stage, run.model) == (alice, "title_abstract", "offline/rule-reader-1")


def test_with_json_each_quote_stands_where_it_says_in_the_records_text(asked, propose):
    propose()
    out, err = propose("--json")
    proposals = json.loads(out)["proposals"]
    assert [p["record"] for p in proposals] == [1, 2]
    assert {tuple(p) for p in proposals} == {
        ("record", "title", "verdict", "reason", "model", "said_by", "text_sha256", "judgements")
    }
    assert "Nothing left to ask" in err
    checked = 0
    for proposal in proposals:
        record = Record.objects.get(number=proposal["record"])
        assert proposal["title"] == record.title
        assert [j["criterion"] for j in proposal["judgements"]] == ["Population", "Intervention", "Animals"]
        for judgement in proposal["judgements"]:
            if judgement["tier"]:
                found = record.text[judgement["start"] : judgement["end"]]
                assert found.casefold() == judgement["quote"].casefold()
                checked += 1
            else:
                assert judgement["start"] is judgement["end"] is None
    assert checked >= 2


def test_in_words_it_says_what_was_found(asked, propose):
    propose()
    out, _ = propose()
    assert out.startswith("Proposed by offline/rule-reader-1 (rule-based, not a language model):\n#1 ")
    assert "Trial 1" in out
    assert "Population:" in out


def test_asking_twice_starts_no_second_run(asked, propose):
    propose()
    _, err = propose()
    assert Run.objects.count() == 1
    assert "every record was asked about this way already" in err


def test_a_review_that_is_not_there(db):
    with pytest.raises(CommandError, match='There is no review called "nowhere"'):
        call_command("propose", "nowhere")


def test_without_criteria_it_says_what_to_do(review, alice, propose):
    records(review, alice, 1)
    with pytest.raises(CommandError, match=r"no criteria for title and abstract yet\. Write at least one"):
        propose()
    assert Run.objects.count() == 0


@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("mallory@example.org", "mallory@example.org is not a member of this review."),
        ("bob@example.org", "As reviewer, bob@example.org cannot start a run."),
        ("olive@example.org", "As observer, olive@example.org cannot start a run."),
    ],
)
def test_only_who_may_start_a_run_can_be_named(asked, mallory, propose, email, says):
    with pytest.raises(CommandError, match=says):
        propose("--by", email)
    assert Run.objects.count() == 0


def test_waiting_gives_up_in_plain_words_when_no_worker_runs(asked, propose):
    with pytest.raises(CommandError, match=r"has not ended within 0.3 seconds. Is a worker running\?"):
        propose("--wait", "--timeout", "0.3")  # what it queued waits for the end of the test's transaction
    assert Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_with_the_run(asked):
    out = io.StringIO()
    call_command("propose", "myeloma", "--wait", "--json", "--timeout", "60", stdout=out)
    assert len(json.loads(out.getvalue())["proposals"]) == 2


@pytest.mark.django_db(transaction=True)
def test_what_failed_is_named_and_makes_the_exit_status_1(asked, settings):
    settings.WINNOW_MODEL, settings.WINNOW_API_BASE = "openai/x", "http://127.0.0.1:1/v1"
    settings.WINNOW_MODEL_TRIES = 1
    out = io.StringIO()
    with pytest.raises(
        CommandError, match=r"2 records failed in run \d+:\n#1: http://127.0.0.1:1/v1 cannot be"
    ):
        call_command("propose", "myeloma", "--wait", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"proposals": []}


def test_the_stage_is_one_of_three(review):
    with pytest.raises(CommandError, match="invalid choice: 'analysis'"):
        call_command("propose", "myeloma", "--stage", "analysis")
