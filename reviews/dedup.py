"""Duplicates sought by rules: linked where that is proven, put before people where it is likely.

A rule links only what is proven (likeness.py); what is merely likely becomes an open pair for a person. What a
person said is never changed by a later run: two records judged different are not linked by a rule, neither
directly nor through others, and not asked about again. What people do is in linking.py (its verbs are also
found here), groups and who stays in duplicate_groups.py.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from types import SimpleNamespace

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Left

from . import audit
from .candidates import pairs_to_compare
from .duplicate_groups import (
    by_group,
    chunks,
    elect,
    locked_groups,
    put_under,
    votes_on,
    withdrawn_searches,
)
from .likeness import VERSION, Likeness, Outcome, compare, contradict
from .likeness_fields import ABSTRACT_LENGTH, Facts, facts_of
from .linking import judge_pair, link_records, take_back, unlink_record
from .models import DuplicatePair, Record, Review, User, Verb

__all__ = [
    "Sought",
    "find_duplicates",
    "judge_pair",
    "link_records",
    "take_back",
    "unlink_record",
    "waiting_pairs",
]

SAME, DIFFERENT, OPEN = (
    DuplicatePair.Verdict.SAME,
    DuplicatePair.Verdict.DIFFERENT,
    DuplicatePair.Verdict.OPEN,
)
BATCH = 500
_COMPARED = (
    *("pk", "title", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid"),
    *("publication_types", "duplicate_of_id"),
)

Pair = tuple[int, int]  # keys of two records, the smaller first


@dataclass(frozen=True)
class Sought:
    """What a run of the detection did: pairs compared, records newly linked, pairs newly put to people."""

    compared: int
    linked: int
    queued: int
    waiting: int


def waiting_pairs(review: Review) -> QuerySet[DuplicatePair]:
    """Pairs a person should look at, the most likely first: open, both still found, not yet in one group."""
    return (
        DuplicatePair.objects.filter(
            review=review,
            verdict=OPEN,
            a__search__withdrawn_at__isnull=True,
            b__search__withdrawn_at__isnull=True,
        )
        .annotate(
            root_a=Coalesce("a__duplicate_of_id", "a_id"), root_b=Coalesce("b__duplicate_of_id", "b_id")
        )
        .exclude(root_a=F("root_b"))
        .order_by("-score", "pk")
    )


# ---------------------------------------------------------------- by rules


def find_duplicates(*, review: Review, by: User, record_ids: Collection[int] | None = None) -> Sought:
    """Compare records, link what is proven, put what is likely before people.

    With `record_ids` only pairs with one of these records are compared: new records against all. Running it
    again changes nothing that was decided, by a rule or by a person.
    """
    facts, roots = _read(review)
    found = [
        (likeness, a.key, b.key)
        for a, b in pairs_to_compare(facts.values(), only=record_ids)
        if (likeness := compare(a, b))
    ]
    found.sort(key=lambda each: (-each[0].score, each[1], each[2]))
    certain = {(a, b): said for said, a, b in found if said.outcome is Outcome.CERTAIN}
    unsure = {(a, b): said for said, a, b in found if said.outcome is Outcome.UNSURE}
    with transaction.atomic():
        apart = _judged_different(review)
        linked, doubted = _link_certain(review, certain, roots, facts, apart)
        roots |= linked
        queued = _queue(review, unsure | doubted, roots, apart)
        numbers = _numbers([*linked, *linked.values()])
        audit.log(
            review=review,
            verb=Verb.DUPLICATES_SOUGHT,
            actor=by,
            subject={"records": "all" if record_ids is None else len(record_ids), "rules": VERSION},
            after={
                "compared": len(found),
                "linked": sorted([numbers[member], numbers[root]] for member, root in linked.items()),
                "queued": queued,
            },
        )
    return Sought(
        compared=len(found), linked=len(linked), queued=queued, waiting=waiting_pairs(review).count()
    )


def _read(review: Review) -> tuple[dict[int, Facts], dict[int, int]]:
    """What is compared of every record that is found, and in whose group each stands."""
    rows = (
        Record.objects.filter(review=review)
        .found()
        .annotate(head=Left("abstract", 2 * ABSTRACT_LENGTH))
        .values(*_COMPARED, "head")
        .order_by("pk")
    )
    facts: dict[int, Facts] = {}
    roots: dict[int, int] = {}
    for row in rows.iterator(chunk_size=2000):
        record = SimpleNamespace(**row, abstract=row["head"])
        facts[record.pk] = facts_of(record, key=record.pk)
        roots[record.pk] = record.duplicate_of_id or record.pk
    return facts, roots


def _judged_different(review: Review) -> set[Pair]:
    """Pairs that a person called different."""
    said = DuplicatePair.objects.filter(review=review, verdict=DIFFERENT, decided_by__isnull=False)
    return set(said.values_list("a_id", "b_id"))


def _link_certain(
    review: Review,
    certain: dict[Pair, Likeness],
    roots: dict[int, int],
    facts: dict[int, Facts],
    apart: set[Pair],
) -> tuple[dict[int, int], dict[Pair, Likeness]]:
    """Link what the rules proved. Returns the new links (record: the one that stays), and pairs left in doubt:
    proven by themselves, but something speaks against a third record of their groups.
    """
    new = {pair: said for pair, said in certain.items() if roots[pair[0]] != roots[pair[1]]}
    locked = locked_groups({key for pair in new for key in pair})
    withdrawn = withdrawn_searches(locked.values())
    groups = {root: {record.pk for record in group} for root, group in by_group(locked).items()}
    group_of = {key: root for root, keys in groups.items() for key in keys}
    before = {key: record.duplicate_of_id for key, record in locked.items()}
    proven: dict[Pair, Likeness] = {}
    doubted: dict[Pair, Likeness] = {}
    for (a, b), said in new.items():
        one, other = groups[group_of[a]], groups[group_of[b]]
        if locked[a].search_id in withdrawn or locked[b].search_id in withdrawn:
            continue
        if one is not other:
            if _any_apart(one, other, apart):
                continue
            if _any_contradiction(one, other, facts):
                doubted[a, b] = said
                continue
            one |= other
            for key in other:
                group_of[key] = group_of[a]
        proven[a, b] = said
    _write_links([groups[root] for root in set(group_of.values())], locked, withdrawn)
    _write_pairs(review, proven)
    linked = {
        key: record.duplicate_of_id
        for key, record in locked.items()
        if record.duplicate_of_id and before[key] != record.duplicate_of_id and before[key] is None
    }
    roots.update((key, record.duplicate_of_id or key) for key, record in locked.items())
    return linked, doubted


def _write_links(clusters: Iterable[set[int]], locked: dict[int, Record], withdrawn: Collection[int]) -> None:
    votes = votes_on(locked)
    for keys in clusters:
        members = [locked[key] for key in keys]
        if len({record.duplicate_of_id or record.pk for record in members}) > 1:
            put_under(elect(members, votes=votes, withdrawn=withdrawn), members)


def _write_pairs(review: Review, proven: dict[Pair, Likeness]) -> None:
    """Keep why each was linked. What a person said of the same pair stays."""
    known = _known_pairs(review)
    now = audit.now()
    rows: list[DuplicatePair] = []
    for (a, b), said in proven.items():
        pair = DuplicatePair(
            pk=known.get((a, b)),
            review=review,
            a_id=a,
            b_id=b,
            score=said.score,
            why=list(said.why),
            verdict=SAME,
            rule=said.rule[:60],
            decided_at=now,
        )
        if pair.pk is None:
            rows.append(pair)
        else:
            DuplicatePair.objects.filter(pk=pair.pk, verdict=OPEN).update(
                score=pair.score, why=pair.why, verdict=SAME, rule=pair.rule, decided_at=now
            )
    DuplicatePair.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _known_pairs(review: Review) -> dict[Pair, int]:
    rows = DuplicatePair.objects.filter(review=review).values_list("a_id", "b_id", "pk")
    return {(a, b): pk for a, b, pk in rows}


def _any_apart(one: Iterable[int], other: Iterable[int], apart: set[Pair]) -> bool:
    return any((min(a, b), max(a, b)) in apart for a in one for b in other)


def _any_contradiction(one: Iterable[int], other: Iterable[int], facts: dict[int, Facts]) -> bool:
    return any(contradict(facts[a], facts[b]) for a in one for b in other if a in facts and b in facts)


def _queue(review: Review, unsure: dict[Pair, Likeness], roots: dict[int, int], apart: set[Pair]) -> int:
    """Open a pair for each two groups that may be one, unless people were asked or have answered. The best first."""
    members: dict[int, set[int]] = {}
    for key, root in roots.items():
        members.setdefault(root, set()).add(key)
    asked = {frozenset((roots.get(a, a), roots.get(b, b))) for a, b in _known_pairs(review)}
    rows = []
    for (a, b), said in sorted(unsure.items(), key=lambda each: (-each[1].score, each[0])):
        groups = frozenset((roots[a], roots[b]))
        if len(groups) == 1 or groups in asked or _any_apart(members[roots[a]], members[roots[b]], apart):
            continue
        asked.add(groups)
        rows.append(DuplicatePair(review=review, a_id=a, b_id=b, score=said.score, why=list(said.why)))
    DuplicatePair.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return len(rows)


def _numbers(keys: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for chunk in chunks(keys):
        found.update(Record.objects.filter(pk__in=chunk).values_list("pk", "number"))
    return found
