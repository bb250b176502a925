"""Searches, records and duplicates for programs."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from reviews import jobs
from reviews.models import DuplicatePair, Job, Record, Removal, Search
from tests import factories
from tests.reviews.test_dedup import LIKELY, PAPER
from tests.reviews.test_importing import PAGE, TWO, uploads, vote
from tests.working import work

ABOUT = {"source": "MEDLINE", "kind": "database", "searched_on": "2026-01-15"}


def at(review, path: str) -> str:
    return f"/api/r/{review.slug}/{path}"


def send(browser, review, path: str, body: dict | None = None, method: str = "post"):
    return getattr(browser, method)(at(review, path), body or {}, content_type="application/json")


def test_a_text_is_imported_and_the_answer_says_what_it_brought(as_person, review, bob):
    answer = send(
        as_person(bob), review, "searches/", {**ABOUT, "text": "Stray\n" + TWO.decode(), "declared_count": 2}
    )
    assert answer.status_code == 202
    told = answer.json()["job"]
    assert (told["kind"], told["state"], told["started_by"], told["search"]) == (
        "import",
        "waiting",
        "Bob",
        None,
    )
    assert answer["Location"] == at(review, f"jobs/{told['id']}/")
    work()
    search = Search.objects.get()
    told = as_person(bob).get(answer["Location"]).json()
    assert (told["state"], told["search"], told["error"]) == ("finished", search.pk, "")
    assert told["result"] == {"search": search.pk, "found": 2, "problems": 1, "linked": 0, "queued": 0}
    told = as_person(bob).get(at(review, f"searches/{search.pk}/")).json()
    assert (told["format"], told["declared"], told["found"]) == ("ris", 2, 2)
    assert [problem["line"] for problem in told["problems"]] == [1]


def test_a_file_is_imported_by_multipart(as_person, review, alice):
    file = SimpleUploadedFile("medline.ris", TWO)
    answer = as_person(alice).post(at(review, "searches/"), {**ABOUT, "file": file})
    assert answer.status_code == 202
    work()
    assert Search.objects.get().file_name == "medline.ris"
    assert Record.objects.count() == 2


def test_a_program_may_sign_in_with_a_token(review, alice):
    from rest_framework.authtoken.models import Token

    headers = {"Authorization": f"Token {Token.objects.create(user=alice).key}"}
    body = {**ABOUT, "text": PAGE.decode()}
    client = Client(enforce_csrf_checks=True)
    answer = client.post(at(review, "searches/"), body, content_type="application/json", headers=headers)
    assert answer.status_code == 202
    work()
    assert Search.objects.get().format == "pasted"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({**ABOUT}, 400, "either a file or a text"),
        ({**ABOUT, "text": "  "}, 400, "either a file or a text"),
        ({**ABOUT, "text": "%PDF-1.4"}, 400, "PDF"),
        ({**ABOUT, "text": "x", "kind": "library"}, 400, "kind"),
        ({**ABOUT, "text": "x", "searched_on": "yesterday"}, 400, "searched_on"),
    ],
)
def test_what_cannot_be_imported_is_an_error_in_the_one_shape(
    as_person, review, alice, settings, body, status, words
):
    answer = send(as_person(alice), review, "searches/", body)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "what", "kept", "mend"}
    assert words in answer.json()["error"]["what"]
    assert not Search.objects.exists()
    assert uploads(settings) == []


def test_the_same_file_twice_is_409(as_person, review, alice):
    body = {**ABOUT, "text": TWO.decode()}
    assert send(as_person(alice), review, "searches/", body).status_code == 202
    assert send(as_person(alice), review, "searches/", body).status_code == 409
    work()
    assert send(as_person(alice), review, "searches/", body).status_code == 409
    assert Search.objects.count() == 1


def test_a_body_over_the_limit_is_413(as_person, review, alice, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    settings.MAX_UPLOAD_MB = 1
    answer = send(as_person(alice), review, "searches/", {**ABOUT, "text": "x" * 2000})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    big = SimpleUploadedFile("a.ris", TWO + b"x" * (3 << 20))
    answer = as_person(alice).post(at(review, "searches/"), {**ABOUT, "file": big})
    assert answer.status_code == 413
    answer = as_person(alice).post(at(review, "searches/"), {**ABOUT, "text": "x" * 2000})
    assert answer.status_code == 413
    assert not Search.objects.exists()


def test_searches_are_listed_read_undone_and_restored(as_person, review, search, record, bob):
    browser = as_person(bob)
    listed = browser.get(at(review, "searches/")).json()["searches"]
    assert [(row["id"], row["source"], row["found"], row["new"]) for row in listed] == [
        (search.pk, "PubMed", 1, 1)
    ]
    assert browser.get(at(review, f"searches/{search.pk}/")).json()["problems"] == []
    assert send(browser, review, f"searches/{search.pk}/withdraw/").status_code == 400
    answer = send(browser, review, f"searches/{search.pk}/withdraw/", {"reason": "wrong"})
    assert answer.json()["withdrawn_at"] is not None
    assert Record.objects.found().count() == 0
    restored = send(browser, review, f"searches/{search.pk}/restore/").json()
    assert restored["withdrawn_at"] is None
    assert (restored["job"]["kind"], restored["job"]["state"]) == ("duplicates", "waiting")
    assert Record.objects.found().count() == 1


def test_records_are_listed_in_pages(as_person, review, search, olive):
    for number in range(52):
        factories.record(search, title=f"Paper {number}")
    told = as_person(olive).get(at(review, "records/?page=2")).json()
    assert (told["count"], told["page"], told["pages"]) == (52, 2, 2)
    assert [record["number"] for record in told["records"]] == [51, 52]
    assert as_person(olive).get(at(review, "records/?q=%2351")).json()["count"] == 1


@pytest.mark.parametrize("many", [1, 3])
def test_the_list_takes_the_same_queries_however_many_records(
    as_person, review, search, alice, many, django_assert_num_queries
):
    first = factories.record(search)
    for _ in range(many):
        factories.record(search, duplicate_of=first)
    browser = as_person(alice)
    with django_assert_num_queries(5):
        browser.get(at(review, "records/"))


def test_a_record_has_its_text_and_no_judgement(as_person, review, record, bob, carol):
    vote(record, bob)
    told = as_person(carol).get(at(review, "records/1/")).json()
    assert told["text"] == "A trial of plerixafor\n\nWe gave plerixafor to 12 adults."
    assert told["text_sha256"] == record.text_sha256
    assert told["raw"] == record.raw
    assert (told["duplicates"], told["duplicate_of"], told["removed"]) == ([], None, None)
    assert not {"decisions", "decision", "proposals", "resolution", "verdict"} & set(told)
    assert "Bob" not in str(told)


def test_a_record_is_corrected(as_person, review, record, bob):
    answer = send(as_person(bob), review, "records/1/", {"title": "Better", "reason": "typo"}, "patch")
    assert answer.json()["text"] == "Better\n\nWe gave plerixafor to 12 adults."
    for body in (
        {"title": "Worse"},
        {"number": 4, "reason": "x"},
        {"by": 1, "reason": "x"},
        {"record": 2, "reason": "x"},
    ):
        assert send(as_person(bob), review, "records/1/", body, "patch").status_code == 400
    record.refresh_from_db()
    assert record.title == "Better"


def test_a_record_is_removed_and_restored(as_person, review, record, bob):
    told = send(as_person(bob), review, "records/1/remove/", {"reason": "retracted"}).json()
    assert (told["removed"]["kind"], told["removed"]["reason"]) == ("other", "retracted")
    assert (told["removed"]["by"], told["removed"]["rule"], told["removed"]["said"]) == ("Bob", None, "")
    assert send(as_person(bob), review, "records/1/restore/").json()["removed"] is None
    assert Removal.objects.count() == 1


def test_duplicates_are_found_listed_judged_linked_and_unlinked(as_person, review, search, bob):
    factories.record(search, **PAPER)
    factories.record(search, **LIKELY)
    browser = as_person(bob)
    answer = send(browser, review, "duplicates/find/")
    assert answer.status_code == 202
    assert send(browser, review, "duplicates/find/").json()["job"]["id"] == answer.json()["job"]["id"]
    work()
    assert browser.get(answer["Location"]).json()["result"] == {
        "compared": 1, "linked": 0, "queued": 1, "waiting": 1,
    }  # fmt: skip
    told = browser.get(at(review, "duplicates/")).json()
    assert (told["waiting"], told["linked"]) == (1, 0)
    pair = told["pairs"][0]
    assert (pair["a"]["number"], pair["b"]["number"], pair["verdict"]) == (1, 2, None)

    assert send(browser, review, f"duplicates/{pair['id']}/judge/", {}).status_code == 400
    judged = send(browser, review, f"duplicates/{pair['id']}/judge/", {"same": True}).json()
    assert (judged["verdict"], judged["decided_by"]) == ("same", "Bob")
    assert browser.get(at(review, "records/2/")).json()["duplicate_of"] == 1
    assert browser.get(at(review, "records/1/")).json()["duplicates"] == [2]

    assert send(browser, review, "records/2/unlink/").json()["duplicate_of"] is None
    assert send(browser, review, "records/2/unlink/").status_code == 409
    assert send(browser, review, "records/1/link/", {"original": 2}).json()["duplicate_of"] == 2
    assert send(browser, review, "records/1/link/", {"original": 99}).status_code == 400


WRITES = [
    ("searches/", ABOUT | {"text": "x"}),
    ("searches/{search}/withdraw/", {"reason": "x"}),
    ("searches/{search}/restore/", {}),
    ("records/1/remove/", {"reason": "x"}),
    ("records/1/restore/", {}),
    ("records/1/link/", {"original": 2}),
    ("records/2/unlink/", {}),
    ("duplicates/find/", {}),
    ("jobs/{job}/cancel/", {}),
    ("duplicates/{pair}/judge/", {"same": True}),
]


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_observers_write_nothing_and_strangers_find_nothing(
    as_person, review, search, olive, mallory, path, body
):
    a, b = factories.record(search), factories.record(search)
    pair = DuplicatePair.objects.create(review=review, a=a, b=b, score=0.5, why=[])
    job = jobs.start(review=review, kind="duplicates", by=search.imported_by)
    path = path.format(search=search.pk, pair=pair.pk, job=job.pk)
    assert send(as_person(olive), review, path, body).status_code == 403
    assert send(as_person(mallory), review, path, body).status_code == 404
    assert send(Client(), review, path, body).status_code in (401, 403)
    assert not Record.objects.filter(duplicate_of__isnull=False).exists()
    assert Search.objects.filter(withdrawn_at__isnull=True).count() == 1
    assert not Removal.objects.exists()
    pair.refresh_from_db()
    assert pair.verdict == ""
    assert [each.state for each in Job.objects.all()] == ["waiting"]


def test_a_stranger_reads_nothing(as_person, review, search, record, mallory):
    job = jobs.start(review=review, kind="duplicates", by=search.imported_by)
    for path in (
        "searches/",
        f"searches/{search.pk}/",
        "records/",
        "records/1/",
        "duplicates/",
        "jobs/",
        f"jobs/{job.pk}/",
    ):
        assert as_person(mallory).get(at(review, path)).status_code == 404
