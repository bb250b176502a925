"""The searches' pages: the table, adding one, one search, undo and restore."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from reviews.models import DuplicatePair, Event, ImportProblem, Record, Search
from tests import factories
from tests.reviews.test_importing import PAGE, TWO, uploads
from tests.working import see_it_through, work

ABOUT = {"source": "MEDLINE", "kind": "database", "searched_on": "2026-01-15"}


def new(review) -> str:
    return reverse("search_new", args=[review.slug])


def upload(data: bytes = TWO, name: str = "medline.ris") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def added(browser, review, **fields):
    return see_it_through(browser, browser.post(new(review), {**ABOUT, **fields}))


def test_a_file_is_uploaded_and_the_page_says_what_it_brought(as_person, review, bob):
    answer = added(
        as_person(bob), review, file=upload(), platform="Ovid", strategy="exp Myeloma/", declared_count="3"
    )
    search = Search.objects.get()
    assert answer.redirect_chain == [(reverse("search", args=[review.slug, search.pk]), 302)]
    assert (search.platform, search.strategy, search.declared_count) == ("Ovid", "exp Myeloma/", 3)
    assert (search.file_name, search.imported_by) == ("medline.ris", bob)
    assert Record.objects.count() == 2
    page = answer.content.decode()
    assert "2 records imported." in page
    assert "MEDLINE said 3, the file has 2." in page
    assert "exp Myeloma/" in page


def test_a_pasted_page_is_imported(as_person, review, alice):
    answer = added(as_person(alice), review, text=PAGE.decode())
    assert answer.status_code == 200
    assert Record.objects.get().title == "Plerixafor and bortezomib in adults with relapsed myeloma"
    assert "one pasted page" in answer.content.decode()


def test_duplicates_are_linked_right_after_the_import(as_person, review, alice):
    browser = as_person(alice)
    added(browser, review, file=upload())
    answer = added(browser, review, source="Embase", file=upload(TWO.replace(b"DO  - 10.1000/moss.1\n", b"")))
    assert "1 duplicate linked" in answer.content.decode()
    assert Record.objects.get(number=3).duplicate_of.number == 1
    assert DuplicatePair.objects.filter(verdict="same").count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "There is nothing to import"),
        ({"text": " \n "}, "There is nothing to import"),
        ({"text": "x", "file": True}, "Send either a file or a pasted text"),
        ({"text": "TY  - JOUR", "source": ""}, "This field is required"),
        ({"text": "TY  - JOUR", "searched_on": "2999-01-01"}, "lies in the future"),
        ({"text": "TY  - JOUR", "declared_count": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(as_person, review, alice, fields, words):
    if fields.get("file"):
        fields = fields | {"file": upload()}
    answer = added(as_person(alice), review, **{"strategy": "exp Myeloma/ AND <b>"} | fields)
    page = answer.content.decode()
    assert answer.status_code in (400, 422)
    assert words in page
    assert "exp Myeloma/ AND &lt;b&gt;" in page
    if fields.get("text", "").strip():
        assert fields["text"] in page
    assert not Search.objects.exists()


def test_an_empty_file_is_named(as_person, review, alice):
    answer = added(as_person(alice), review, file=upload(b""))
    assert "The file is empty" in answer.content.decode()
    assert "Choose the file again" in answer.content.decode()
    assert not Search.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7\n...", "a PDF"),
        (b"PK\x03\x04..............word/document.xml", "a Word document"),
        (b"PK\x03\x04..............a.txt", "a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "an old Word or Excel file"),
    ],
)
def test_a_file_of_no_known_format_is_refused_by_name(as_person, review, alice, settings, data, words):
    answer = added(as_person(alice), review, file=upload(data, "results.ris"))
    assert answer.status_code == 400
    page = answer.content.decode()
    assert any(word in page for word in words.split("|"))
    assert 'value="MEDLINE"' in page
    assert not Search.objects.exists()
    assert uploads(settings) == []


def test_the_same_file_twice_is_refused_beside_the_form(as_person, review, alice):
    browser = as_person(alice)
    added(browser, review, file=upload())
    answer = added(browser, review, file=upload(), source="Again")
    assert answer.status_code == 409
    assert "already in the review" in answer.content.decode()
    assert Search.objects.count() == 1


def test_a_body_over_the_limit_is_refused_before_it_is_read(as_person, review, alice, settings):
    settings.MAX_UPLOAD_MB = 1
    answer = added(as_person(alice), review, file=upload(TWO + b"x" * (3 << 20)))
    assert answer.status_code == 413
    assert "more than this server accepts" in answer.content.decode()
    assert not Search.objects.exists()
    assert uploads(settings) == []


def test_a_file_a_little_over_the_limit_is_named_beside_the_form(as_person, review, alice, settings):
    settings.MAX_UPLOAD_MB = 1
    answer = added(as_person(alice), review, file=upload(TWO + b"x" * ((1 << 20) + 10)))
    assert answer.status_code == 422
    assert "The file is larger than 1 MB" in answer.content.decode()
    assert not Search.objects.exists()


def test_a_pasted_text_beyond_memory_is_refused_plainly(as_person, review, alice, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    browser = as_person(alice)
    small = {**ABOUT, "text": "x" * 20_000}
    assert browser.post(new(review), small).status_code == 413
    answer = browser.post(
        new(review), "&".join(f"{k}={v}" for k, v in small.items()),
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert answer.status_code == 413
    assert not Search.objects.exists()


def test_the_form_is_protected_against_forgery(review, alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.post(new(review), {**ABOUT, "text": "TY  - JOUR"}).status_code == 403
    assert not Search.objects.exists()


def test_observers_read_and_do_not_import(as_person, review, olive, alice):
    search = factories.search(review, by=alice)
    browser = as_person(olive)
    assert "Add a search" not in browser.get(reverse("searches", args=[review.slug])).content.decode()
    assert browser.get(reverse("search", args=[review.slug, search.pk])).status_code == 200
    assert browser.get(new(review)).status_code == 403
    assert browser.post(new(review), {**ABOUT, "text": "x"}).status_code == 403
    assert (
        browser.post(reverse("search_withdraw", args=[review.slug, search.pk]), {"reason": "x"}).status_code
        == 403
    )
    assert browser.post(reverse("search_restore", args=[review.slug, search.pk])).status_code == 403
    search.refresh_from_db()
    assert search.withdrawn_at is None
    assert Search.objects.count() == 1


def test_strangers_find_nothing(as_person, review, mallory, alice):
    search = factories.search(review, by=alice)
    browser = as_person(mallory)
    for name, args in (
        ("searches", []),
        ("search_new", []),
        ("search", [search.pk]),
        ("search_file", [search.pk]),
    ):
        assert browser.get(reverse(name, args=[review.slug, *args])).status_code == 404
    assert (
        browser.post(reverse("search_withdraw", args=[review.slug, search.pk]), {"reason": "x"}).status_code
        == 404
    )
    search.refresh_from_db()
    assert search.withdrawn_at is None


def test_a_search_of_another_review_is_not_found(as_person, review, alice):
    other = factories.search(factories.review(lead=alice, slug="other"), by=alice)
    assert as_person(alice).get(reverse("search", args=[review.slug, other.pk])).status_code == 404


def test_the_table_counts_found_duplicates_and_new(as_person, review, alice, bob):
    one = factories.search(review, by=alice, declared_count=3)
    two = factories.search(review, by=alice, source="Embase")
    original = factories.record(one)
    factories.record(one)
    factories.record(two, duplicate_of=original)
    ImportProblem.objects.create(search=two, line=3, reason="odd")
    ImportProblem.objects.create(search=two, line=4, reason="odd")
    shown = as_person(bob).get(reverse("searches", args=[review.slug])).context["searches"]
    rows = {row.source: (row.found, row.brought.again, row.brought.new, row.noted) for row in shown}
    assert rows == {"PubMed": (2, 0, 2, 0), "Embase": (1, 1, 0, 2)}
    page = as_person(bob).get(reverse("searches", args=[review.slug]))
    assert page.context["total"] == {"found": 3, "again": 1, "new": 2}
    assert page.content.decode().count("PubMed said 3, the file has 2") == 1


@pytest.mark.parametrize("many", [1, 3])
def test_the_table_takes_the_same_queries_however_many_searches(
    as_person, review, alice, many, django_assert_num_queries
):
    for number in range(many):
        search = factories.search(review, by=alice, source=f"Source {number}")
        factories.record(search)
    browser = as_person(alice)
    with django_assert_num_queries(9):
        assert browser.get(reverse("searches", args=[review.slug])).status_code == 200


@pytest.mark.parametrize("many", [1, 3])
def test_one_search_takes_the_same_queries_however_many_problems(
    as_person, review, search, alice, many, django_assert_num_queries
):
    for number in range(many):
        ImportProblem.objects.create(search=search, line=number, reason="odd")
    browser = as_person(alice)
    with django_assert_num_queries(13):
        assert browser.get(reverse("search", args=[review.slug, search.pk])).status_code == 200


def test_an_import_is_undone_with_a_reason_and_restored(as_person, review, alice, bob):
    browser = as_person(bob)
    added(browser, review, file=upload())
    search = Search.objects.get()
    undo = reverse("search_withdraw", args=[review.slug, search.pk])
    assert browser.post(undo, {"reason": ""}).status_code == 422
    assert Record.objects.found().count() == 2
    page = browser.post(undo, {"reason": "the wrong export"}, follow=True).content.decode()
    assert "The import was undone" in page
    assert "undone, counts nowhere" in browser.get(reverse("searches", args=[review.slug])).content.decode()
    assert Record.objects.found().count() == 0
    assert browser.post(undo, {"reason": "again"}).status_code == 409
    restored = browser.post(reverse("search_restore", args=[review.slug, search.pk]), follow=True)
    assert "counts again" in restored.content.decode() or "count again" in restored.content.decode()
    assert Record.objects.found().count() == 2
    work()
    assert [event.verb for event in Event.objects.order_by("seq")][-3:] == [
        "search.withdrawn",
        "search.restored",
        "duplicates.sought",
    ]


def test_the_file_is_given_back_as_it_came(as_person, review, olive, alice):
    added(as_person(alice), review, file=upload(name='odd "name".ris'))
    answer = as_person(olive).get(reverse("search_file", args=[review.slug, Search.objects.get().pk]))
    assert b"".join(answer.streaming_content) == TWO
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_search_without_its_file_says_not_found(as_person, review, search, alice):
    assert as_person(alice).get(reverse("search_file", args=[review.slug, search.pk])).status_code == 404


def test_what_a_file_says_is_never_markup(as_person, review, alice):
    evil = b"</script><script>alert(1)</script>\nTY  - JOUR\nTI  - <script>alert(2)</script>\nER  - \n"
    answer = added(as_person(alice), review, file=upload(evil, "<img src=x>.ris"), source="<b>M</b>")
    page = answer.content.decode()
    assert "alert(1)" in page
    for tag in ("<script>alert", "<img src=x", "<b>M</b>"):
        assert tag not in page
    listed = as_person(alice).get(reverse("records", args=[review.slug])).content.decode()
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in listed
    assert "<script>alert" not in listed


def test_the_five_texts_go_through_the_page(as_person, review, alice, shared):
    browser = as_person(alice)
    texts = sorted(shared("abstracts").glob("*.txt"))
    assert len(texts) == 5
    for text in texts:
        answer = added(browser, review, source=text.stem, text=text.read_text(encoding="utf-8"))
        assert "1 record imported." in answer.content.decode()
    records = list(Record.objects.order_by("number"))
    assert [record.number for record in records] == [1, 2, 3, 4, 5]
    assert [bool(record.title) for record in records] == [True, True, True, False, False]  # two have none
    assert all(len(record.abstract) > 1000 for record in records)
    assert (records[0].doi, records[0].year) == ("10.1002/ajh.25627", 2019)
    assert not Record.objects.filter(duplicate_of__isnull=False).exists()
    assert not DuplicatePair.objects.exists()
    assert {problem.reason for problem in ImportProblem.objects.all()} == {
        "No title was found; the record is kept without one."
    }


def test_a_real_export_goes_through_the_page(as_person, review, alice, shared):
    path = shared("data/import-fixtures") / "reflib" / "blue-light.ris"
    added(as_person(alice), review, file=upload(path.read_bytes(), path.name), declared_count="102")
    search = Search.objects.get()
    assert search.records.count() == 102
    assert search.format == "ris"
