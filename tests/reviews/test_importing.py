"""Importing a search, undoing it, restoring it; correcting records."""

import io
import re
import uuid
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection
from hypothesis import given
from hypothesis import strategies as st

from reviews import audit, dedup, importing
from reviews.correcting import correct_record
from reviews.models import Event, ImportProblem, Record, Search, TextVersion
from reviews.parsers import ParsedRecord
from reviews.refusals import BadInput, Refused
from tests import factories

TWO = b"""TY  - JOUR
TI  - Plerixafor with bortezomib in relapsed multiple myeloma
AU  - Moss, Ada
PY  - 2019
JO  - Journal of Marrow
DO  - 10.1000/moss.1
AB  - We treated 58 adults.
ER  -

TY  - JOUR
TI  - Another trial entirely
PY  - 2020
ER  -
"""
PAGE = b"""Plerixafor and bortezomib in adults with relapsed myeloma

Abstract

We treated 58 adults with relapsed or refractory multiple myeloma with plerixafor and bortezomib and watched
how many of them responded. Thirty-three of the patients could be evaluated for response after four cycles.
"""


ABOUT = {"source": "MEDLINE", "kind": "database", "searched_on": date(2026, 1, 15)}


def imported(review, by, data=TWO, **fields):
    return importing.import_search(
        review=review, by=by, data=data, **{**ABOUT, "file_name": "medline.ris"} | fields
    )


def uploads(settings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def nothing_is_stored(settings) -> bool:
    return not (Search.objects.exists() or Record.objects.exists() or ImportProblem.objects.exists()) and (
        uploads(settings) == []
    )


def vote(record, by, verdict="include"):
    from screening.models import Decision

    return Decision.objects.create(
        record=record,
        stage="title_abstract",
        reviewer=by,
        verdict=verdict,
        made_at=audit.now(),
        key=uuid.uuid4(),
    )


def test_an_import_stores_search_records_file_and_one_event(review, alice, settings):
    done = imported(review, alice, platform="Ovid", strategy="exp Myeloma/ and plerixafor", declared_count=3)

    assert (done.found, done.stored, done.problems) == (2, 2, 0)
    search = Search.objects.get()
    assert search == done.search
    assert (search.format, search.encoding, search.declared_count, search.platform) == (
        "ris",
        "utf-8",
        3,
        "Ovid",
    )
    assert search.strategy == "exp Myeloma/ and plerixafor"
    first, second = Record.objects.order_by("number")
    assert (first.number, first.position, first.line) == (1, 1, 1)
    assert (second.number, second.position, second.line) == (2, 2, 10)
    assert first.title == "Plerixafor with bortezomib in relapsed multiple myeloma"
    assert first.authors == ["Moss, Ada"]
    assert (first.year, first.doi, first.journal) == (2019, "10.1000/moss.1", "Journal of Marrow")
    assert first.raw.startswith("TY  - JOUR")
    with search.file.open("rb") as kept:
        assert kept.read() == TWO
    event = Event.objects.get(review=review)
    assert (event.verb, event.actor) == ("search.imported", alice)
    assert event.after["numbers"] == [1, 2]
    assert event.after["declared"] == 3


def test_a_stream_is_imported_like_bytes(review, alice):
    done = imported(review, alice, data=io.BytesIO(TWO))
    assert done.stored == 2
    with done.search.file.open("rb") as kept:
        assert kept.read() == TWO


@pytest.mark.parametrize(
    ("data", "name", "ending"),
    [
        (b"PMID- 12345678\nOWN - NLM\nTI  - A title\n", "medline", ".nbib"),
        (b"FN Clarivate\nVR 1.0\nPT J\nTI A title\nER\n\nEF\n", "web_of_science", ".txt"),
    ],
)
def test_tagged_exports_are_kept_under_the_ending_of_their_format(review, alice, data, name, ending):
    done = imported(review, alice, data=data, file_name="export.ris")
    assert (done.search.format, done.stored, done.problems) == (name, 1, 0)
    assert done.search.file.name.endswith(ending)
    assert Record.objects.get().title == "A title"


def test_a_pasted_page_is_kept_as_a_text_file(review, alice):
    done = imported(review, alice, data=PAGE, file_name="")
    record = Record.objects.get()
    assert done.search.format == "pasted"
    assert done.search.file.name.endswith(".txt")
    assert record.title == "Plerixafor and bortezomib in adults with relapsed myeloma"
    assert record.abstract.startswith("We treated 58 adults")
    assert record.raw == PAGE.decode()


def test_numbers_go_on_where_the_last_import_ended(review, alice):
    imported(review, alice)
    imported(review, alice, data=PAGE, file_name="")
    assert list(Record.objects.order_by("number").values_list("number", "position")) == [
        (1, 1),
        (2, 2),
        (3, 1),
    ]


def test_more_records_than_one_batch_are_all_stored(review, alice, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 7)
    data = b"".join(b"TY  - JOUR\nTI  - Title number %d\nER  - \n\n" % n for n in range(1, 31))
    assert imported(review, alice, data=data).stored == 30
    assert list(Record.objects.order_by("number").values_list("position", flat=True)) == list(range(1, 31))


def test_the_same_file_again_is_refused_and_the_earlier_import_named(review, alice, settings):
    imported(review, alice)
    with pytest.raises(Refused, match="already in the review: it was imported as “MEDLINE, 2026-01-15”"):
        imported(review, alice, source="Embase", file_name="copy.ris")
    assert Search.objects.count() == 1
    assert Record.objects.count() == 2
    assert len(uploads(settings)) == 1


def test_another_review_may_have_the_same_file(review, alice):
    imported(review, alice)
    other = factories.review(lead=alice, slug="other")
    assert imported(other, alice).stored == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\n ", "blank|empty|no text"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04....word/document.xml", "Word document"),
        (b"\x89PNG\r\n", "image"),
    ],
)
def test_what_is_no_format_is_refused_by_name_and_nothing_is_stored(review, alice, settings, data, words):
    with pytest.raises(BadInput, match=words):
        imported(review, alice, data=data)
    assert nothing_is_stored(settings)
    assert not Event.objects.exists()


