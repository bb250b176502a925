"""What a search found that no search before it had: read from the groups of duplicates. Reads only.

A paper is new with the first record of its group that counts, in the order of the records' numbers, which is the
order in which searches arrived. Further records of it are "there already" in a later search, and "repeated" in
the same one. So found = new + there + repeated, and what is new with each search adds up to the papers there are,
whichever record of a group stays.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from .models import Record, Review, Search
from .models.corpus import RecordQuerySet


@dataclass
class Brought:
    """What one search brought, in records. `had`: by key of an earlier search, how many of `there` it had too."""

    found: int
    there: int = 0
    repeated: int = 0
    had: Counter[int] = field(default_factory=Counter)

    @property
    def new(self) -> int:
        """Records of papers that no search before had."""
        return self.found - self.there - self.repeated

    @property
    def again(self) -> int:
        """Records of papers that were there already, from this search or one before."""
        return self.there + self.repeated


def brought_by_searches(review: Review) -> dict[int, Brought]:
    """For each search that counts, by its key. Three queries, and memory for the linked records' places."""
    counted = Search.objects.filter(review=review, withdrawn_at__isnull=True).annotate(n=Count("records"))
    brought = {pk: Brought(found=n) for pk, n in counted.values_list("pk", "n")}
    groups: dict[int, list[tuple[int, int]]] = defaultdict(list)
    grouped = Record.objects.filter(review=review).found()
    linked = grouped.filter(duplicate_of__isnull=False)
    for root, number, search in linked.values_list("duplicate_of_id", "number", "search_id").iterator():
        groups[root].append((number, search))
    originals = grouped.filter(Exists(Record.objects.filter(duplicate_of=OuterRef("pk"))))
    for root, number, search in originals.values_list("pk", "number", "search_id").iterator():
        groups[root].append((number, search))
    for places in groups.values():
        _count(sorted(places), brought)
    return brought


def _count(places: Iterable[tuple[int, int]], brought: dict[int, Brought]) -> None:
    """Count one group: its records' numbers and searches, in order."""
    before: list[int] = []  # the searches that had the paper, in order
    for _number, search in places:
        if not before or before[0] == search:
            brought[search].repeated += bool(before)
        else:
            brought[search].there += 1
            brought[search].had.update(earlier for earlier in before if earlier != search)
        if search not in before:
            before.append(search)


def first_of_their_papers(records: RecordQuerySet) -> QuerySet[Record]:
    """Of these records, those new with their search."""
    return records.exclude(_with_earlier())


def there_before(records: RecordQuerySet) -> QuerySet[Record]:
    """Of these records, those of papers that an earlier search had already."""
    return records.filter(_with_earlier(~Q(search=OuterRef("search_id"))))


def _with_earlier(more: Q | None = None) -> Q:
    """Whether a record of the same group counts and has a lower number.

    Asked in three parts (the original, others linked to it, those linked to this one), each of which an index
    answers.
    """
    earlier = Record.objects.found().filter(more or Q(), number__lt=OuterRef("number"))
    return (
        Q(Exists(earlier.filter(pk=OuterRef("duplicate_of_id"))))
        | Q(Exists(earlier.filter(duplicate_of=OuterRef("duplicate_of_id"))))
        | Q(Exists(earlier.filter(duplicate_of=OuterRef("pk"))))
    )
