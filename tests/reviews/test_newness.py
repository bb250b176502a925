"""What is new with a search, what was there, what it repeats: the numbers, the lists behind them, and their sums."""

import random

import pytest

from reviews import importing, newness
from reviews.models import Record
from reviews.views.records import records_shown
from tests import factories


@pytest.fixture
def three(review, alice):
    """Three searches: the second has a paper of the first twice, and a pair of its own; the third has both."""
    one, two, three = (factories.search(review, by=alice, source=name) for name in "ABC")
    first = factories.record(one)  # 1
    factories.record(one)  # 2: alone
    second = factories.record(two)  # 3: there
    third = factories.record(two)  # 4: there, once more
    own = factories.record(two)  # 5: new
    twin = factories.record(two)  # 6: repeated
    fifth = factories.record(three)  # 7: there: A and B had it
    sixth = factories.record(three)  # 8: there: B had it
    link(fifth, first, second, third)
    link(own, twin, sixth)
    return one, two, three


def link(root, *others):
    Record.objects.filter(pk__in=[each.pk for each in others]).update(duplicate_of=root)


def told(review) -> dict[str, tuple[int, int, int, int]]:
    names = {search.pk: search.source for search in review.searches.all()}
    return {
        names[pk]: (each.found, each.new, each.there, each.repeated)
        for pk, each in newness.brought_by_searches(review).items()
    }


def numbers(review, **params) -> list[int]:
    return [record.number for record in records_shown(review, {k: str(v) for k, v in params.items()})]


def test_what_is_new_was_there_or_is_repeated_whichever_record_stays(review, three):
    assert told(review) == {"A": (2, 2, 0, 0), "B": (4, 1, 2, 1), "C": (2, 0, 2, 0)}
    one, two, three_ = three
    assert newness.brought_by_searches(review)[three_.pk].had == {one.pk: 1, two.pk: 2}


def test_the_lists_are_those_the_numbers_count(review, three):
    _one, two, three_ = three
    assert numbers(review, search=two.pk, only="new") == [5]
    assert numbers(review, search=two.pk, only="there") == [3, 4]
    assert numbers(review, search=three_.pk, only="there") == [7, 8]
    assert numbers(review, only="new") == [1, 2, 5]


def test_an_undone_search_had_nothing(review, three, alice):
    one, _two, _three = three
    importing.withdraw_search(search=one, by=alice, reason="wrong")
    assert told(review) == {"B": (4, 2, 0, 2), "C": (2, 0, 2, 0)}
    assert numbers(review, only="new") == [3, 5]
    importing.restore_search(search=one, by=alice)
    assert told(review)["B"] == (4, 1, 2, 1)


@pytest.mark.parametrize("seed", range(5))
def test_numbers_and_lists_agree_in_any_review(review, alice, seed):
    dice = random.Random(seed)
    searches = [factories.search(review, by=alice, source=f"S{n}") for n in range(4)]
    records = [factories.record(search) for search in searches for _ in range(dice.randrange(1, 7))]
    dice.shuffle(records)
    while len(records) > 1:
        size = min(dice.randrange(1, 5), len(records))
        root, *others = [records.pop() for _ in range(size)]
        link(root, *others)
    importing.withdraw_search(search=dice.choice(searches), by=alice, reason="wrong")
    brought = newness.brought_by_searches(review)
    for pk, each in brought.items():
        assert len(numbers(review, search=pk, only="new")) == each.new
        assert len(numbers(review, search=pk, only="there")) == each.there
        assert len(numbers(review, search=pk)) == each.found
    papers = {record.duplicate_of_id or record.pk for record in Record.objects.found()}
    assert sum(each.new for each in brought.values()) == len(papers)