def test_a_file_without_any_record_is_refused_with_its_reasons(review, alice, settings, monkeypatch):
    from reviews.parsers import Problem, Source

    rows = iter([Problem(line=3, reason="This text stands outside every entry.", excerpt="x")])
    monkeypatch.setattr(importing, "open_source", lambda stream, **_: Source("ris", "utf-8", rows))
    with pytest.raises(Refused, match="line 3: This text stands outside every entry"):
        imported(review, alice)
    assert nothing_is_stored(settings)


def test_a_parser_that_breaks_half_way_leaves_nothing_behind(review, alice, settings, monkeypatch):
    from reviews.parsers import Source

    def broken():
        yield ParsedRecord(position=1, line=1, raw="one", title="One")
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(importing, "open_source", lambda stream, **_: Source("ris", "utf-8", broken()))
    monkeypatch.setattr(importing, "BATCH", 1)
    with pytest.raises(RuntimeError):
        imported(review, alice)
    assert nothing_is_stored(settings)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"source": "  "}, "no source"),
        ({"kind": "library"}, "no kind of search"),
        ({"source": "x" * 121}, "too long"),
        ({"searched_on": date.today() + timedelta(days=9)}, "future"),
        ({"declared_count": -1}, "impossible"),
    ],
)
def test_a_search_that_cannot_be_is_refused(review, alice, settings, wrong, words):
    with pytest.raises(BadInput, match=words):
        imported(review, alice, **wrong)
    assert nothing_is_stored(settings)


