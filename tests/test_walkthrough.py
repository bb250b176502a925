"""A whole small review through its pages: from signing up to a PRISMA diagram that adds up and a trail that holds.

The same walk is made on the demo's five texts and, where the team's shared data is at hand (always in CI), on the
five texts they were written after.
"""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command

from extraction.models import ConsensusValue, Item, ProposedValue, Value
from reviews import demo, quotes
from reviews.models import Report, Review, Study
from screening.models import Conflict, Run
from tests.walk import Person
from tests.working import work
from workers import batches

SLUG = "myeloma"
EXPECTED = {1: "include", 2: "exclude", 3: "exclude", 4: "include", 5: "exclude"}
REASONS = {2: "Design", 3: "Population", 5: "Not a primary report"}


def texts_of(where: str, shared) -> list[Path]:
    folder = demo.TEXTS if where == "demo" else shared("abstracts")
    return sorted(folder.glob("*.txt"))


def let_the_worker_work() -> None:
    """What the worker process does with the rows; that it is a process of its own is tested elsewhere."""
    for run in Run.objects.all():
        while batches.work_on_batch(run):
            pass


@pytest.fixture(autouse=True)
def _no_second_thread(monkeypatch) -> None:
    """A test's transaction belongs to one thread; the worker's leases outlast this test without being renewed."""
    monkeypatch.setattr(batches, "LOOK_EVERY", 3600)


@pytest.fixture
def people(db) -> dict[str, Person]:
    return {name: Person(name) for name in ("Alice", "Bob", "Carol", "Mallory")}


def found_review(people: dict[str, Person]) -> None:
    """Alice signs up, makes the review and invites the others by link."""
    alice = people["Alice"]
    alice.open("account_signup")
    alice.sign_up()
    alice.open("review_new")
    alice.send("", title=demo.TITLE, question=demo.QUESTION, slug=SLUG)
    for name in ("Bob", "Carol"):
        alice.open("people", SLUG)
        alice.send("/people/invite/", role="reviewer", meant_for=name)
        secret = re.search(r"/join/([\w-]+)/", alice.text).group(1)
        invited = people[name]
        invited.open("join", secret)
        invited.follow("/sign-up/?next=")
        invited.sign_up()
        invited.send(f"/join/{secret}/")
    mallory = people["Mallory"]
    mallory.open("account_signup")
    mallory.sign_up()


def write_criteria(alice: Person) -> None:
    for kind, label, text in demo.CRITERIA:
        alice.open("criterion_add", SLUG, "title_abstract")
        alice.send("", kind=kind, label=label, text=text)
    alice.open("criteria", SLUG)
    alice.send("/criteria/copy/")


def paste(alice: Person, texts: list[Path]) -> None:
    for path, (_file, source, platform, strategy) in zip(texts, demo.SEARCHES, strict=True):
        alice.open("search_new", SLUG)
        alice.send(
            to="",
            text=path.read_text(encoding="utf-8"),
            source=source,
            platform=platform,
            kind="database",
            searched_on="2026-09-01",
            strategy=strategy,
            declared_count="1",
        )
        assert f"Importing {source}" in alice.text
        work()  # the page asks for itself again, and leads on when the job has ended
        alice.go(alice.address)
        assert "1 record imported." in alice.text


def decide(person: Person, stage: str, number: int, verdict: str, *, reason: str = "") -> None:
    person.open("screen", SLUG, stage, record=number)
    if stage == "full_text" and verdict == "exclude":
        criterion = Review.objects.get().criteria.get(stage=stage, label=reason)
        person.send("/decide/", press=("exclude_for", str(criterion.pk)))
    else:
        person.send("/decide/", press=("verdict", verdict))


@pytest.mark.parametrize("where", ["demo", "originals"])
def test_a_whole_small_review(people, shared, where):
    texts = texts_of(where, shared)
    alice, bob, carol = people["Alice"], people["Bob"], people["Carol"]
    found_review(people)
    write_criteria(alice)
    paste(alice, texts)
    review = Review.objects.get(slug=SLUG)
    assert review.records.count() == 5

    # The model is asked about all five; nobody who is to decide sees what it said.
    alice.open("runs", SLUG)
    alice.send("/runs/start/title_abstract/")
    let_the_worker_work()
    proposals = {p.record.number: p for p in Run.objects.get().proposals.select_related("record", "reason")}
    assert {n: p.verdict for n, p in proposals.items()} == EXPECTED
    assert {n: p.reason.label for n, p in proposals.items() if p.reason} == REASONS
    for number, proposal in proposals.items():
        text = review.records.get(number=number).text
        for judgement in proposal.judgements:
            if judgement["tier"] == "exact":
                assert text[judgement["start"] : judgement["end"]] == judgement["quote"]

    bob.open("screen", SLUG, "title_abstract", record=3)
    assert "rule-based" not in bob.text

    # Bob and Carol screen, and disagree on the first record.
    for number, verdict in EXPECTED.items():
        decide(bob, "title_abstract", number, verdict)
        decide(carol, "title_abstract", number, "exclude" if number == 1 else verdict)
    bob.open("screen", SLUG, "title_abstract", record=3)
    assert "rule-based" in bob.text

    # The conflict is settled by Alice, with a reason; the votes stay.
    alice.open("conflicts", SLUG)
    alice.follow(f"/conflicts/{Conflict.objects.get().pk}/")
    alice.send("/resolve/", press=("verdict", "include"), explanation="The trial gave both drugs.")
    assert sorted(d.verdict for d in review.records.get(number=1).decisions.all()) == ["exclude", "include"]

    # Full text: one report is pasted, the other cannot be had.
    alice.open("report", SLUG, 1)
    alice.send("/text/", text=texts[0].read_text(encoding="utf-8"))
    alice.open("report", SLUG, 4)
    alice.send("/not-retrieved/", why="Only the meeting abstract exists.")
    decide(bob, "full_text", 1, "include")
    decide(carol, "full_text", 1, "include")
    alice.open("report", SLUG, 1)
    alice.send("/study/", press=("do", "name"), label="Plerixafor 2019")
    assert Report.objects.get(record__number=1).study.label == "Plerixafor 2019"

    flow = prisma_adds_up(alice)
    assert {box: flow["counts"][box] for box in COUNTS} == COUNTS
    extract(alice, bob, carol)
    the_trail_holds(people)


