"""Which records a record may be a duplicate of: what a person who marks one is offered, the likeliest first.

Found by what is indexed or cheap to look for (pairs that wait already, identifiers, the longest words of the title),
then compared by the same likeness as everywhere. Reads only, and nothing of any judgement: who may vote on a record
learns nothing here of others' votes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from django.db.models import Q, QuerySet

from .duplicate_groups import elect, members_of, settled_on, withdrawn_searches
from .likeness import Likeness, Outcome, compare
from .likeness_fields import facts_of, title_words
from .models import DuplicatePair, Record, Removal
from .record_search import matching

COMPARED_AT_MOST = 200
_BY_OUTCOME = {Outcome.CERTAIN: 0, Outcome.UNSURE: 1, Outcome.DIFFERENT: 2}


@dataclass(frozen=True)
class Likely:
    """A record that may be the same paper. `waiting`: the pair is in the queue. `stays`: what it is linked to."""

    record: Record
    likeness: Likeness
    waiting: bool

    @property
    def stays(self) -> Record:
        """The record that stays of its group: it itself, unless it is linked to another."""
        return self.record.duplicate_of or self.record


def likely_originals(record: Record, words: str = "", *, most: int = 10) -> list[Likely]:
    """The records that this one is most likely a duplicate of; with `words`, those that fit them.

    None of its own group, none of an undone import; one of each other group. A fixed number of queries.
    """
    own = set(members_of([record.pk]))
    others = Record.objects.filter(review=record.review_id).found().exclude(pk__in=own)
    waiting = _waiting(own)
    if words.strip():
        found = list(_loaded(matching(others, words).order_by("number")))
    else:
        found = _near(record, others, waiting)
    facts = facts_of(record)
    candidates = [Likely(each, compare(facts, facts_of(each)), each.pk in waiting) for each in found]
    named = words.strip().lstrip("# ")
    candidates.sort(
        key=lambda likely: (
            str(likely.record.number) != named,
            not likely.waiting,
            _BY_OUTCOME[likely.likeness.outcome],
            -likely.likeness.score,
            likely.record.number,
        )
    )
    return _one_of_each_group(candidates)[:most]


def would_stay(record: Record, original: Record) -> Record:
    """Which of the two groups' records would stay if `record` were marked as a duplicate of `original` now."""
    roots = [record.duplicate_of or record, original.duplicate_of or original]
    standing = settled_on(root.pk for root in roots)
    return elect(roots, votes=standing, withdrawn=withdrawn_searches(roots), named=roots[1].pk)


def removals_of(records: Iterable[Record]) -> dict[int, Removal]:
    """By key, why records were removed before screening: a link to such a one takes the other out as well."""
    found = Removal.objects.filter(record__in=[each.pk for each in records], withdrawn_at__isnull=True)
    return {removal.record_id: removal for removal in found}


def _waiting(own: set[int]) -> set[int]:
    """The records that an open pair holds beside one of these."""
    pairs = DuplicatePair.objects.filter(Q(a__in=own) | Q(b__in=own), verdict=DuplicatePair.Verdict.OPEN)
    return {key for pair in pairs.values_list("a_id", "b_id") for key in pair} - own


def _near(record: Record, others: QuerySet[Record], waiting: set[int]) -> list[Record]:
    """Those that wait, that share an identifier, or whose title has two of the three longest words of this one's."""
    known = Q(pk__in=waiting)
    if record.doi:
        known |= Q(doi=record.doi)
    if record.pmid:
        known |= Q(pmid=record.pmid)
    found = {each.pk: each for each in _loaded(others.filter(known).order_by("pk"))}
    longest = sorted(set(title_words(record.title)), key=lambda word: (-len(word), word))
    words = [word for word in longest if word.isascii() and len(word) > 3][:3]
    if words:
        titled = Q()
        for two in combinations(words, min(2, len(words))):
            titled |= Q(*(Q(title__icontains=word) for word in two))
        more = others.filter(titled).exclude(pk__in=found)
        found |= {each.pk: each for each in _loaded(more.order_by("pk"))}
    return list(found.values())


def _loaded(records: QuerySet[Record]) -> QuerySet[Record]:
    wanted = records.select_related("search", "duplicate_of__search").defer("raw", "duplicate_of__raw")
    return wanted[:COMPARED_AT_MOST]


def _one_of_each_group(candidates: Iterable[Likely]) -> list[Likely]:
    seen: set[int] = set()
    best = []
    for likely in candidates:
        if likely.stays.pk not in seen:
            seen.add(likely.stays.pk)
            best.append(likely)
    return best