def test_problems_are_kept_with_line_and_reason(review, alice):
    done = imported(review, alice, data=b"Stray words before\n\n" + TWO)
    assert done.stored == 2
    problem = ImportProblem.objects.get()
    assert (problem.search, problem.line, problem.excerpt) == (done.search, 1, "Stray words before")


def test_an_entry_without_title_is_kept_and_flagged(review, alice):
    done = imported(review, alice, data=b"TY  - JOUR\nAB  - Only an abstract here.\nER  - \n")
    assert Record.objects.get().abstract == "Only an abstract here."
    assert [problem.reason for problem in done.search.problems.all()] == [
        "No title was found; the record is kept without one."
    ]


def test_a_journal_name_of_600_characters_is_cut_and_the_raw_entry_is_whole(review, alice):
    long = "J" * 600
    imported(review, alice, data=f"TY  - JOUR\nTI  - A title\nJO  - {long}\nER  - \n".encode())
    record = Record.objects.get()
    assert record.journal == "J" * 500
    assert long in record.raw
    assert ImportProblem.objects.get().reason.startswith(
        "The journal is longer than 500 characters and was cut"
    )


def test_an_impossible_year_and_a_too_long_doi_are_left_empty(search):
    parsed = ParsedRecord(position=1, line=4, raw="x", title="T", year=30021, doi="10.1000/" + "a" * 400)
    record, problems = importing.record_from(parsed, search, 1)
    assert (record.year, record.doi) == (None, "")
    assert {problem.line for problem in problems} == {4}
    assert len(problems) == 2


def test_zero_characters_are_left_out_and_said(search):
    parsed = ParsedRecord(
        position=1, line=1, raw="T\x00I", title="A\x00B", authors=("C\x00D",), abstract="lone \ud800 half"
    )
    record, problems = importing.record_from(parsed, search, 7)
    record.save()
    record.refresh_from_db()
    assert (record.raw, record.title, record.authors, record.abstract) == ("TI", "AB", ["CD"], "lone  half")
    assert [problem.reason for problem in problems] == [
        "Characters that no database can store were left out."
    ]


text = st.text(max_size=700)


@given(
    raw=text, title=text, journal=text, volume=text, doi=text, pmid=text,
    year=st.none() | st.integers(-5, 99999), authors=st.lists(text, max_size=3).map(tuple),
)  # fmt: skip
def test_any_parsed_record_fits_the_columns(raw, title, journal, volume, doi, pmid, year, authors):
    parsed = ParsedRecord(
        position=1, line=1, raw=raw, title=title, journal=journal, volume=volume, doi=doi, pmid=pmid, year=year,
        authors=authors,
    )  # fmt: skip
    record, problems = importing.record_from(parsed, Search(), 1)
    for field in Record._meta.concrete_fields:
        if getattr(field, "max_length", None):
            assert len(getattr(record, field.attname)) <= field.max_length
    assert "\x00" not in record.raw + record.title + record.journal + "".join(record.authors)
    assert record.year is None or 1400 <= record.year <= 2100
    assert all(len(problem.reason) <= 300 for problem in problems)


# ---------------------------------------------------------------- undo and restore


def test_an_undone_import_counts_nowhere_and_keeps_everything(review, alice, bob):
    search = imported(review, alice).search
    decision = vote(Record.objects.get(number=1), bob)
    importing.withdraw_search(search=search, by=alice, reason="the wrong export")

    assert Record.objects.found().count() == 0
    assert Record.objects.count() == 2
    decision.refresh_from_db()
    assert decision.withdrawn_at is None
    assert default_storage.exists(search.file.name)
    event = Event.objects.order_by("seq").last()
    assert (event.verb, event.reason, event.after["records"]) == ("search.withdrawn", "the wrong export", 2)

    importing.restore_search(search=search, by=alice)
    assert Record.objects.to_screen().count() == 2
    assert Event.objects.order_by("seq").last().verb == "search.restored"


