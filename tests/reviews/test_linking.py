"""What people say of duplicates and take back: who stays, how groups part, and that no word blocks another."""

from itertools import pairwise

import pytest

from reviews import dedup
from reviews.duplicate_groups import Standing, elect, votes_on
from reviews.models import DuplicatePair, Event, Record, Report, Study
from reviews.refusals import BadInput, Refused
from reviews.removing import remove_record
from screening import conflicts
from screening.models import Conflict
from tests import factories
from tests.reviews.test_dedup import LIKELY, PAPER, last_event, linked_to
from tests.screening.scene import FT, vote


@pytest.fixture
def three(search):
    return [factories.record(search) for _ in range(3)]


def link(records, by):
    """One group of these records, under the first."""
    for record in records[1:]:
        dedup.link_records(record=record, original=records[0], by=by)


def verdicts() -> dict[tuple[int, int], str]:
    pairs = DuplicatePair.objects.select_related("a", "b")
    return {(pair.a.number, pair.b.number): pair.verdict for pair in pairs}


# ---------------------------------------------------------------- who stays


def test_each_rule_of_who_stays_outweighs_all_that_follow_it(search):
    """Ten standings, each one rule better than the one before it, whatever the later rules say."""
    poor, rich = factories.record(search, title="A", abstract=""), factories.record(search, doi="10.1/x")
    ladder = [
        Standing(),
        Standing(removed=True),
        Standing(votes=1),
        Standing(votes=2, removed=True),
        Standing(disputed=True),
        Standing(settled=1),
        Standing(settled=1, disputed=True, votes=5),
        Standing(settled=1, studied=True),
        Standing(settled=1, included=True),
        Standing(settled=2),
        Standing(settled=2, included=True),
    ]
    for worse, better in pairwise(ladder):
        assert worse < better
        standings = {poor.pk: better, rich.pk: worse}
        assert elect([poor, rich], votes=standings, withdrawn=()) == poor
    named = elect([poor, rich], votes={rich.pk: Standing(votes=9)}, withdrawn=(), named=poor.pk)
    assert named == poor
    judged = elect([poor, rich], votes={rich.pk: Standing(settled=1)}, withdrawn=(), named=poor.pk)
    assert judged == rich


def test_how_far_records_were_judged_is_read_from_what_stands(review, search, alice, bob, carol):
    new, voted, disputed, excluded, included, read, removed = (factories.record(search) for _ in range(7))
    vote(bob, voted)
    for record, verdict in ((disputed, "include"), (excluded, "exclude"), (included, "include")):
        vote(bob, record, verdict)
        vote(carol, record, "exclude" if verdict == "exclude" or record == disputed else "include")
    study = Study.objects.create(review=review, label="Moss 2019")
    Report.objects.filter(record=included).update(study=study)
    for person in (bob, carol):
        vote(person, read)
    Report.objects.filter(record=read).update(retrieval="retrieved", text="We gave it to 12.")
    reason = factories.criterion(review, by=alice, stage=FT)
    for person in (bob, carol):
        vote(person, read, "exclude", FT, reason=reason)
    remove_record(record=removed, by=alice, reason="retracted")

    assert votes_on(record.pk for record in Record.objects.all()) == {
        voted.pk: Standing(votes=1),
        disputed.pk: Standing(disputed=True, votes=2),
        excluded.pk: Standing(settled=1, votes=2),
        included.pk: Standing(settled=1, included=True, studied=True, votes=2),
        read.pk: Standing(settled=2, votes=4),
        removed.pk: Standing(removed=True),
    }
    assert new.pk not in votes_on([new.pk])


def test_an_included_paper_never_goes_under_an_excluded_one_whoever_links_them(search, alice, bob, carol):
    included, excluded = factories.record(search, title="A", abstract=""), factories.record(search, doi="1")
    for person in (bob, carol):
        vote(person, included)
        vote(person, excluded, "exclude")
    stays = dedup.link_records(record=included, original=excluded, by=alice)
    assert stays == included
    assert linked_to(included, excluded) == [None, included.pk]
    event = last_event()
    assert (event.verb, event.record, event.after) == (
        "duplicate.linked",
        excluded,
        {"duplicate_of": 1, "went": 2},
    )


def test_a_conflict_stays_in_the_queue_when_its_record_is_linked_to_one_nobody_judged(
    search, alice, bob, carol
):
    disputed, fresh = factories.record(search), factories.record(search)
    vote(bob, disputed)
    vote(carol, disputed, "exclude")
    assert dedup.link_records(record=disputed, original=fresh, by=alice) == disputed
    assert Conflict.objects.filter(record__duplicate_of__isnull=True, closed_at__isnull=True).count() == 1


