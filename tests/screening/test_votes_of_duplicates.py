"""What becomes of votes when two records are linked and parted again, told through the doors people use.

The rule: reviews/duplicate_groups.py (who stays) and docs/adr/0012-what-duplicates-share.md (what stands). Whatever was
voted, no row of judgement changes, PRISMA adds up at every step, and nobody is shown more than before.
"""

import re
import uuid
from dataclasses import dataclass

import pytest
from django.urls import reverse

from reviews import prisma
from reviews.flow_identities import identities
from reviews.models import Record
from screening import queue
from screening.models import Conflict, Decision, Resolution
from screening.visibility import had_seen
from tests import factories
from tests.screening.scene import ROOM, TA, text_of, vote

YES, NO = "include", "exclude"


@dataclass(frozen=True)
class Case:
    """Votes on #1 and #2 in order ("bob+": bob includes), a settling by alice, and what stands once they are linked."""

    first: str
    second: str
    stays: int
    waits_for: str  # those of bob and carol who are asked about the paper while it is linked
    settles: tuple[int, str] | None = None  # alice settles the conflict on this record so
    answer: str = ""  # what the paper is settled as while it is linked
    disputed: bool = False


CASES = {
    "one person, the same answer twice": Case("bob+", "bob+", 2, "carol"),
    "one person, two answers": Case("bob+", "bob-", 2, "carol"),
    "two people, one each, who agree": Case("bob+", "carol+", 2, "bob"),
    "two people, one each, who disagree": Case("bob+", "carol-", 2, "bob"),
    "one vote on the record that goes under": Case("bob+", "", 2, "bob carol"),
    "one vote on the record that stays": Case("", "bob-", 2, "carol"),
    "a conflict against nothing": Case("bob+ carol-", "", 1, "", disputed=True),
    "a conflict against one vote": Case("bob-", "bob+ carol-", 2, "", disputed=True),
    "two conflicts": Case("bob+ carol-", "bob- carol+", 2, "", disputed=True),
    "settled against one vote": Case("bob- carol-", "bob+", 1, "", answer=NO),
    "excluded against included": Case("bob+ carol+", "bob- carol-", 1, "", answer=YES),
    "included against excluded": Case("bob- carol-", "bob+ carol+", 2, "", answer=YES),
    "a conflict settled on one, open on the other": Case(
        "bob+ carol-", "bob+ carol-", 1, "", settles=(1, NO), answer=NO
    ),
    "a conflict settled as included, excluded on the other": Case(
        "bob- carol-", "bob+ carol-", 2, "", settles=(2, YES), answer=YES
    ),
}


@pytest.fixture
def cast(alice, bob, carol, olive):
    return {"alice": alice, "bob": bob, "carol": carol, "olive": olive}


@pytest.fixture
def two(search):
    return [factories.record(search), factories.record(search, title="The same trial, elsewhere")]


def played(case: Case, two, cast, as_person) -> None:
    """All votes and the settling of a case, each vote with a note of its own."""
    for record, votes in zip(two, (case.first, case.second), strict=True):
        for each in votes.split():
            name, verdict = each[:-1], YES if each[-1] == "+" else NO
            sent = {"record": record.number, "verdict": verdict, "key": str(uuid.uuid4())}
            sent["note"] = f"{name.upper()}ON{record.number}"
            answer = as_person(cast[name]).post(f"{ROOM}decide/", sent)
            assert answer.status_code == 302
    if case.settles:
        number, verdict = case.settles
        conflict = Conflict.objects.get(record__number=number, closed_at__isnull=True)
        address = reverse("resolve", args=["myeloma", conflict.pk])
        as_person(cast["alice"]).post(address, {"verdict": verdict, "explanation": "Read together."})


def judgements() -> list[list[dict]]:
    """Every row of judgement there is."""
    return [list(table.objects.order_by("pk").values()) for table in (Decision, Resolution, Conflict)]


def flow(review) -> dict[str, int]:
    """The numbers of the flow, all identities of which hold."""
    counted = prisma.counts(review)
    assert [each.code for each in identities(counted) if not each.holds] == []
    return counted.counts | counted.open


