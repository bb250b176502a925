"""Before a table is imported, who sent it looks at how it was read: nothing comes in before, nothing is lost."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from reviews import checking, importing, jobs
from reviews.models import Event, Job, Record, Search
from reviews.parsers import ReadAs
from reviews.refusals import BadInput, Refused
from tests.reviews.test_importing import TWO, imported, uploads
from tests.reviews.test_jobs import an_import
from tests.reviews.test_search_pages import ABOUT, new
from tests.working import work

TABLE = (
    "Title,Text,Authors,Year,included\n"
    'A trial of plerixafor,"We gave it, twice.","Smith, J.; Doe, K.",2019,1\n'
    "A trial of bortezomib,We gave it once.,Roe R,2020,0\n"
)
TRIALS = "NCT Number,Study Title,Conditions,Start Date\nNCT01234567,A trial,Myeloma,2019-01\n"


def sent(browser, review, data=TABLE, **fields):
    """The answer to sending a file by the page."""
    file = SimpleUploadedFile("export.csv", data if isinstance(data, bytes) else data.encode())
    return browser.post(new(review), {**ABOUT, **fields, "file": file})


def check(job: Job) -> str:
    return reverse("job_check", args=[job.review.slug, job.pk])


def answers(page) -> dict[str, str]:
    """What a browser would send back: the hidden fields, and each select and number as it stands."""
    words = page.content.decode()
    main = words[words.index("<main") : words.index("</main")]
    told = dict(re.findall(r'<input type="(?:hidden|number)" name="([\w-]+)" value="([^"]*)"', main))
    for name, options in re.findall(r'<select name="([\w-]+)"[^>]*>(.*?)</select>', main, re.S):
        told[name] = next(iter(re.findall(r'<option value="([^"]*)" selected', options)), "")
    told.pop("csrfmiddlewaretoken", None)
    return told


def held(review, by, data=TABLE, **fields) -> Job:
    return an_import(review, by, data=data.encode(), hold=True, **fields)


# ---------------------------------------------------------------- the page


def test_a_table_is_shown_before_anything_of_it_is_imported(as_person, review, bob):
    browser = as_person(bob)
    answer = sent(browser, review, declared_count="3")
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"], job.state) == (302, check(job), "held")
    page = browser.get(check(job))
    words = page.content.decode()
    assert "Read as CSV" in words
    assert "Import 2 records" in words
    assert "MEDLINE said it had 3 records, and 2 are in this file." in words
    assert "A trial of plerixafor" in words and "Smith, J.; Doe, K." in words
    assert "3 of 5 columns are read" in words
    assert answers(page) == {
        "seen": answers(page)["seen"],
        "encoding": "",
        "separator": "comma",
        "header_line": "1",
        "column-1": "title",
        "column-2": "",
        "column-3": "authors",
        "column-4": "year",
        "column-5": "",
    }
    assert not Search.with_arriving.exists() and not Record.objects.exists()
    assert work() == []


def test_columns_are_corrected_looked_at_and_imported(as_person, review, bob):
    browser = as_person(bob)
    sent(browser, review)
    job = Job.objects.get()
    told = answers(browser.get(check(job))) | {"column-2": "abstract", "column-4": ""}
    answer = browser.post(check(job), told)
    assert (answer.status_code, answer["Location"]) == (302, check(job))
    page = browser.get(check(job))
    assert "We gave it, twice." in page.content.decode().split("as they would be stored")[1]
    assert answers(page)["column-2"] == "abstract"
    answer = browser.post(check(job), answers(page) | {"import": "1"})
    assert answer["Location"] == reverse("job", args=[review.slug, job.pk])
    work()
    one, two = Record.objects.order_by("number")
    assert (one.title, one.abstract, one.year, one.authors) == (
        "A trial of plerixafor",
        "We gave it, twice.",
        None,
        ["Smith, J.", "Doe, K."],
    )
    assert two.raw == "A trial of bortezomib,We gave it once.,Roe R,2020,0"
    search = Search.objects.get()
    assert (search.format, search.encoding, search.file_name) == ("csv", "utf-8", "export.csv")
    assert search.read_as == {
        "separator": ",",
        "sheet": "",
        "header_line": 1,
        "by_row": False,
        "columns": [
            {"name": "Title", "field": "title"},
            {"name": "Text", "field": "abstract"},
            {"name": "Authors", "field": "authors"},
            {"name": "Year", "field": ""},
            {"name": "included", "field": ""},
        ],
        "decided": {"columns": {"#2": "abstract", "#4": ""}},
    }
    assert Event.objects.get(verb="search.imported").after["read_as"] == search.read_as["decided"]
    shown = browser.get(reverse("search", args=[review.slug, search.pk])).content.decode()
    assert "CSV, utf-8, as Bob said" in shown
    assert "2 not used" in shown


def test_import_straight_away_takes_what_was_shown(as_person, review, bob):
    browser = as_person(bob)
    sent(browser, review)
    job = Job.objects.get()
    browser.post(check(job), answers(browser.get(check(job))) | {"import": "1"})
    work()
    assert [record.title for record in Record.objects.order_by("number")] == [
        "A trial of plerixafor",
        "A trial of bortezomib",
    ]
    assert "decided" not in Search.objects.get().read_as


def test_other_letters_and_other_columns_are_looked_at_before_they_are_imported(as_person, review, bob):
    browser = as_person(bob)
    sent(browser, review, "Title,Abstract\nПривет,мир\n".encode("cp1251"))
    job = Job.objects.get()
    told = answers(browser.get(check(job))) | {"encoding": "cp1251", "import": "1"}
    answer = browser.post(check(job), told, follow=True)
    assert answer.redirect_chain == [(check(job), 302)]
    assert "Привет" in answer.content.decode()
    assert "Nothing is imported before you see it" in answer.content.decode()
    told = answers(answer) | {"header_line": "0", "import": "1"}
    answer = browser.post(check(job), told, follow=True)
    assert "No column is read as Title or Abstract" in answer.content.decode()
    job.refresh_from_db()
    assert (job.state, job.arguments["read_as"]) == ("held", {"encoding": "cp1251", "header_line": 0})
    assert browser.post(check(job), answers(answer) | {"import": "1"}).status_code == 422
    told = answers(answer) | {"column-1": "title", "column-2": "abstract"}
    assert "Import 2 records" in browser.post(check(job), told, follow=True).content.decode()


def test_two_columns_for_one_field_are_refused_in_words_and_nothing_changes(as_person, review, bob):
    browser = as_person(bob)
    sent(browser, review)
    job = Job.objects.get()
    before = Job.objects.values().get()
    told = answers(browser.get(check(job))) | {"column-2": "title", "import": "1"}
    answer = browser.post(check(job), told)
    assert answer.status_code == 422
    assert (
        "Two columns are read as Title: “Title” (column 1) and “Text” (column 2)." in answer.content.decode()
    )
    assert answers(answer)["column-2"] == "title"  # what was chosen is kept
    assert Job.objects.values().get() == before


def test_what_another_window_changed_is_shown_first(as_person, review, bob):
    browser = as_person(bob)
    sent(browser, review)
    job = Job.objects.get()
    old = answers(browser.get(check(job)))
    browser.post(check(job), old | {"column-2": "abstract"})
    answer = browser.post(check(job), old | {"import": "1"})
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.content.decode()
    assert answers(answer)["column-2"] == "abstract"
    job.refresh_from_db()
    assert job.state == "held"


def test_the_export_of_a_register_suggests_its_kind_and_forces_nothing(as_person, review, bob):
    browser = as_person(bob)
    sent(browser, review, TRIALS)
    job = Job.objects.get()
    page = browser.get(check(job))
    assert "PRISMA counts registers apart from databases" in page.content.decode()
    assert answers(page)["kind"] == "database"
    browser.post(check(job), answers(page) | {"kind": "register", "import": "1"})
    work()
    assert Search.objects.get().kind == "register"
    assert Record.objects.get().registry_ids == ["NCT01234567"]


def test_what_is_plain_is_imported_straight_away(as_person, review, bob):
    browser = as_person(bob)
    assert "/check/" not in sent(browser, review, TWO)["Location"]
    work()
    assert Record.objects.count() == 2


def test_a_text_whose_letters_are_a_guess_is_shown_too(as_person, review, bob):
    browser = as_person(bob)
    answer = sent(browser, review, "TY  - JOUR\nTI  - Łódź\nER  - \n".encode("cp1250"))
    page = browser.get(answer["Location"])
    assert "£ód" in page.content.decode()
    told = answers(page) | {"encoding": "cp1250"}
    page = browser.post(answer["Location"], told, follow=True)
    assert "Łódź" in page.content.decode()
    browser.post(answer["Location"], answers(page) | {"import": "1"})
    work()
    assert (Record.objects.get().title, Search.objects.get().encoding) == ("Łódź", "cp1250")


def test_a_workbook_offers_its_sheets(as_person, review, bob):
    from tests.reviews.parsers.test_workbooks import book

    data = book(("One", [["Title", "Year"], ["A", 2019]]), ("Two", [["Title", "Year"], ["B", 2020]]))
    browser = as_person(bob)
    answer = sent(browser, review, data)
    page = browser.get(answer["Location"])
    assert answers(page)["sheet"] == "One"
    page = browser.post(answer["Location"], answers(page) | {"sheet": "Two"}, follow=True)
    browser.post(answer["Location"], answers(page) | {"import": "1"})
    work()
    assert Record.objects.get().title == "B"
    assert Search.objects.get().read_as["sheet"] == "Two"


def test_cancelled_while_it_is_looked_at_nothing_is_left(
    as_person, review, bob, settings, django_capture_on_commit_callbacks
):
    browser = as_person(bob)
    sent(browser, review)
    job = Job.objects.get()
    assert uploads(settings) != []
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("job_cancel", args=[review.slug, job.pk]))
    assert uploads(settings) == []
    assert browser.get(check(job))["Location"] == reverse("job", args=[review.slug, job.pk])


def test_only_who_sent_it_looks_at_it(as_person, review, alice, bob, olive):
    job = held(review, bob)
    for other in (alice, olive):
        answer = as_person(other).get(check(job))
        assert answer.status_code in (403, 409)
        assert "plerixafor" not in answer.content.decode()
    assert as_person(alice).post(check(job), {"import": "1"}).status_code == 409
    waits = as_person(alice).get(reverse("job", args=[review.slug, job.pk])).content.decode()
    assert "Nothing is imported before Bob has looked at how the file was read" in waits
    assert check(job) not in waits
    assert check(job) in as_person(bob).get(reverse("job", args=[review.slug, job.pk])).content.decode()
    job.refresh_from_db()
    assert job.state == "held"


def test_the_page_takes_few_queries_however_many_columns(
    as_person, review, bob, django_assert_max_num_queries
):
    names = ",".join(["Title", *(f"c{n}" for n in range(164))])
    job = held(review, bob, data=f"{names}\nA{',x' * 164}\nB{',y' * 164}\n")
    browser = as_person(bob)
    browser.get(check(job))
    with django_assert_max_num_queries(8):
        page = browser.get(check(job))
    assert len(answers(page)) == 4 + 165
    assert browser.post(check(job), answers(page) | {"import": "1"}).status_code == 302


# ---------------------------------------------------------------- the verbs


def test_a_table_that_cannot_be_read_is_refused_at_once_where_nobody_looks(review, alice, settings):
    with pytest.raises(BadInput, match="No column is read as Title or Abstract"):
        an_import(review, alice, data=b"Name,Year,Place\nA,2019,x\nB,2020,y\n")
    assert not Job.objects.exists() and uploads(settings) == []


def test_a_large_table_is_not_counted(review, alice, monkeypatch):
    monkeypatch.setattr(checking, "COUNTED_UP_TO", 10)
    looked = checking.look(held(review, alice))
    assert (looked.found, looked.noted, len(looked.records)) == (None, None, 2)


def test_problems_are_shown_and_counted(review, alice):
    looked = checking.look(held(review, alice, data=TABLE + "a notice\n" * 7))
    assert (looked.found, looked.noted, [problem.line for problem in looked.problems]) == (
        2,
        7,
        [4, 5, 6, 7, 8],
    )


def test_a_file_that_came_in_meanwhile_is_not_let_in_again(review, alice):
    job = held(review, alice)
    imported(review, alice, data=TABLE.encode(), source="The same")
    with pytest.raises(Refused, match="already in the review"):
        checking.let_it_in(job=job, by=alice)
    job.refresh_from_db()
    assert job.state == "held"


def test_what_is_not_held_is_not_looked_at(review, alice):
    job = an_import(review, alice)
    for act in (
        lambda: checking.decide(job=job, by=alice, read_as=ReadAs()),
        lambda: checking.let_it_in(job=job, by=alice),
    ):
        with pytest.raises(Refused, match="not waiting for anybody"):
            act()


def test_two_who_decide_at_once_do_not_overwrite_each_other(review, alice):
    job, same = held(review, alice), Job.objects.get()
    jobs.change(job=job, arguments=job.arguments | {"read_as": {"encoding": "cp1252"}})
    with pytest.raises(Refused, match="changed meanwhile"):
        jobs.change(job=same, arguments=same.arguments | {"read_as": {}})
    with pytest.raises(BadInput, match="no kind of search"):
        checking.decide(job=Job.objects.get(), by=alice, read_as=ReadAs(), kind="nonsense")
    assert Job.objects.get().arguments["read_as"] == {"encoding": "cp1252"}


def test_a_search_of_no_table_keeps_what_was_decided_about_its_letters(review, alice):
    data = "TY  - JOUR\nTI  - Łódź\nER  - \n".encode("cp1250")
    search = importing.import_search(
        review=review, by=alice, data=data, source="x", kind="database",
        searched_on=date(2026, 1, 15),
        read_as=ReadAs(encoding="cp1250"),
    ).search  # fmt: skip
    assert search.read_as == {"decided": {"encoding": "cp1250"}}


# ---------------------------------------------------------------- the API


def test_a_program_decides_looks_and_imports(as_person, review, bob):
    browser = as_person(bob)
    about = {"source": "Rayyan", "kind": "database", "searched_on": "2026-01-15"}
    where = f"/api/r/{review.slug}"
    told = browser.post(
        f"{where}/searches/", {**about, "text": TABLE, "check": True}, content_type="application/json"
    ).json()["job"]
    assert told["state"] == "held"
    reading = f"{where}/jobs/{told['id']}/reading/"
    seen = browser.get(reading).json()
    assert (seen["format"], seen["encoding"], seen["found"], seen["trouble"]) == ("csv", "utf-8", 2, "")
    assert [(each["number"], each["name"], each["field"]) for each in seen["table"]["columns"]][:2] == [
        (1, "Title", "title"),
        (2, "Text", ""),
    ]
    assert seen["records"][0]["authors"] == ["Smith, J.", "Doe, K."]
    body = {"read_as": {"columns": {"Text": "abstract", "#4": ""}}}
    seen = browser.post(reading, body, content_type="application/json").json()
    assert (seen["records"][1]["abstract"], seen["records"][1]["year"]) == ("We gave it once.", None)
    answer = browser.post(reading, {"import_it": True}, content_type="application/json")
    assert (answer.status_code, answer.json()["job"]["state"]) == (202, "waiting")
    work()
    assert Record.objects.filter(abstract="We gave it once.").count() == 1
    assert browser.get(reading).status_code == 409


def test_a_program_says_how_to_read_at_once(as_person, review, bob):
    browser = as_person(bob)
    about = {"source": "Rayyan", "kind": "database", "searched_on": "2026-01-15"}
    file = SimpleUploadedFile("x.csv", TABLE.encode())
    answer = browser.post(
        f"/api/r/{review.slug}/searches/",
        {**about, "file": file, "read_as": '{"columns": {"Text": "abstract"}}'},
    )
    assert answer.status_code == 202
    work()
    told = browser.get(f"/api/r/{review.slug}/searches/{Search.objects.get().pk}/").json()
    assert told["read_as"]["decided"] == {"columns": {"Text": "abstract"}}
    assert Record.objects.exclude(abstract="").count() == 2


@pytest.mark.parametrize(
    ("read_as", "words"),
    [
        ({"codec": "x"}, "“codec” is none of them"),
        ({"columns": {"Text": "heading"}}, "“heading” is no field"),
        ({"columns": {"Title": ""}}, "No column is read as Title or Abstract"),
        ({"encoding": "nonsense"}, "is no encoding that is read here"),
        ({"separator": "#"}, "is no separator"),
        ([], "JSON object"),
    ],
)
def test_a_program_that_says_nonsense_is_told_so(as_person, review, bob, read_as, words):
    body = {"source": "R", "kind": "database", "searched_on": "2026-01-15", "text": TABLE, "read_as": read_as}
    answer = as_person(bob).post(f"/api/r/{review.slug}/searches/", body, content_type="application/json")
    assert answer.status_code == 400
    assert words in answer.json()["error"]["what"]
    assert not Job.objects.exists()


def test_only_who_sent_it_looks_at_it_by_the_api(as_person, review, bob, alice, olive):
    reading = f"/api/r/{review.slug}/jobs/{held(review, bob).pk}/reading/"
    for person, status in ((alice, 409), (olive, 403)):
        for answer in (as_person(person).get(reading), as_person(person).post(reading, {"import_it": True})):
            assert answer.status_code == status
            assert "plerixafor" not in answer.content.decode()
    assert Job.objects.get().state == "held"