def test_no_run_brings_a_removed_paper_back(review, search, alice):
    """Somebody removed the paper with a reason; a fuller entry of it in a later search changes nothing."""
    removed = factories.record(search, **PAPER, abstract="")
    remove_record(record=removed, by=alice, reason="retracted")
    fuller = factories.record(search, **PAPER, doi="10.1/x", pmid="7")
    dedup.find_duplicates(review=review, by=alice)
    assert linked_to(removed, fuller) == [None, removed.pk]
    assert not Record.objects.to_screen().exists()


def test_votes_play_no_part_where_a_person_links_because_what_stays_would_tell_of_them(
    review, search, alice, bob, carol
):
    """Bob judges the pair; which record stays is the same whether or not carol has voted on the other."""
    stays = []
    for voted in (False, True):
        a, b = factories.record(search, **PAPER), factories.record(search, **LIKELY, abstract="")
        if voted:
            vote(carol, b)
        pair = DuplicatePair.objects.create(review=review, a=a, b=b, score=0.9, why=[])
        dedup.judge_pair(pair=pair, by=bob, same=True)
        stays.append((linked_to(a)[0] is None, linked_to(b)[0] == a.pk))
    assert stays == [(True, True), (True, True)]


# ---------------------------------------------------------------- a word taken back


def test_a_judgement_taken_back_is_a_question_again(review, search, alice, bob):
    a, b = factories.record(search, **PAPER), factories.record(search, **LIKELY)
    dedup.find_duplicates(review=review, by=alice)
    pair = DuplicatePair.objects.get()
    for same in (True, False):
        dedup.judge_pair(pair=pair, by=bob, same=same)
        assert dedup.take_back(pair=pair, by=bob, reason="slipped") is False
        pair.refresh_from_db()
        assert (pair.verdict, pair.decided_by, pair.decided_at, pair.rule) == ("", None, None, "")
        assert linked_to(a, b) == [None, None]
        assert list(dedup.waiting_pairs(review)) == [pair]
    assert [(event.verb, event.before, event.after) for event in Event.objects.order_by("seq")[1:]] == [
        ("pair.judged", {"verdict": "", "rule": ""}, {"verdict": "same", "stays": 1, "went": 2}),
        ("duplicate.unlinked", {"verdict": "same", "duplicate_of": 1}, {"verdict": "taken back", "parted": [2]}),
        ("pair.judged", {"verdict": "", "rule": ""}, {"verdict": "different", "stays": 1}),
        ("pair.judged", {"verdict": "different"}, {"verdict": "taken back", "parted": []}),
    ]  # fmt: skip
    assert last_event().reason == "slipped"


def test_two_records_linked_by_hand_that_no_rule_would_ask_about_are_forgotten(search, alice, bob):
    a = factories.record(search, **PAPER)
    b = factories.record(search, title="Costs of renal care in nine countries", year=1988)
    dedup.link_records(record=b, original=a, by=bob)
    dedup.take_back(pair=DuplicatePair.objects.get(), by=bob)
    assert linked_to(a, b) == [None, None]
    assert not DuplicatePair.objects.exists()


def test_taking_one_link_back_parts_two_groups_as_they_were(search, alice, bob):
    a, a1, b, b1, b2 = (factories.record(search) for _ in range(5))
    link([a, a1], alice)
    link([b, b1, b2], alice)
    dedup.link_records(record=b1, original=a, by=bob)
    assert linked_to(a, a1, b, b1, b2) == [None, a.pk, a.pk, a.pk, a.pk]
    pair = DuplicatePair.objects.get(a=a, b=b1)
    assert dedup.take_back(pair=pair, by=bob) is False
    assert linked_to(a, a1, b, b1, b2) == [None, a.pk, None, b.pk, b.pk]
    assert last_event().after["parted"] == [3, 4, 5]


def test_what_another_link_holds_together_stays_together(three, alice, bob):
    a, b, c = three
    link(three, alice)
    pair = DuplicatePair.objects.create(review=a.review, a=b, b=c, score=0.5, why=[])
    dedup.judge_pair(pair=pair, by=bob, same=True)
    assert dedup.take_back(pair=pair, by=bob) is True
    assert linked_to(a, b, c) == [None, a.pk, a.pk]


