"""Bringing decisions along by page, program and terminal: by leads alone, seen first, undone with a reason."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from reviews.models import Event
from screening.models import Bringing, Decision, Resolution
from tests import factories
from tests.screening.scene import FT, TA, carried, criterion_of, text_of
from tests.walk import Person


@pytest.fixture
def file(search):
    """Two people on three records: they agree on one, differ on one, and one is judged by one of them."""
    records = [factories.record(search, title=f"Trial {n}") for n in range(3)]
    for record, verdict in zip(records, ("include", "exclude", "include"), strict=True):
        carried(
            record, "Ann", verdict, reasons=["wrong drug"] if verdict == "exclude" else [], labels=["rct"]
        )
    carried(records[0], "Ben", "include"), carried(records[1], "Ben", "include")
    return search


def large(search, n=25):
    for number in range(n):
        carried(
            factories.record(search, title=f"Large {number}"),
            "Ann",
            "exclude",
            reasons=[f"Reason {number % 3}"],
        )


def at(review, search, name="bring_decisions"):
    return reverse(name, args=[review.slug, search.pk])


@pytest.fixture
def lead(alice, as_person):
    """Alice at a browser without scripts."""
    someone = Person("Alice")
    someone.client = as_person(alice)
    return someone


# ---------------------------------------------------------------- the pages


def test_a_lead_is_offered_it_names_people_looks_and_does_it(file, review, lead, bob, carol):
    assert "decisions made in Rayyan by 2 people" in " ".join(
        lead.open("search", review.slug, file.pk).split()
    )
    lead.follow("/decisions/")
    words = lead.send("/decisions/", press=("look", "1"), who0=str(bob.pk), who1=str(carol.pk))
    assert "Bring 5 decisions along" in words
    assert not Decision.objects.exists() and not Event.objects.exists()
    sent = [form for form in lead._read().forms if ("bring", "1") in form.buttons]
    assert len(sent) == 1 and sent[0].fields["who0"] == [str(bob.pk)]
    answer = lead.client.post(
        lead.address, sent[0].fields | {"bring": "1"}, headers={"referer": lead.address}
    )
    assert answer.status_code == 302
    assert Decision.objects.count() == 5
    words = " ".join(lead.open("search", review.slug, file.pk).split())
    assert "5 decisions brought along. Records: 1 settled, 1 in conflict, 1 waiting." in words


def test_a_reviewer_is_told_that_a_lead_can_and_no_more(file, review, bob, olive, as_person):
    for who in (bob, olive):
        words = text_of(as_person(who).get(at(review, file, "search")))
        assert "carries what people decided in Rayyan" in words and "people (3" not in words
        assert as_person(who).get(at(review, file)).status_code == 403
        assert (
            as_person(who).post(at(review, file), {"stage": TA, "who0": bob.pk, "bring": "1"}).status_code
            == 403
        )
    assert not Decision.objects.exists()


def test_a_file_that_carries_nothing_offers_nothing(search, record, review, alice, as_person):
    assert "Bring them along" not in text_of(as_person(alice).get(at(review, search, "search")))
    assert as_person(alice).get(at(review, search)).status_code == 404


def test_nobody_named_is_told_and_nothing_is_done(file, review, alice, as_person):
    answer = as_person(alice).post(at(review, file), {"stage": TA, "bring": "1"})
    assert answer.status_code == 400 and "Nobody was named" in text_of(answer)
    assert not Bringing.objects.exists()


def test_somebody_who_is_no_member_cannot_be_chosen(file, review, alice, mallory, as_person):
    answer = as_person(alice).post(at(review, file), {"stage": TA, "who0": mallory.pk, "bring": "1"})
    assert answer.status_code == 422
    assert not Bringing.objects.exists()


def test_the_reasons_of_a_small_file_are_not_shown_and_those_of_a_large_one_are(
    file, review, search, alice, bob, as_person
):
    criterion_of(review, alice, "Reason 1")
    assert "wrong drug" not in text_of(as_person(alice).get(at(review, file)))
    large(search)
    browser = as_person(alice)
    words = text_of(browser.get(at(review, search)))
    assert "wrong drug" in words and "Reason 2" in words
    browser.post(at(review, search), {"stage": TA, "who0": bob.pk, "why0": "", "bring": "1"})
    assert Decision.objects.filter(reason__isnull=False).count() == 0
    notes = set(Decision.objects.values_list("note", flat=True))
    assert "Reason given there: Reason 1" in notes


def test_a_reason_called_as_a_criterion_is_that_criterion_unless_one_says_otherwise(
    review, search, alice, bob, as_person
):
    one = criterion_of(review, alice, "reason 1")
    large(search)
    browser = as_person(alice)
    shown = browser.get(at(review, search)).content.decode()
    assert f'<option value="{one.pk}" selected>' in shown
    browser.post(at(review, search), {"stage": TA, "who0": bob.pk, "why1": one.pk, "bring": "1"})
    assert Decision.objects.filter(reason=one).count() == 8


def test_at_full_text_without_criteria_the_page_says_what_is_missing(file, review, alice, as_person):
    words = text_of(as_person(alice).get(at(review, file), {"stage": FT}))
    assert "There are no criteria at full text yet" in words


def test_a_list_of_covidence_asks_what_it_is(search, record, review, alice, bob, as_person):
    carried(record, "", "", tool="covidence")
    browser = as_person(alice)
    assert "Everything in this file was" in text_of(browser.get(at(review, search)))
    browser.post(at(review, search), {"stage": TA, "who0": bob.pk, "listed": "exclude", "bring": "1"})
    assert Decision.objects.get().verdict == "exclude"


def test_taking_it_back_needs_a_reason_and_leaves_the_bringing_on_the_page(
    file, review, alice, bob, as_person
):
    browser = as_person(alice)
    browser.post(at(review, file), {"stage": TA, "who0": bob.pk, "bring": "1"})
    undo = reverse("bringing_undo", args=[review.slug, Bringing.objects.get().pk])
    assert browser.post(undo, {"reason": " "}).status_code == 422
    assert Decision.objects.filter(withdrawn_at=None).count() == 3
    answer = browser.post(undo, {"reason": "Ann is Carol."}, follow=True)
    words = text_of(answer)
    assert (
        "3 decisions withdrawn" in words and "Ann is Carol." in words and "No decision of it stands" in words
    )
    assert browser.post(undo, {"reason": "Again."}).status_code == 409


def test_the_page_asks_the_same_of_the_database_however_large_the_file(
    review, search, alice, as_person, django_assert_num_queries
):
    browser = as_person(alice)
    for n in (2, 12):
        large(search, n)
        with django_assert_num_queries(13):
            assert browser.get(at(review, search)).status_code == 200


def test_who_may_see_finds_labels_and_notes_of_the_other_tool_beside_the_votes(
    file, review, search, alice, bob, carol, as_person
):
    record = search.records.get(number=2)
    address = reverse("record_judgement", args=[review.slug, record.number])
    assert "is sealed until it is judged, at full text" in text_of(as_person(alice).get(address))
    Resolution.objects.create(
        record=record,
        stage=TA,
        verdict="exclude",
        how="agreement",
        by=alice,
        made_at=record.search.imported_at,
    )
    words = text_of(as_person(alice).get(address))
    assert "Labels in Rayyan: rct" in words and "Reasons: wrong drug" in words


# ---------------------------------------------------------------- programs


def test_a_program_looks_tries_does_and_undoes(file, review, alice, bob, carol, as_person):
    browser, address = as_person(alice), at(review, file, "api_bring_decisions")
    told = browser.get(address).json()
    assert told["names"] == [
        {"name": "Ann", "decided": 3, "noted": 0},
        {"name": "Ben", "decided": 2, "noted": 0},
    ]
    assert (told["tool"], told["records"], told["reasons"], told["bringings"]) == ("rayyan", 3, None, [])
    asked = {"stage": TA, "people": {"Ann": "bob@example.org", "Ben": "CAROL@example.org"}}
    tried = browser.post(address, asked | {"dry_run": True}, content_type="application/json")
    assert (tried.status_code, tried.json()["bringing"]) == (200, None)
    assert not Bringing.objects.exists()
    done = browser.post(address, asked, content_type="application/json")
    assert done.status_code == 201 and done.json()["figures"] == tried.json()["figures"]
    undo = reverse("api_bringing_undo", args=[review.slug, done.json()["bringing"]["id"]])
    assert browser.post(undo, {"reason": "No."}).json() == {"withdrawn": 5, "kept": 0}
    assert browser.get(address).json()["bringings"][0]["why_undone"] == "No."


def test_a_program_is_refused_in_words(file, review, alice, bob, mallory, as_person):
    address = at(review, file, "api_bring_decisions")
    answer = as_person(alice).post(
        address, {"stage": TA, "people": {"Ann": "mallory@example.org"}}, content_type="application/json"
    )
    assert answer.status_code == 400 and "does not screen" in answer.json()["error"]["what"]
    assert as_person(bob).get(address).status_code == 403


# ---------------------------------------------------------------- a terminal


def test_a_terminal_says_what_there_is_tries_and_does(file, review, alice, bob, capsys):
    asked = ["bring_decisions", review.slug, str(file.pk)]
    call_command(*asked)
    assert capsys.readouterr().out.splitlines() == [
        "rayyan: decisions on 3 records", "  Ann: 3 decisions, 0 notes", "  Ben: 2 decisions, 0 notes",
    ]  # fmt: skip
    call_command(*asked, "--map", "Ann=bob@example.org", "--dry-run", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["bringing"], told["figures"]["decisions"], Decision.objects.count()) == (None, 3, 0)
    call_command(*asked, "--map", "Ann=bob@example.org")
    assert "3 decisions brought along: 0 records settled, 0 in conflict, 3 waiting" in capsys.readouterr().out
    assert Bringing.objects.get().by == alice


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--map", "Ann"], "wants two words"),
        (["--map", "Ann=olive@example.org"], "does not screen"),
        (["--map", "Ann=bob@example.org", "--by", "bob@example.org"], "may not do this"),
        (["--map", "Ann=bob@example.org", "--reason", "x=No such"], "No criterion"),
        (["--map", "Ann=bob@example.org", "--listed", "include"], "Only a file of Covidence"),
    ],
)
def test_a_terminal_is_refused_in_words(file, review, bob, olive, more, words):
    with pytest.raises(CommandError, match=words):
        call_command("bring_decisions", review.slug, str(file.pk), *more)
    assert not Decision.objects.exists()


def test_a_reason_is_named_by_the_label_of_its_criterion(file, review, alice, bob):
    drug = criterion_of(review, alice, "Drug")
    asked = ["--map", "Ann=bob@example.org", "--reason", "wrong drug=Drug"]
    call_command("bring_decisions", review.slug, str(file.pk), *asked)
    assert Decision.objects.get(verdict="exclude").reason == drug
