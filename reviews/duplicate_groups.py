"""Groups of duplicates: one record stays, the others are linked to it, one deep.

Which one stays (`elect`), the first difference decides:

1. one that is found (its import was not undone) before one that is not;
2. the one that was judged further: more stages settled; of two settled equally far the included one before the
   excluded one, then the one whose report belongs to a study, then the one in conflict. So no answer that two
   people came to goes out of sight under a record that nobody judged, and no included paper under an excluded one;
3. the one that a person named, where a person did;
4. where a rule links: the one with more live votes, so that nobody is asked again. Where a person links these play no
   part: whoever links two records must not learn from what stays that somebody has voted on one of them;
5. the one that was removed before screening: no run clears what people did;
6. the most complete, then the lowest number.

A link deletes nothing and moves nothing: votes and answers of a linked record are kept, count nowhere while it
is linked, and count again when the link is undone (docs/adr/0012-what-duplicates-share.md).

Every verb on links locks all records of all groups it touches, in the order of their keys, before it looks;
so two people who link in the same moment come one after the other, and links never chain.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from .models import Record, Removal, Search
from .refusals import Refused

CHUNK = 500  # keys in one query: SQLite may have as few as 999 parameters
TRIES = 5
# What makes a record the more complete one; an abstract and identifiers weigh most.
_WEIGHTS = {
    "abstract": 8,
    "doi": 4,
    "pmid": 4,
    "authors": 3,
    "year": 2,
    "journal": 2,
    "pages": 2,
    "volume": 1,
}
_PLACE = ("pk", "number", "search_id", "review_id", "duplicate_of_id")
_CONTENT = [
    "title",
    "abstract",
    "authors",
    "year",
    "journal",
    "volume",
    "issue",
    "pages",
    "doi",
    "pmid",
    "keywords",
    "mesh",
    "registry_ids",
    "publication_types",
]


@dataclass(frozen=True, order=True)
class Standing:
    """How far a record was judged; the greater one goes further (rules 2, 4 and 5 above, in this order)."""

    settled: int = 0  # stages of screening that are settled
    included: bool = False  # and the last of these answers is include
    studied: bool = False
    disputed: bool = False
    votes: int = 0
    removed: bool = False


_NOTHING = Standing()


class _Moved(Exception):
    """A group changed between reading and locking it."""


def chunks(keys: Iterable[int]) -> Iterable[list[int]]:
    """Keys in ascending order, CHUNK at a time."""
    ordered = sorted(set(keys))
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))


def members_of(keys: Iterable[int]) -> dict[int, int]:
    """Every record of the groups that these records are in: its key and the key of the one that stays."""
    roots: set[int] = set()
    for chunk in chunks(keys):
        found = Record.objects.filter(pk__in=chunk).values_list("pk", "duplicate_of_id")
        roots.update(original or pk for pk, original in found)
    members = {root: root for root in roots}
    for chunk in chunks(roots):
        linked = Record.objects.filter(duplicate_of__in=chunk).values_list("pk", "duplicate_of_id")
        members.update((pk, original) for pk, original in linked if original)
    return members


def locked_groups(keys: Collection[int], *, whole: bool = True) -> dict[int, Record]:
    """Lock all records of the groups that these records are in, and read them as they are now.

    Called inside a transaction; the rows stay locked until it ends. Not `whole`: only where they stand, which
    is enough for a search of a hundred thousand records.

    Raises:
        Refused: the groups kept changing under our hands (somebody links the same records in a loop).
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic():  # leaving it by an exception gives the locks back
                expected = members_of(keys)
                records: dict[int, Record] = {}
                for chunk in chunks(expected):
                    rows = Record.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=chunk)
                    records.update(
                        (row.pk, row)
                        for row in rows.order_by("pk").only(*_PLACE, *(_CONTENT if whole else ()))
                    )
                if members_of(keys) != expected:
                    raise _Moved
                return records
        except _Moved:
            continue
    raise Refused("These records are being linked by somebody else just now.", mend="Try again in a moment.")


def completeness(record: Record) -> int:
    """How much a record tells; only good for comparing."""
    told = sum(weight for name, weight in _WEIGHTS.items() if getattr(record, name))
    lists = (record.keywords, record.mesh, record.registry_ids, record.publication_types)
    return 4 * bool(record.title) + told + sum(map(bool, lists))


def elect(
    members: Iterable[Record],
    *,
    votes: Mapping[int, Standing],
    withdrawn: Collection[int],
    named: int | None = None,
) -> Record:
    """The member that stays, by the rule above. `withdrawn`: keys of searches that were undone. `named`: the key
    of the member that a person wants to stay.
    """

    def place(record: Record) -> tuple[object, ...]:
        so_far = votes.get(record.pk, _NOTHING)
        return (
            record.search_id in withdrawn,
            -so_far.settled,
            not so_far.included,
            not so_far.studied,
            not so_far.disputed,
            record.pk != named,
            -so_far.votes,
            not so_far.removed,
            -completeness(record),
            record.number,
        )

    return min(members, key=place)


