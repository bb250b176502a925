"""The two commands of accounting: `prisma` and `verify_trail`."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from reviews import audit, prisma
from reviews.flow_files import tool_label
from reviews.guards import install_on, remove_from
from reviews.models import Event, Record, Report, Verb
from tests import factories
from tests.guards import ALL_GUARDS
from tests.reviews.random_reviews import random_review, report_of, settle

HEADER = "data,node,box,description,boxtext,tooltips,url,n"


def run(*args):
    out = io.StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def table(text):
    return {
        row["data"] if row["data"] != "NA" else row["box"]: row["n"]
        for row in csv.DictReader(io.StringIO(text))
    }


def excluded(search, by, *labels):
    for label in labels:
        reason = factories.criterion(search.review, by=by, stage="full_text", kind="exclude", label=label)
        record = factories.record(search)
        settle(record, by)
        report_of(record, retrieval="retrieved", text="Text.")
        settle(record, by, "full_text", "exclude", reason=reason)


def test_the_csv_is_the_tools_own_but_for_n(review, search, record, shared):
    written = list(csv.reader(io.StringIO(run("prisma", review.slug, "--format", "csv"))))
    with (shared("data/prisma") / "PRISMA.csv").open(encoding="utf-8", newline="") as file:
        theirs = list(csv.reader(file))
    assert len(written) == 35
    assert [row[:-1] for row in written] == [row[:-1] for row in theirs]


def test_n_is_filled_in_and_what_winnow_cannot_know_is_na(review, search, alice):
    excluded(search, alice, "Wrong design", "Wrong people")
    text = run("prisma", review.slug, "--format", "csv")
    n = table(text)
    assert text.splitlines()[0] == HEADER
    assert (n["database_results"], n["database_specific_results"]) == ("2", "PubMed, 2")
    assert (n["register_results"], n["register_specific_results"]) == ("0", "0")
    assert (n["records_screened"], n["dbr_assessed"]) == ("2", "2")
    assert n["dbr_excluded"] == "Wrong design, 1; Wrong people, 1"
    unknown = ["previous_studies", "previous_reports", "total_studies", "total_reports", "total_studies_ma"]
    right_arm = [
        "website_results",
        "organisation_results",
        "citations_results",
        "other_assessed",
        "other_excluded",
    ]
    assert {n[name] for name in (*unknown, *right_arm)} == {"NA"}


def test_the_right_arm_is_filled_in_where_there_is_one(review, alice):
    factories.record(factories.search(review, by=alice, source="Google", kind="website"))
    n = table(run("prisma", review.slug, "--format", "csv"))
    assert [n[box] for box in ("website_results", "citations_results", "other_assessed", "other_excluded")] == [
        "1", "0", "0", "0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "printed"),
    [
        ("Wrong design (non-randomised, single arm)", "Wrong design (non-randomised – single arm)"),
        ("a;b", "a / b"),
        ("tabs\tand\nlines", "tabs and lines"),
        (" , ", "–"),
        ("", "Unnamed"),
    ],
)
def test_labels_are_written_as_the_tool_can_read_them(label, printed):
    assert tool_label(label) == printed


def test_what_the_tool_reads_back_is_what_was_counted(review, search, alice):
    excluded(search, alice, "Wrong design (non-randomised, single arm)", "Too short; or too old")
    cell = table(run("prisma", review.slug, "--format", "csv"))["dbr_excluded"]
    read = [(part.split(",")[0], int(part.split(",")[1])) for part in cell.split("; ")]
    assert read == [("Wrong design (non-randomised – single arm)", 1), ("Too short / or too old", 1)]


def test_a_label_that_looks_like_a_formula_is_neutralised(review, search, alice):
    excluded(search, alice, '=HYPERLINK("http://evil")')
    cell = table(run("prisma", review.slug, "--format", "csv"))["dbr_excluded"]
    assert cell.startswith("'=HYPERLINK")


def test_the_json_says_everything_and_the_end_of_the_trail(review, alice, bob):
    random_review(review, [alice, bob], seed=5)
    Record.objects.filter(duplicate_of__search__withdrawn_at__isnull=False).update(duplicate_of=None)
    with transaction.atomic():
        event = audit.log(review=review, verb=Verb.REVIEW_CHANGED, actor=alice)
    flow = prisma.counts(review)
    said = json.loads(run("prisma", review.slug))
    assert (said["review"], said["head"], said["events"]) == ("myeloma", event.hash, 1)
    assert said["counts"]["records_screened"] == flow.n("records_screened") > 0
    assert said["counts"]["total_studies"] is None
    assert said["open"] == flow.open
    assert (said["final"], said["still_open"]) == (False, flow.still_open)
    assert [s["n"] for s in said["sources"]] == [s.n for s in flow.sources]
    assert [(r["arm"], r["label"], r["n"]) for r in said["reasons"]] == [
        (r.arm, r.label, r.n) for r in flow.reasons
    ]
    assert all(identity["holds"] for identity in said["identities"])


def test_a_final_review_says_so(review):
    assert json.loads(run("prisma", review.slug))["final"] is True


def test_the_svg_goes_to_a_file(review, search, tmp_path):
    file = tmp_path / "flow.svg"
    assert run("prisma", review.slug, "--format", "svg", "--output", str(file)) == ""
    assert file.read_text(encoding="utf-8").startswith('<svg class="flow" xmlns=')


def test_numbers_that_do_not_add_up_end_with_status_one_and_are_still_written(review, record, alice):
    settle(record, alice)
    Report.objects.all().delete()
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"L1: 1 against 0"):
        call_command("prisma", review.slug, stdout=out)
    assert json.loads(out.getvalue())["counts"]["database_results"] == 1


@pytest.mark.parametrize("command", ["prisma", "verify_trail"])
def test_an_unknown_review_is_named(command, db):
    with pytest.raises(CommandError, match='There is no review called "nowhere"'):
        call_command(command, "nowhere")


def test_a_file_that_cannot_be_written_is_named(review, tmp_path):
    with pytest.raises(CommandError, match="could not be written"):
        call_command("prisma", review.slug, "--output", str(tmp_path / "no" / "folder.json"))


# ---------------------------------------------------------------- verify_trail
def log(review, actor):
    with transaction.atomic():
        return audit.log(review=review, verb=Verb.REVIEW_CHANGED, actor=actor)


def test_a_whole_trail_is_said_to_be_whole(review, alice):
    last = [log(review, alice) for _ in range(3)][-1]
    assert run("verify_trail", review.slug) == f"OK: 3 events, head {last.hash}\n"
    assert json.loads(run("verify_trail", review.slug, "--json")) == {
        "ok": True, "events": 3, "head": last.hash, "broken_at": None, "why": "",
    }  # fmt: skip


def test_the_first_broken_link_is_named(review, alice):
    for _ in range(3):
        log(review, alice)
    guards = [guard for guard in ALL_GUARDS if guard.table == "reviews_event"]
    remove_from(connection, guards)
    Event.objects.filter(review=review, seq__gte=2).update(reason="rewritten")
    install_on(connection, guards)
    with pytest.raises(CommandError, match="BROKEN at event 2: event 2 was changed after it was written"):
        call_command("verify_trail", review.slug)
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify_trail", review.slug, "--json", stdout=out)
    assert json.loads(out.getvalue())["broken_at"] == 2


def test_the_installations_own_chain_can_be_verified(db):
    log(None, None)
    assert run("verify_trail", "--installation").startswith("OK: 1 events")
