"""Imports, links and undone imports at the same moment, on a database that lets people try."""

import pytest

from reviews import dedup, importing
from reviews.models import DuplicatePair, Event, Record, Search
from tests import factories
from tests.reviews.test_dedup import LIKELY, PAPER
from tests.reviews.test_importing import PAGE, TWO, imported
from tests.reviews.test_members_races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AGAIN = pytest.mark.parametrize("_again", range(5))


@pytest.fixture
def people():
    alice, bob = factories.person("alice"), factories.person("bob")
    return factories.review(lead=alice, reviewers=[bob]), alice, bob


def links_are_one_deep() -> bool:
    return not Record.objects.filter(duplicate_of__duplicate_of__isnull=False).exists()


@AGAIN
def test_two_imports_at_once_give_every_record_its_own_number(people, _again):
    review, alice, bob = people
    assert at_once(
        lambda: imported(review, alice), lambda: imported(review, bob, data=PAGE, file_name="")
    ) == ["done", "done"]
    assert sorted(Record.objects.values_list("number", flat=True)) == [1, 2, 3]


@AGAIN
def test_the_same_file_sent_twice_at_once_is_counted_once(people, settings, _again):
    from pathlib import Path

    review, alice, bob = people
    outcomes = at_once(lambda: imported(review, alice), lambda: imported(review, bob))
    assert sorted(outcome == "done" for outcome in outcomes) == [False, True]
    assert Search.objects.count() == 1
    assert Record.objects.count() == 2
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in files] == [TWO]


@AGAIN
def test_two_people_who_link_two_records_both_ways_at_once_make_one_link(people, _again):
    review, alice, bob = people
    search = factories.search(review, by=alice)
    a, b = factories.record(search), factories.record(search)
    outcomes = at_once(
        lambda: dedup.link_records(record=a, original=b, by=alice),
        lambda: dedup.link_records(record=b, original=a, by=bob),
    )
    assert sorted(outcome == "done" for outcome in outcomes) == [False, True]
    assert Record.objects.filter(duplicate_of__isnull=False).count() == 1
    assert Event.objects.filter(verb="duplicate.linked").count() == 1


@AGAIN
def test_links_that_meet_in_one_group_never_chain(people, _again):
    review, alice, bob = people
    search = factories.search(review, by=alice)
    a, b, c, d = (factories.record(search) for _ in range(4))
    outcomes = at_once(
        lambda: dedup.link_records(record=a, original=b, by=alice),
        lambda: dedup.link_records(record=b, original=c, by=bob),
        lambda: dedup.link_records(record=d, original=a, by=alice),
    )
    assert outcomes == ["done"] * 3
    assert links_are_one_deep()
    assert Record.objects.filter(duplicate_of__isnull=False).count() == 3


@AGAIN
def test_same_and_different_said_at_once_leave_a_pair_that_agrees_with_its_link(people, _again):
    review, alice, bob = people
    search = factories.search(review, by=alice)
    a, b = factories.record(search, **PAPER), factories.record(search, **LIKELY)
    pair = DuplicatePair.objects.create(review=review, a=a, b=b, score=0.9, why=[])
    assert (
        at_once(
            lambda: dedup.judge_pair(pair=pair, by=alice, same=True),
            lambda: dedup.judge_pair(pair=pair, by=bob, same=False),
            lambda: dedup.find_duplicates(review=review, by=alice),
        )
        == ["done"] * 3
    )
    pair.refresh_from_db()
    linked = Record.objects.filter(duplicate_of__isnull=False).exists()
    assert linked == (pair.verdict == "same")


@AGAIN
def test_two_runs_of_the_detection_at_once_link_once(people, _again):
    review, alice, bob = people
    search = factories.search(review, by=alice)
    for _ in range(3):
        factories.record(search, **PAPER)
    assert at_once(
        lambda: dedup.find_duplicates(review=review, by=alice),
        lambda: dedup.find_duplicates(review=review, by=bob),
    ) == ["done", "done"]
    assert links_are_one_deep()
    assert Record.objects.filter(duplicate_of__isnull=False).count() == 2
    assert DuplicatePair.objects.filter(verdict="same").count() == 3


@AGAIN
def test_a_link_made_while_the_originals_import_is_undone_never_hides_the_paper(people, _again):
    review, alice, bob = people
    one, two = factories.search(review, by=alice), factories.search(review, by=alice, source="Embase")
    original, other = factories.record(one), factories.record(two)
    at_once(
        lambda: importing.withdraw_search(search=one, by=alice, reason="wrong"),
        lambda: dedup.link_records(record=other, original=original, by=bob),
    )
    other.refresh_from_db()
    assert list(Record.objects.to_screen()) == [other]