def test_undoing_needs_a_reason_and_happens_once(review, alice):
    search = imported(review, alice).search
    with pytest.raises(BadInput, match="No reason"):
        importing.withdraw_search(search=search, by=alice, reason=" ")
    with pytest.raises(Refused, match="was not undone"):
        importing.restore_search(search=search, by=alice)
    assert Record.objects.found().count() == 2
    importing.withdraw_search(search=search, by=alice, reason="wrong")
    with pytest.raises(Refused, match="undone already"):
        importing.withdraw_search(search=search, by=alice, reason="wrong")
    assert Event.objects.count() == 2


def test_an_undone_file_may_be_imported_anew_and_then_not_be_restored(review, alice):
    first = imported(review, alice).search
    importing.withdraw_search(search=first, by=alice, reason="wrong source named")
    imported(review, alice, source="Embase")
    with pytest.raises(Refused, match="already in the review"):
        importing.restore_search(search=first, by=alice)
    first.refresh_from_db()
    assert first.withdrawn_at is not None


@pytest.fixture
def two_searches(review, alice):
    """The same paper found by two searches, linked; in the first also a third, linked to it."""
    one, two = factories.search(review, by=alice), factories.search(review, by=alice, source="Embase")
    original = factories.record(one, doi="10.1/x", abstract="Long and complete.")
    duplicate = factories.record(two)
    third = factories.record(one, position=9)
    dedup.link_records(record=duplicate, original=original, by=alice)
    dedup.link_records(record=third, original=original, by=alice)
    return one, two, original, duplicate, third


def links(*records) -> list[int | None]:
    for record in records:
        record.refresh_from_db()
    return [record.duplicate_of_id for record in records]


def test_when_the_originals_search_is_undone_a_duplicate_that_counts_takes_its_place(two_searches, alice):
    one, _two, original, duplicate, third = two_searches
    importing.withdraw_search(search=one, by=alice, reason="wrong export")

    assert links(original, duplicate, third) == [duplicate.pk, None, duplicate.pk]
    assert list(Record.objects.to_screen()) == [duplicate]
    assert Event.objects.order_by("seq").last().after["originals"] == [
        {"was": original.number, "now": duplicate.number}
    ]


def test_restoring_leaves_the_group_as_it_is_unless_votes_came_back(two_searches, alice, bob):
    one, _two, original, duplicate, third = two_searches
    importing.withdraw_search(search=one, by=alice, reason="wrong export")
    importing.restore_search(search=one, by=alice)
    assert links(original, duplicate, third) == [duplicate.pk, None, duplicate.pk]
    assert list(Record.objects.to_screen()) == [duplicate]


def test_votes_on_the_original_count_again_when_its_search_is_restored(two_searches, alice, bob):
    one, _two, original, duplicate, third = two_searches
    vote(original, bob)
    importing.withdraw_search(search=one, by=alice, reason="wrong export")
    assert links(original, duplicate, third) == [duplicate.pk, None, duplicate.pk]
    importing.restore_search(search=one, by=alice)
    assert links(original, duplicate, third) == [None, original.pk, original.pk]


def test_undoing_the_search_of_a_duplicate_leaves_the_original(two_searches, alice):
    _one, two, original, duplicate, third = two_searches
    importing.withdraw_search(search=two, by=alice, reason="wrong export")
    assert links(original, duplicate, third) == [None, original.pk, original.pk]


# ---------------------------------------------------------------- correcting


def test_a_correction_keeps_the_raw_entry_and_the_text_as_it_was(record, alice):
    was, raw = record.text, record.raw
    sha = record.text_sha256
    corrected = correct_record(record=record, by=alice, reason="typo", title="A better title", year=2020)

    record.refresh_from_db()
    assert corrected == record
    assert (record.title, record.year, record.raw) == ("A better title", 2020, raw)
    version = TextVersion.objects.get()
    assert (version.sha256, f"{version.title}\n\n{version.abstract}", version.replaced_by) == (
        sha,
        was,
        alice,
    )
    event = Event.objects.get()
    assert (event.verb, event.record, event.reason) == ("record.corrected", record, "typo")
    assert (event.before, event.after) == (
        {"title": "A trial of plerixafor", "year": None},
        {"title": "A better title", "year": 2020},
    )