def votes_on(keys: Iterable[int]) -> dict[int, Standing]:
    """How far each of these records was judged (not at all: left out).

    Reads through the relations of the apps to the right, which imports nothing from them.
    """
    found: dict[int, Standing] = {}
    live = Q(resolutions__withdrawn_at__isnull=True)
    full = live & Q(resolutions__stage="full_text")
    include = Q(resolutions__verdict="include")
    for chunk in chunks(keys):
        counted = Record.objects.filter(pk__in=chunk).annotate(
            voted=Count("decisions", filter=Q(decisions__withdrawn_at__isnull=True), distinct=True),
            settled=Count("resolutions", filter=live, distinct=True),
            included=Count("resolutions", filter=live & include, distinct=True),
            read=Count("resolutions", filter=full, distinct=True),
            read_and_included=Count("resolutions", filter=full & include, distinct=True),
            disputes=Count("conflicts", filter=Q(conflicts__closed_at__isnull=True), distinct=True),
            study=F("report__study_id"),
            removed=Exists(Removal.objects.filter(record=OuterRef("pk"), withdrawn_at__isnull=True)),
        )
        columns = (
            "voted", "settled", "included", "read", "read_and_included", "disputes", "study", "removed"
        )  # fmt: skip
        for (
            pk,
            voted,
            settled,
            included,
            read,
            read_and_included,
            disputes,
            study,
            removed,
        ) in counted.values_list("pk", *columns):
            standing = Standing(
                settled=settled,
                included=bool(read_and_included if read else included),
                studied=study is not None,
                disputed=bool(disputes),
                votes=voted,
                removed=removed,
            )
            if standing != _NOTHING:
                found[pk] = standing
    return found


def settled_on(keys: Iterable[int]) -> dict[int, Standing]:
    """The same without votes: what everybody in the review may know."""
    return {key: replace(standing, votes=0) for key, standing in votes_on(keys).items()}


def withdrawn_searches(records: Iterable[Record]) -> set[int]:
    """Keys of the searches of these records that were undone. Read after the records were locked."""
    searches = {record.search_id for record in records}
    return set(
        Search.objects.filter(pk__in=searches, withdrawn_at__isnull=False).values_list("pk", flat=True)
    )


def put_under(root: Record, members: Iterable[Record]) -> None:
    """Make one group of these locked records, with `root` as the one that stays."""
    put_all_under([(root, members)])


def put_all_under(groups: Iterable[tuple[Record, Iterable[Record]]]) -> None:
    """Make a group of each of these (the one that stays, all members) of locked records; none stands in two.

    Three steps, because the database refuses a link to a linked record and from one that is linked to.
    """
    freed: list[Record] = []
    leaves: list[Record] = []
    tops: list[Record] = []
    for root, members in groups:
        others = [record for record in members if record.pk != root.pk]
        formerly = {record.duplicate_of_id for record in [*others, root]}
        if root.duplicate_of_id:
            root.duplicate_of_id = None
            freed.append(root)
        for record in others:
            if record.duplicate_of_id != root.pk:
                top = record.duplicate_of_id is None or record.pk in formerly
                record.duplicate_of_id = root.pk
                (tops if top else leaves).append(record)
    with connection.cursor() as cursor:
        for records in (freed, leaves, tops):
            rows = [(record.duplicate_of_id, record.pk) for record in records]
            if rows:  # a tenth of the time of bulk_update, which spells out a case for each row
                cursor.executemany("UPDATE reviews_record SET duplicate_of_id = %s WHERE id = %s", rows)


def by_group(records: Mapping[int, Record]) -> dict[int, list[Record]]:
    """Locked records by the key of the one that stays."""
    groups: dict[int, list[Record]] = defaultdict(list)
    for record in records.values():
        groups[record.duplicate_of_id or record.pk].append(record)
    return groups


def reelect(*, records: QuerySet[Record]) -> list[tuple[int, int]]:
    """After a search was undone or restored: give the groups its records are in the original they now need.

    A group changes only where the one that stayed no longer counts, or where another was judged further
    (its votes came back with the search); otherwise what people chose stands. All of `records` are locked, so that
    nobody links to one of them meanwhile. Returns (number of the one that stayed, of the one that stays now).
    """
    places = locked_groups(list(records.values_list("pk", flat=True)), whole=False)
    grouped = [key for group in by_group(places).values() if len(group) > 1 for key in (r.pk for r in group)]
    groups = by_group(locked_groups(grouped))
    everybody = [record for group in groups.values() for record in group]
    withdrawn, votes = withdrawn_searches(everybody), votes_on(record.pk for record in everybody)
    moved = []
    for root, group in sorted(groups.items()):
        stayed = next(record for record in group if record.pk == root)
        chosen = elect(group, votes=votes, withdrawn=withdrawn)
        further = votes.get(chosen.pk, _NOTHING) > votes.get(root, _NOTHING)
        needed = stayed.search_id in withdrawn or further
        if needed and chosen.pk != root and chosen.search_id not in withdrawn:
            put_under(chosen, group)
            moved.append((stayed.number, chosen.number))
    return moved
