"""What the records of a review say of language, publication type and year, for whoever writes a rule about it.

Counted over the records that a rule may look at and those it took out: found, and not a duplicate of another.
Spelling variants are gathered under one name.
"""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Max, Min, QuerySet

from .languages import languages_in
from .models import Record, Review
from .rule_kinds import type_key


@dataclass(frozen=True)
class Values:
    """Values with how many records say each, the most frequent first; how many say none.

    `unread` are words that are no value known here, as written. A record that says two values counts in both.
    """

    found: tuple[tuple[str, int], ...]
    unread: tuple[tuple[str, int], ...]
    unstated: int


@dataclass(frozen=True)
class Years:
    """The first and the last year of publication, None where no record says one; how many say none."""

    first: int | None
    last: int | None
    unstated: int


def languages_found(review: Review) -> Values:
    """The languages of a review's records, by their English names. One query."""
    known, unread, unstated = Counter[str](), Counter[str](), 0
    for said, n in _records(review).values_list("language").annotate(n=Count("pk")).order_by():
        read = languages_in(said)
        known.update(dict.fromkeys(read.known, n))
        unread.update(dict.fromkeys(read.unknown, n))
        unstated += n if not read.known and not read.unknown else 0
    return Values(_ordered(known), _ordered(unread), unstated)


def types_found(review: Review) -> Values:
    """The publication types of a review's records, each in its most frequent spelling. One query."""
    spellings: dict[str, Counter[str]] = {}
    numbers, unstated = Counter[str](), 0
    for said, n in _records(review).values_list("publication_types").annotate(n=Count("pk")).order_by():
        keys: dict[str, None] = {}
        for word in said or ():
            if key := type_key(str(word)):
                spellings.setdefault(key, Counter())[str(word)] += n
                keys[key] = None
        numbers.update(dict.fromkeys(keys, n))
        unstated += 0 if keys else n
    return Values(_ordered(Counter({_usual(spellings[key]): n for key, n in numbers.items()})), (), unstated)


def years_found(review: Review) -> Years:
    """The years of a review's records. One query."""
    told = _records(review).aggregate(first=Min("year"), last=Max("year"), n=Count("pk"), said=Count("year"))
    return Years(told["first"], told["last"], told["n"] - told["said"])


def _records(review: Review) -> QuerySet[Record]:
    return Record.objects.filter(review=review, duplicate_of__isnull=True).found()


def _ordered(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counted.items(), key=lambda each: (-each[1], each[0].casefold())))


def _usual(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda word: (-spellings[word], word))
