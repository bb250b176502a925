"""Groups of duplicates as pages and programs show them: who is in, and who or which rule put them there. Reads only."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from .duplicate_groups import chunks
from .models import DuplicatePair, Record, Review


@dataclass(frozen=True)
class Member:
    """A record of a group. `link`: the pair that tells best why it is in it, if any does (the one that stays: None)."""

    record: Record
    link: DuplicatePair | None = None

    @property
    def linked_to(self) -> Record | None:
        """The other record of that pair."""
        if self.link is None:
            return None
        return self.link.b if self.link.a_id == self.record.pk else self.link.a


@dataclass(frozen=True)
class Group:
    """The record that stays and those linked to it, by number."""

    root: Record
    members: list[Member]

    @property
    def numbers(self) -> list[int]:
        """All of it, the one that stays first."""
        return [self.root.number, *(member.record.number for member in self.members)]


def group_of(record: Record) -> Group:
    """The group this record is in, be it alone. At most three queries."""
    root = record.duplicate_of or record
    return groups_of([root])[root.pk]


def groups_of(roots: Iterable[Record]) -> dict[int, Group]:
    """The groups of records that stay, by key. Two queries for every 500."""
    by_key = {root.pk: root for root in roots}
    linked: dict[int, list[Record]] = defaultdict(list)
    for chunk in chunks(by_key):
        found = Record.objects.filter(duplicate_of__in=chunk).select_related("search", "duplicate_of")
        for record in found.defer("raw", "abstract", "duplicate_of__raw", "duplicate_of__abstract").order_by(
            "number"
        ):
            linked[record.duplicate_of_id or 0].append(record)
    groups = {key: [root, *linked[key]] for key, root in by_key.items()}
    links = _links(groups)
    return {
        key: Group(root, [Member(record, links.get(record.pk)) for record in linked[key]])
        for key, root in by_key.items()
    }


def _links(groups: dict[int, list[Record]]) -> dict[int, DuplicatePair]:
    """By key of a linked record: its pair with the one that stays, else its likeliest pair within the group."""
    root_of = {record.pk: key for key, group in groups.items() for record in group if len(group) > 1}
    found: dict[int, DuplicatePair] = {}
    for chunk in chunks(root_of):
        pairs = DuplicatePair.objects.filter(a__in=chunk, verdict=DuplicatePair.Verdict.SAME)
        for pair in pairs.select_related("a", "b", "decided_by").defer(
            "a__raw", "a__abstract", "b__raw", "b__abstract"
        ):
            root = root_of[pair.a_id]
            if root_of.get(pair.b_id) != root:
                continue
            for key in (pair.a_id, pair.b_id):
                if key not in found or _tells_more(pair, found[key], root):
                    found[key] = pair
    return found


def _tells_more(pair: DuplicatePair, other: DuplicatePair, root: int) -> bool:
    return (root in (pair.a_id, pair.b_id), pair.score) > (root in (other.a_id, other.b_id), other.score)


def roots_with_duplicates(review: Review) -> QuerySet[Record]:
    """The records that stay and have others linked to them, the latest first."""
    linked = Record.objects.filter(duplicate_of=OuterRef("pk")).found()
    return (
        Record.objects.filter(Exists(linked), review=review, duplicate_of__isnull=True)
        .select_related("search")
        .defer("raw", "abstract")
        .order_by("-number")
    )


def linked_count(review: Review) -> int:
    """How many records are linked to another and were found by a search that counts: PRISMA's duplicates."""
    return Record.objects.filter(review=review, duplicate_of__isnull=False).found().count()