def test_a_correction_of_the_journal_alone_makes_no_text_version(record, alice):
    correct_record(record=record, by=alice, reason="abbreviated", journal="Blood")
    assert not TextVersion.objects.exists()


def test_correcting_there_and_back_and_there_again_works(record, alice):
    first = record.title
    for title in ("Second", first, "Second"):
        correct_record(record=record, by=alice, reason="hm", title=title)
    record.refresh_from_db()
    assert record.title == "Second"
    assert TextVersion.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "reason", "words"),
    [
        ({"title": "New"}, " ", "No reason"),
        ({"number": 9}, "why not", "cannot be corrected"),
        ({"raw": "x"}, "why not", "cannot be corrected"),
        ({"year": 12}, "typo", "no year"),
        ({"year": "2020"}, "typo", "no year"),
        ({"journal": "x" * 501}, "typo", "too long"),
        ({"authors": "Moss"}, "typo", "list of texts"),
        ({"pmid": "12a"}, "typo", "only figures"),
        ({"url": "javascript:alert(1)"}, "typo", "begins with http"),
        ({"title": "", "abstract": ""}, "typo", "without title and abstract"),
        ({"title": "A trial of plerixafor"}, "typo", "Nothing in this correction differs"),
    ],
)
def test_a_correction_that_does_not_fit_is_refused_and_changes_nothing(record, alice, fields, reason, words):
    before = Record.objects.values().get()
    with pytest.raises(BadInput, match=words):
        correct_record(record=record, by=alice, reason=reason, **fields)
    assert Record.objects.values().get() == before
    assert not Event.objects.exists()
    assert not TextVersion.objects.exists()


def test_a_doi_given_as_a_link_is_stored_bare(record, alice):
    correct_record(record=record, by=alice, reason="missing", doi="https://doi.org/10.1000/ABC")
    record.refresh_from_db()
    assert record.doi == "10.1000/abc"


def test_the_database_refuses_the_same_live_file_twice(search, review, alice):
    with pytest.raises(IntegrityError):
        factories.search(review, by=alice, sha256=search.sha256)


# ---------------------------------------------------------------- real files


def test_every_fixture_named_ris_is_stored_whole_whatever_it_holds(shared, review, alice):
    expected = expected_counts(shared("data/MANIFEST.md"))
    root = shared("data/import-fixtures")
    counted = {}
    for path in sorted(root.rglob("*.ris")):
        name = str(path.relative_to(root))
        if name not in expected:
            continue
        try:
            counted[name] = imported(review, alice, data=path.read_bytes(), file_name=path.name).stored
        except Refused as no:
            assert "already in the review" in no.what  # two fixtures are the same bytes
            counted[name] = expected[name]
    assert len(counted) > 25
    assert counted == {name: expected[name] for name in counted}


def expected_counts(manifest: Path) -> dict[str, int]:
    rows = re.findall(r"^\| ([^|]+\.ris) \| (\d+) \|", manifest.read_text(encoding="utf-8"), re.M)
    return {name.strip(): int(count) for name, count in rows}


@pytest.mark.postgres
def test_after_a_large_import_the_database_knows_how_large_its_tables_are(review, alice):
    """Else the queue's first question is planned for an empty table, and takes minutes at 50,000 records."""
    entries = "".join(
        f"TY  - JOUR\nTI  - Trial number {n}\nAB  - We gave ice.\nER  - \n\n" for n in range(600)
    )
    importing.import_search(
        review=review,
        by=alice,
        data=entries.encode(),
        source="PubMed",
        kind="database",
        searched_on=date(2026, 1, 15),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'reviews_record'")
        assert cursor.fetchone()[0] >= 600