def notes_shown(cast, as_person) -> dict[str, set[str]]:
    """The notes each person is shown of the two records."""
    shown = {}
    for name, person in cast.items():
        browser = as_person(person)
        pages = [reverse("record_judgement", args=["myeloma", number]) for number in (1, 2)]
        shown[name] = {
            note for page in pages for note in re.findall(r"[A-Z]+ON\d", text_of(browser.get(page)))
        }
    return shown


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost_or_leaked_and_everything_adds_up(name, review, two, cast, as_person):
    case = CASES[name]
    played(case, two, cast, as_person)
    rows, counted, shown = judgements(), flow(review), notes_shown(cast, as_person)
    assert (counted["database_results"], counted["duplicates"], counted["records_screened"]) == (2, 0, 2)

    as_person(cast["alice"]).post(reverse("record_link", args=["myeloma", 1]), {"original": 2})

    stays, under = (two[0], two[1]) if case.stays == 1 else (two[1], two[0])
    assert Record.objects.get(duplicate_of__isnull=True) == stays
    assert judgements() == rows
    linked = flow(review)
    assert (linked["database_results"], linked["duplicates"], linked["records_screened"]) == (2, 1, 1)
    settled = {YES: (0, 1, 0), NO: (1, 0, 0), "": (0, 0, 1)}[case.answer]
    places = ("records_excluded", "dbr_sought_reports", "dbr_in_screening")
    assert tuple(linked[place] for place in places) == settled
    assert linked["dbr_in_conflict"] == case.disputed
    waits = [each for each in ("bob", "carol") if queue.waiting_for(review, TA, cast[each]).exists()]
    assert waits == case.waits_for.split()
    assert all(
        now <= before
        for now, before in zip(notes_shown(cast, as_person).values(), shown.values(), strict=True)
    )

    as_person(cast["alice"]).post(reverse("record_unlink", args=["myeloma", under.number]))

    assert judgements() == rows
    assert flow(review) == counted
    assert notes_shown(cast, as_person) == shown


def test_the_second_vote_on_the_record_that_stays_settles_it_by_the_usual_rule(review, two, cast, as_person):
    """Bob voted on #1, carol on #2. Linked, bob is asked about #2 and disagrees: a conflict, as if on one record."""
    played(CASES["two people, one each, who disagree"], two, cast, as_person)
    as_person(cast["alice"]).post(reverse("record_link", args=["myeloma", 1]), {"original": 2})
    page = text_of(as_person(cast["bob"]).get(ROOM))
    assert "You said “include” of #1 , a duplicate of this record" in page
    assert "CAROLON2" not in page
    assert had_seen(cast["bob"], review, TA, two[1].pk) == (False, False)
    outcome = vote(cast["bob"], two[1], YES)
    assert outcome.conflict is not None
    assert flow(review)["dbr_in_conflict"] == 1

    as_person(cast["alice"]).post(reverse("record_unlink", args=["myeloma", 1]))
    assert Decision.objects.filter(withdrawn_at__isnull=True).count() == 3
    assert flow(review)["dbr_one_vote_in"] == 1
    assert flow(review)["dbr_in_conflict"] == 1


def test_a_conflict_on_a_linked_record_waits_nowhere_and_opens_again(review, two, cast, as_person):
    played(CASES["two conflicts"], two, cast, as_person)
    conflict = Conflict.objects.get(record=two[0])
    browser = as_person(cast["alice"])
    listed = reverse("conflicts", args=["myeloma"])
    assert text_of(browser.get(listed)).count("A trial of plerixafor") == 1
    browser.post(reverse("record_link", args=["myeloma", 1]), {"original": 2})
    assert "A trial of plerixafor" not in text_of(browser.get(listed))
    one = text_of(browser.get(reverse("conflict", args=["myeloma", conflict.pk])))
    assert "#1 is linked as a duplicate of #2, which is judged for both." in one
    rows = judgements()
    answer = browser.post(
        reverse("resolve", args=["myeloma", conflict.pk]), {"verdict": YES, "explanation": "Both read."}
    )
    assert answer.status_code == 409
    assert "linked as a duplicate of #2" in text_of(answer)
    assert judgements() == rows
    browser.post(reverse("record_unlink", args=["myeloma", 1]))
    assert "A trial of plerixafor" in text_of(browser.get(listed))


def test_a_settled_record_that_is_linked_cannot_be_reopened(review, two, cast, as_person):
    played(CASES["included against excluded"], two, cast, as_person)
    browser = as_person(cast["alice"])
    browser.post(reverse("record_link", args=["myeloma", 1]), {"original": 2})
    rows = judgements()
    answer = browser.post(reverse("reopen", args=["myeloma", 1, TA]), {"reason": "Another look."})
    assert answer.status_code == 409
    assert judgements() == rows


def test_a_vote_on_a_linked_record_is_refused_and_names_the_one_that_stays(two, cast, as_person):
    as_person(cast["alice"]).post(reverse("record_link", args=["myeloma", 1]), {"original": 2})
    sent = {"record": 1, "verdict": YES, "key": str(uuid.uuid4())}
    answer = as_person(cast["bob"]).post(f"{ROOM}decide/", sent)
    assert answer.status_code == 409
    assert "linked as a duplicate of #2" in text_of(answer)
    assert not Decision.objects.exists()