COUNTS = {
    "database_results": 5,
    "duplicates": 0,
    "records_screened": 5,
    "records_excluded": 3,
    "dbr_sought_reports": 2,
    "dbr_notretrieved_reports": 1,
    "dbr_assessed": 1,
    "dbr_excluded": 0,
    "new_reports": 1,
    "new_studies": 1,
}


def prisma_adds_up(alice: Person) -> dict:
    """The page, the command's JSON and its CSV tell the same, and every identity holds."""
    out = io.StringIO()
    call_command("prisma", SLUG, format="json", stdout=out)
    flow = json.loads(out.getvalue())
    assert [identity["code"] for identity in flow["identities"] if not identity["holds"]] == []
    out = io.StringIO()
    call_command("prisma", SLUG, format="csv", stdout=out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert len(rows) == 34
    assert {
        row["data"]: row["n"] for row in rows if row["data"] in COUNTS and row["data"] != "dbr_excluded"
    } == {box: str(n) for box, n in COUNTS.items() if box != "dbr_excluded"}
    alice.open("prisma", SLUG)
    assert "Records excluded" in alice.text
    alice.open("prisma_box", SLUG, "records_excluded")
    numbers = [int(n) for n in re.findall(r"/records/(\d+)/\"", alice.text)]
    assert sorted(set(numbers)) == [2, 3, 5]
    return flow


ANSWERS = {"phase": "I/II", "enrolled": "58", "median_age": "63"}


def design_form(alice: Person) -> None:
    alice.open("form", SLUG)
    alice.send("/form/draft/", name=demo.FORM_NAME)
    for item in (i for i in demo.ITEMS if i["key"] in ANSWERS):
        fields = {"label": item["label"], "kind": item["kind"], "key": item["key"]}
        if "options" in item:
            fields["options"] = "\n".join(item["options"])
        alice.send("/form/items/add/", **fields)
    alice.send("/form/publish/")


def extract(alice: Person, bob: Person, carol: Person) -> None:
    """The model is asked for the form's items; Bob takes them down, Carol too but for one; Alice settles it."""
    design_form(alice)
    alice.open("extraction", SLUG)
    alice.send("/extraction/propose/")
    let_the_worker_work()
    proposed = {p.item.key: p for p in ProposedValue.objects.select_related("item", "report")}
    assert (proposed["enrolled"].value, proposed["median_age"].value) == (58, 63)
    for value in proposed.values():
        assert value.tier, f"{value.item.key}: {value.doubt}"
        assert quotes.locate(value.quote, value.report.text) is not None
    study = Study.objects.get()
    items = {item.key: item for item in Item.objects.filter(form__published_at__isnull=False)}
    for person, answers in ((bob, ANSWERS), (carol, ANSWERS | {"median_age": "64"})):
        for key, value in answers.items():
            person.open("sheet", SLUG, study.pk)
            person.send(f"/items/{items[key].pk}/", press=("do", "give"), value=value)
        person.open("sheet", SLUG, study.pk)
        person.send("/submit/")
    agreed = ConsensusValue.objects.filter(study=study, withdrawn_at__isnull=True)
    assert sorted(agreed.values_list("item__key", flat=True)) == ["enrolled", "phase"]
    bobs = Value.objects.get(item=items["median_age"], sheet__extractor__name="Bob")
    alice.open("consensus", SLUG, study.pk)
    alice.send(f"/consensus/{items['median_age'].pk}/", take=str(bobs.pk), reason="The abstract says 63.")
    out = io.StringIO()
    call_command("export_extraction", SLUG, wide=True, stdout=out)
    (row,) = csv.DictReader(io.StringIO(out.getvalue().lstrip("\ufeff")))
    assert {key: row[key] for key in ANSWERS} == ANSWERS


def the_trail_holds(people: dict[str, Person]) -> None:
    people["Alice"].open("trail", SLUG)
    out = io.StringIO()
    call_command("verify_trail", SLUG, stdout=out)
    assert out.getvalue().startswith("OK")
    mallory = people["Mallory"]
    assert mallory.client.get(f"/r/{SLUG}/").status_code == 404
