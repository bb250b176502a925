"""manage.py import_records and find_duplicates."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from reviews.models import Record, Search
from tests import factories
from tests.reviews.test_dedup import PAPER
from tests.reviews.test_importing import PAGE, TWO

ABOUT = ["--source", "MEDLINE", "--kind", "database", "--searched-on", "2026-01-15"]


@pytest.fixture
def files(tmp_path):
    made = {"medline.ris": TWO, "page.txt": PAGE, "broken.ris": b"%PDF-1.7"}
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def run(*words: str) -> tuple[str, str, str]:
    """(what was printed, what was said on stderr, why it failed)"""
    out, err, failed = StringIO(), StringIO(), ""
    try:
        call_command(*words, stdout=out, stderr=err)
    except CommandError as no:
        failed = str(no)
    return out.getvalue(), err.getvalue(), failed


def test_files_are_imported_and_told_as_json(review, alice, files):
    out, _err, failed = run(
        "import_records", review.slug, str(files / "medline.ris"), str(files / "page.txt"), *ABOUT,
        "--platform", "Ovid", "--strategy", "exp Myeloma/", "--declared", "2", "--json",
    )  # fmt: skip
    assert failed == ""
    told = json.loads(out)
    assert told["review"] == review.slug
    first, second = told["files"]
    search = Search.objects.order_by("pk")[0]
    assert first.pop("duplicates") == {"linked": 0, "queued": 0}
    assert first == {
        "file": str(files / "medline.ris"), "format": "ris", "encoding": "utf-8", "found": 2, "stored": 2,
        "search": search.pk, "records": [1, 2], "problems": [],
    }  # fmt: skip
    assert (second["format"], second["records"]) == ("pasted", [3])
    assert (search.imported_by, search.platform, search.strategy, search.declared_count) == (
        alice, "Ovid", "exp Myeloma/", 2,
    )  # fmt: skip
    assert search.file_name == "medline.ris"


def test_a_file_that_fails_is_named_and_the_others_are_stored(review, files):
    names = [str(files / name) for name in ("broken.ris", "missing.ris", "medline.ris")]
    out, _err, failed = run("import_records", review.slug, *names, *ABOUT, "--json")
    assert failed == "2 of 3 files could not be imported; the others were stored."
    told = json.loads(out)["files"]
    assert "PDF" in told[0]["error"]
    assert "cannot be read" in told[1]["error"]
    assert (told[0]["stored"], told[0]["search"], told[2]["stored"]) == (0, None, 2)
    assert Record.objects.count() == 2


def test_without_json_it_is_told_in_words(review, files):
    (files / "stray.ris").write_bytes(b"Stray words\n" + TWO)
    out, err, failed = run(
        "import_records", review.slug, str(files / "stray.ris"), str(files / "broken.ris"), *ABOUT
    )
    assert "2 of 2 records stored (ris, utf-8); 0 linked as duplicates" in out
    assert "line 1:" in out
    assert "PDF" in err
    assert failed


def test_the_search_string_may_stand_in_a_file(review, files):
    (files / "strategy.txt").write_text("1 exp Myeloma/\n2 plerixafor.mp", encoding="utf-8")
    run(
        "import_records",
        review.slug,
        str(files / "medline.ris"),
        *ABOUT,
        "--strategy-file",
        str(files / "strategy.txt"),
    )
    assert Search.objects.get().strategy == "1 exp Myeloma/\n2 plerixafor.mp"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "There is no review “nowhere”"),
        (["myeloma", "--by", "mallory@example.org"], "not a member"),
        (["myeloma", "--by", "olive@example.org"], "may not do this here"),
    ],
)
def test_who_may_not_imports_nothing(review, mallory, files, words, said):
    slug, *by = words
    _out, _err, failed = run("import_records", slug, str(files / "medline.ris"), *ABOUT, *by)
    assert said in failed
    assert not Search.objects.exists()


def test_by_names_the_person_who_imports(review, bob, files):
    run("import_records", review.slug, str(files / "medline.ris"), *ABOUT, "--by", "Bob@Example.org")
    assert Search.objects.get().imported_by == bob


def test_find_duplicates_tells_what_it_did(review, search):
    factories.record(search, **PAPER)
    factories.record(search, **PAPER)
    out, _err, failed = run("find_duplicates", review.slug, "--json")
    assert failed == ""
    assert json.loads(out) == {"review": review.slug, "compared": 1, "linked": 1, "queued": 0, "waiting": 0}
    assert Record.objects.get(number=2).duplicate_of.number == 1
    out, _err, _failed = run("find_duplicates", review.slug)
    assert "0 records newly linked" in out


TABLE = b"Name;Text;Year\n\xcf\xf0\xe8\xe2\xe5\xf2;x;2019\nB;y;2020\n"


def test_how_a_table_is_read_is_decided_by_options(review, alice, tmp_path):
    (tmp_path / "table.csv").write_bytes(TABLE)
    how = [
        "--encoding",
        "cp1251",
        "--columns",
        "Name=title",
        "--columns",
        "#2=abstract",
        "--separator",
        "semicolon",
    ]
    out, _err, failed = run(
        "import_records", review.slug, str(tmp_path / "table.csv"), *ABOUT, *how, "--json"
    )
    assert failed == ""
    assert json.loads(out)["files"][0]["encoding"] == "cp1251"
    record = Record.objects.get(number=1)
    assert (record.title, record.abstract, record.year) == ("Привет", "x", 2019)


def test_how_files_are_read_is_shown_without_importing(review, alice, tmp_path):
    (tmp_path / "table.csv").write_bytes(TABLE)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7")
    names = [str(tmp_path / name) for name in ("table.csv", "broken.pdf")]
    out, _err, failed = run(
        "import_records", review.slug, *names, *ABOUT, "--columns", "Name=title", "--look"
    )
    assert failed == ""
    assert "#1 Name = title" in out and "#2 Text = -" in out and "This is a PDF" in out
    out, _err, _failed = run("import_records", review.slug, *names, *ABOUT, "--look", "--json")
    table = json.loads(out)["files"][0]["table"]
    assert [column["field"] for column in table["columns"]] == ["", "", "year"]
    assert table["trouble"].startswith("No column is read as Title or Abstract")
    assert not Search.objects.exists()


def test_columns_that_make_no_sense_are_named(review, alice, tmp_path):
    (tmp_path / "table.csv").write_bytes(TABLE)
    words = ["import_records", review.slug, str(tmp_path / "table.csv"), *ABOUT, "--columns"]
    assert "give it as NAME=FIELD" in run(*words, "title")[2]
    _out, err, failed = run(*words, "Name=heading")
    assert "“heading” is no field" in err
    assert failed.startswith("1 of 1 files could not be imported")
    assert not Search.objects.exists()
