"""Rules before screening for programs and on the command line."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from reviews.applying_rules import apply_rules, undo_rules
from reviews.models import AutomationRule, Event, Job, NoticeList, Removal, RuleApplication, RuleUndo
from reviews.rule_values import languages_found, types_found, years_found
from reviews.rules import rules_in_force
from tests import factories
from tests.reviews.random_reviews import vote
from tests.reviews.test_rules import number, to_screen

RULES = "/api/r/myeloma/rules/"


def send(browser, address, body, status):
    answer = browser.post(f"{RULES}{address}", json.dumps(body), content_type="application/json")
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def test_a_program_writes_rules_looks_applies_and_undoes(review, library, alice, as_person):
    browser = as_person(alice)
    rule = send(browser, "", {"kind": "language", "settings": {"languages": ["eng"]}}, 201)
    assert (rule["words"], rule["settings"], rule["out"]) == (
        "language is not English",
        {"mode": "only", "languages": ["English"]},
        0,
    )
    assert browser.get(RULES).json()["unchecked"] == 5
    seen = browser.get(f"{RULES}preview/").json()
    assert (seen["looked_at"], seen["matched"], seen["up_to"]) == (5, 2, 5)
    assert seen["rules"][0]["first"] == [
        {"number": 2, "title": "A trial of plerixafor", "says": "ger"},
        {"number": 3, "title": "A trial of plerixafor", "says": "Deutsch"},
    ]
    done = send(browser, "apply/", {"rules": [rule["id"]], "up_to": seen["up_to"]}, 201)
    assert (done["looked_at"], done["removed"], done["out"]) == (5, 2, 2)
    assert to_screen() == [1, 4, 5]
    told = browser.get("/api/r/myeloma/records/2/").json()["removed"]
    assert (told["kind"], told["rule"], told["said"], told["by"]) == (
        "automation",
        rule["id"],
        "ger",
        "Alice",
    )
    undone = send(browser, "undo/", {"application": done["id"], "reason": "Greta reads German"}, 201)
    assert (undone["restored"], undone["rule"]) == (2, None)
    told = browser.get(f"{RULES}applications/{done['id']}/").json()
    assert (told["out"], [undo["reason"] for undo in told["undos"]]) == (0, ["Greta reads German"])
    assert to_screen() == [1, 2, 3, 4, 5]


def test_a_program_replaces_orders_and_retires(review, alice, as_person, english, recent):
    browser = as_person(alice)
    new = send(browser, f"{english.pk}/replace/", {"settings": {"languages": ["eng", "ger"]}}, 201)
    assert (new["words"], new["replaces"]) == ("language is not English or German", english.pk)
    ordered = send(browser, "order/", {"order": [recent.pk, new["id"]]}, 200)
    assert [rule["id"] for rule in ordered["rules"]] == [recent.pk, new["id"]]
    apply_rules(review=review, by=alice)
    retired = send(browser, f"{recent.pk}/retire/", {"reason": "all years matter"}, 200)
    assert retired["out"] == 1
    told = browser.get(RULES).json()
    assert [rule["id"] for rule in told["rules"]] == [new["id"]]
    assert [rule["id"] for rule in told["retired"]] == [recent.pk]
    assert Event.objects.last().reason == "all years matter"


def test_a_program_brings_a_list_of_retractions(review, search, alice, as_person):
    factories.record(search, doi="10.1000/bad")
    browser = as_person(alice)
    listed = send(browser, "lists/", {"name": "Ours", "text": "10.1000/bad\n4711"}, 201)
    assert (listed["papers"], listed["notices"]) == (2, 0)
    file = SimpleUploadedFile("rw.csv", b"OriginalPaperDOI,RetractionDOI\n10.1000/a,10.1000/b\n")
    other = browser.post(f"{RULES}lists/", {"name": "RW", "file": file}).json()
    assert (other["papers"], other["notices"]) == (1, 1)
    assert [each["name"] for each in browser.get(f"{RULES}lists/").json()["lists"]] == ["RW", "Ours"]
    send(browser, "", {"kind": "retraction", "settings": {"papers": True}, "list": listed["id"]}, 201)
    send(browser, "apply/", {}, 201)
    assert to_screen() == []


@pytest.mark.parametrize(
    ("address", "body", "status", "words"),
    [
        ("", {"kind": "colour", "settings": {}}, 400, "kind"),
        ("", {"kind": "language"}, 400, "settings"),
        ("", {"kind": "language", "settings": []}, 400, "object"),
        ("", {"kind": "language", "settings": {"colour": 1}}, 400, "no setting “colour”"),
        ("", {"kind": "year", "settings": {"from": 1990}}, 409, "in force already"),
        ("", {"kind": "retraction", "settings": {"papers": True}, "list": 99}, 404, "nothing here"),
        ("lists/", {"name": "x"}, 400, "either a file or a text"),
        ("lists/", {"name": "x", "text": "nothing"}, 400, "No DOI"),
        ("order/", {"order": [1, 2, 3]}, 400, "every rule in force once"),
        ("apply/", {"rules": [12345]}, 409, "rules were changed"),
        ("undo/", {"reason": "x"}, 400, "what is to be undone"),
        ("undo/", {"rule": 99, "reason": "x"}, 404, "nothing here"),
        ("99/retire/", {}, 404, "nothing here"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_changes_nothing(
    review, alice, as_person, recent, address, body, status, words
):
    events = Event.objects.count()
    said = send(as_person(alice), address, body, status)["error"]
    assert words in said["what"]
    assert (AutomationRule.objects.count(), NoticeList.objects.count()) == (2, 0)
    assert (RuleApplication.objects.count(), Event.objects.count()) == (0, events)


def test_reviewers_and_observers_read_and_change_nothing(review, alice, bob, olive, as_person, english):
    done = apply_rules(review=review, by=alice)
    for person in (bob, olive):
        browser = as_person(person)
        assert browser.get(RULES).json()["rules"][0]["out"] == 2
        assert browser.get(f"{RULES}applications/{done.pk}/").json()["removed"] == 2
        assert browser.get(f"{RULES}values/").status_code == 200
        assert browser.get(f"{RULES}preview/").status_code == 403
        for address in (
            "",
            "lists/",
            "order/",
            "apply/",
            "undo/",
            f"{english.pk}/replace/",
            f"{english.pk}/retire/",
        ):
            send(browser, address, {}, 403)
    assert (AutomationRule.objects.count(), RuleUndo.objects.count(), to_screen()) == (1, 0, [1, 4, 5])


def test_in_a_large_review_the_answer_is_a_job(review, alice, as_person, english, monkeypatch):
    monkeypatch.setattr("reviews.views.rules.AT_ONCE", 3)
    told = send(as_person(alice), "apply/", {}, 202)["job"]
    assert (told["kind"], told["state"]) == ("rules", "waiting")
    assert Job.objects.get().arguments == {"expected": None, "up_to": None}
    assert to_screen() == [1, 2, 3, 4, 5]


def test_several_records_are_removed_for_one_reason(review, library, bob, olive, as_person):
    def remove(person, body, status):
        address = "/api/r/myeloma/records/remove/"
        answer = as_person(person).post(address, json.dumps(body), content_type="application/json")
        assert answer.status_code == status
        return answer.json()

    remove(olive, {"numbers": [1], "reason": "x"}, 403)
    remove(bob, {"numbers": [1, 99], "reason": "x"}, 400)
    remove(bob, {"numbers": "all", "reason": "x"}, 400)
    assert remove(bob, {"numbers": [2, 3], "reason": "sent twice"}, 200) == {"removed": 2}
    assert set(Removal.objects.values_list("kind", "reason", "record__number")) == {
        ("other", "sent twice", 2),
        ("other", "sent twice", 3),
    }


# ---------------------------------------------------------------- what the records say


def test_values_are_counted_with_spelling_variants_gathered(review, search, library, alice, as_person):
    factories.record(
        search, language="English; French", publication_types=["editorials", "Letter"], year=2001
    )
    factories.record(search, language="Engl", publication_types=["Editorial"])
    assert languages_found(review).found == (("English", 3), ("German", 2), ("French", 1))
    assert (languages_found(review).unread, languages_found(review).unstated) == ((("Engl", 1),), 1)
    assert types_found(review).found == (("Editorial", 3), ("Letter", 1))
    assert types_found(review).unstated == 4
    years = years_found(review)
    assert (years.first, years.last, years.unstated) == (1985, 2020, 2)
    told = as_person(alice).get(f"{RULES}values/").json()
    assert told["languages"]["found"][0] == {"value": "English", "n": 3}
    assert told["publication_types"]["unstated"] == 4
    assert told["years"] == {"first": 1985, "last": 2020, "unstated": 2}


def test_values_count_what_a_rule_took_out_and_not_what_counts_nowhere(review, library, alice, english):
    apply_rules(review=review, by=alice)
    assert dict(languages_found(review).found)["German"] == 2
    type(library).objects.update(withdrawn_at=library.imported_at)
    assert (languages_found(review).found, years_found(review).first) == ((), None)


# ---------------------------------------------------------------- the command


def command(*options) -> dict:
    out = io.StringIO()
    call_command("apply_rules", "myeloma", "--json", *options, stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def test_the_command_looks_and_changes_nothing(review, alice, bob, english, recent):
    apply_rules(review=review, by=alice)
    undo_rules(review=review, by=alice, rule=english, reason="x")
    vote(number(2), bob)
    events = Event.objects.count()
    told = command("--dry-run")
    assert (told["looked_at"], told["would_remove"], told["removed"], told["application"]) == (4, 1, 0, None)
    assert told["rules"] == [
        {
            "rule": english.pk,
            "words": "language is not English",
            "would_remove": 1,
            "judged_already": 1,
            "brought_back": 0,
        },
        {
            "rule": recent.pk,
            "words": "year is before 1990",
            "would_remove": 0,
            "judged_already": 0,
            "brought_back": 0,
        },
    ]
    assert (to_screen(), Event.objects.count()) == ([1, 2, 3, 4], events)


def test_the_command_applies_as_the_first_lead_or_whoever_is_named(review, alice, english):
    told = command()
    assert (told["looked_at"], told["removed"], told["dry_run"]) == (5, 2, False)
    assert told["rules"] == [{"rule": english.pk, "words": "language is not English", "removed": 2}]
    assert RuleApplication.objects.get(pk=told["application"]).by == alice
    assert to_screen() == [1, 4, 5]


def test_the_command_says_it_in_words(review, english, capsys):
    call_command("apply_rules", "myeloma", "--dry-run")
    assert capsys.readouterr().out == (
        "5 records looked at; 2 would be marked as ineligible. Nothing was changed.\n"
        "       2  language is not English\n"
    )
    call_command("apply_rules", "myeloma")
    assert capsys.readouterr().out == (
        "5 records looked at, 2 marked as ineligible.\n       2  language is not English\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["nowhere"], "no review “nowhere”"),
        (["myeloma", "--by", "bob@example.org"], "may not do this"),
        (["myeloma"], "There is no rule to apply."),
    ],
)
def test_the_command_refuses_in_words(review, options, words):
    with pytest.raises(CommandError, match=words):
        call_command("apply_rules", *options)
    assert not Event.objects.exists()
    assert rules_in_force(review) == []