def test_the_one_that_stays_changes_sides_with_its_own_links(search, alice, bob, carol):
    """b was judged, so it became the one that stays; taking the link back leaves it with its own duplicate."""
    a, b, b1 = (factories.record(search) for _ in range(3))
    for person in (bob, carol):
        vote(person, b)
    link([b, b1], alice)
    assert dedup.link_records(record=b, original=a, by=alice) == b
    dedup.take_back(pair=DuplicatePair.objects.get(a=a, b=b), by=alice)
    assert linked_to(a, b, b1) == [None, None, b.pk]


def test_of_a_group_that_parts_the_record_stays_that_stayed_before(search, alice, bob):
    """#3 was named to stay although #4 is fuller; going under #1 and coming back must not change that."""
    a, a1, b, b1 = (factories.record(search) for _ in range(4))
    b1.doi = "10.1/fuller"
    b1.save(update_fields=["doi"])
    link([a, a1], alice)
    link([b, b1], alice)
    dedup.link_records(record=b, original=a, by=bob)
    assert linked_to(a, a1, b, b1) == [None, a.pk, a.pk, a.pk]
    dedup.take_back(pair=DuplicatePair.objects.get(a=a, b=b), by=bob)
    assert linked_to(a, a1, b, b1) == [None, a.pk, None, b.pk]


def test_only_what_a_person_said_is_taken_back(review, search, alice, bob):
    factories.record(search, **PAPER)
    factories.record(search, **PAPER)
    dedup.find_duplicates(review=review, by=alice)
    events = Event.objects.count()
    with pytest.raises(Refused, match="Nobody judged this pair"):
        dedup.take_back(pair=DuplicatePair.objects.get(), by=bob)
    assert Record.objects.filter(duplicate_of__isnull=False).count() == 1
    assert Event.objects.count() == events


# ---------------------------------------------------------------- unlinking and linking again


def test_an_unlink_in_a_group_of_three_can_be_undone(review, search, alice, bob, carol):
    """It said two things at once; neither may block the other when one of them is said again."""
    a, b, c = (factories.record(search, **PAPER) for _ in range(3))
    dedup.find_duplicates(review=review, by=alice)
    dedup.unlink_record(record=c, by=bob)
    assert verdicts() == {(1, 2): "same", (1, 3): "different", (2, 3): "different"}
    dedup.link_records(record=c, original=b, by=carol)
    assert linked_to(a, b, c) == [None, a.pk, a.pk]
    assert verdicts() == {(1, 2): "same", (1, 3): "", (2, 3): "same"}


def test_what_somebody_said_in_another_act_still_stands_in_the_way(three, alice, bob, carol):
    a, b, c = three
    link([a, b], alice)
    pairs = {
        left: DuplicatePair.objects.create(review=a.review, a=left, b=c, score=0.5, why=[]) for left in (a, b)
    }
    dedup.judge_pair(pair=pairs[a], by=bob, same=False)
    dedup.judge_pair(pair=pairs[b], by=carol, same=False)
    events = Event.objects.count()
    with pytest.raises(Refused, match="Carol judged #2 and #3 different"):
        dedup.judge_pair(pair=pairs[a], by=bob, same=True)
    assert verdicts() == {(1, 2): "same", (1, 3): "different", (2, 3): "different"}
    assert linked_to(a, b, c) == [None, a.pk, None]
    assert Event.objects.count() == events


def test_the_one_that_stays_can_leave_and_the_others_choose_anew(three, alice, bob):
    a, b, c = three
    link(three, alice)
    c.doi = "10.1/fuller"
    c.save(update_fields=["doi"])
    dedup.unlink_record(record=a, by=bob)
    assert linked_to(a, b, c) == [None, c.pk, None]
    assert last_event().before == {"duplicates": [2, 3]}
    dedup.unlink_record(record=c, by=bob)
    assert linked_to(a, b, c) == [None, None, None]


def test_a_record_is_no_duplicate_of_itself_and_of_no_other_review(three, alice):
    with pytest.raises(BadInput, match="duplicate of itself"):
        dedup.link_records(record=three[0], original=three[0], by=alice)
    assert not Event.objects.exists()


def test_a_settled_conflict_counts_as_settled(search, alice, bob, carol):
    record = factories.record(search)
    vote(bob, record)
    vote(carol, record, "exclude")
    conflicts.resolve(conflict=Conflict.objects.get(), by=alice, verdict="include", explanation="Together.")
    assert votes_on([record.pk]) == {record.pk: Standing(settled=1, included=True, votes=2)}
