"""Importing a file whose import was undone: restore is offered first; anew, what had been said comes back with it."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from reviews import importing
from reviews.models import Event, Job, Record, Search
from screening.models import Decision
from tests.screening.scene import text_of, vote
from workers import jobs

RIS = b"TY  - JOUR\nTI  - One\nAB  - We gave it.\nER  - \n"
ABOUT = {"source": "PubMed", "kind": "database", "searched_on": "2026-01-15"}


@pytest.fixture
def undone(review, alice, bob):
    """An import, judged by bob, and undone."""
    from datetime import date

    about = ABOUT | {"searched_on": date(2026, 1, 15)}
    search = importing.import_search(review=review, by=alice, data=RIS, file_name="one.ris", **about).search
    vote(bob, Record.objects.get(search=search), "exclude")
    importing.withdraw_search(search=search, by=alice, reason="Wrong source.")
    return search


def send(browser, review, **more):
    data = ABOUT | {"file": SimpleUploadedFile("one.ris", RIS)} | more
    return browser.post(reverse("search_new", args=[review.slug]), data)


def live():
    return list(
        Decision.objects.filter(record__search__withdrawn_at=None).values_list("reviewer__name", "verdict")
    )


def test_the_page_offers_to_restore_it_first_and_imports_nothing_by_itself(undone, review, alice, as_person):
    before = Event.objects.count()
    answer = send(as_person(alice), review)
    assert answer.status_code == 409
    words = text_of(answer)
    assert (
        "was imported before" in words
        and "Restore “PubMed, 2026-01-15”" in words
        and "Import it anew" in words
    )
    assert (Search.objects.count(), Job.objects.count(), Event.objects.count()) == (1, 0, before)
    as_person(alice).post(reverse("search_restore", args=[review.slug, undone.pk]))
    assert live() == [("Bob", "exclude")]


def test_imported_anew_its_votes_come_back_by_the_worker(undone, review, alice, as_person):
    answer = send(as_person(alice), review, anew="on")
    job = Job.objects.get(kind="import")
    assert answer["Location"] == reverse("job", args=[review.slug, job.pk])
    assert jobs.do(job.pk)
    job.refresh_from_db()
    assert job.finished_at and Search.objects.count() == 2
    assert live() == [("Bob", "exclude")]
    assert "returned" not in json.dumps(job.result)


def test_a_worker_that_died_after_the_records_arrived_brings_no_vote_twice(undone, review, alice, as_person):
    send(as_person(alice), review, anew="on")
    job = Job.objects.get(kind="import")
    jobs.do(job.pk)
    before = Decision.objects.count()
    job.refresh_from_db()
    jobs.bring_in(job, lambda *_: None)
    assert Decision.objects.count() == before == 2
    assert Event.objects.filter(verb__in=["decision.returned", "decisions.returned"]).count() == 2


def test_a_program_is_told_which_import_to_restore_and_may_import_anew(undone, review, alice, as_person):
    address = reverse("api_searches", args=[review.slug])
    refused = as_person(alice).post(address, ABOUT | {"text": RIS.decode()})
    assert refused.status_code == 409
    assert "was imported before" in refused.json()["error"]["what"]
    assert "Restore that import" in refused.json()["error"]["mend"]
    answer = as_person(alice).post(
        address, ABOUT | {"text": RIS.decode(), "anew": True}, content_type="application/json"
    )
    assert answer.status_code == 202


def test_the_command_refuses_without_anew_and_brings_votes_back_with_it(undone, review, tmp_path, capsys):
    path = tmp_path / "one.ris"
    path.write_bytes(RIS)
    asked = ["import_records", review.slug, str(path), "--source", "PubMed", "--kind", "database"]
    asked += ["--searched-on", "2026-01-15", "--json"]
    with pytest.raises(CommandError, match="1 of 1 files could not be imported"):
        call_command(*asked)
    assert "was imported before" in json.loads(capsys.readouterr().out)["files"][0]["error"]
    call_command(*asked, "--anew")
    assert json.loads(capsys.readouterr().out)["files"][0]["stored"] == 1
    assert live() == [("Bob", "exclude")]


def test_a_job_names_its_file_to_whoever_brought_it_alone(review, alice, bob, as_person):
    """The name may tell what list of another tool it is, before anybody knows that the file carries one."""
    send(as_person(alice), review)
    job = Job.objects.get(kind="import")
    for door in ("job", "api_job"):
        address = reverse(door, args=[review.slug, job.pk])
        assert b"one.ris" in as_person(alice).get(address).content
        assert b"one.ris" not in as_person(bob).get(address).content
