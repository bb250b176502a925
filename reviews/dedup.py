"""Duplicates sought by rules: linked where that is proven, put before people where it is likely.

A rule links only what is proven (likeness.py); what is merely likely becomes an open pair for a person. What a
person said is never changed by a later run: two records judged different are not linked by a rule, neither
directly nor through others, and not asked about again. What people do is in linking.py (its verbs are also
found here), groups and who stays in duplicate_groups.py.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from . import audit
from .comparing import Compared, Likely, Pair, compare_records, facts_about
from .duplicate_groups import (
    by_group,
    chunks,
    elect,
    locked_groups,
    put_all_under,
    votes_on,
    withdrawn_searches,
)
from .jobs import Report, quietly, unstoppable
from .likeness import VERSION, contradict
from .likeness_fields import Facts
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
PART = 1000  # records linked in one transaction, so that nobody who screens waits for long


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


def find_duplicates(
    *, review: Review, by: User, record_ids: Collection[int] | None = None, report: Report = quietly
) -> Sought:
    """Compare records, link what is proven, put what is likely before people.

    With `record_ids` only pairs with one of these records are compared: new records against all. Running it
    again changes nothing that was decided, by a rule or by a person.

    Comparing locks nothing. What is proven is then written in parts of about PART records, each a whole number of
    groups in a transaction and an event of its own; the last event tells what was queued, and of all parts together.

    Raises:
        Cancelled: the report was told to stop while records were compared; nothing has changed then. Once writing
            has begun it is brought to its end.
    """
    compared = compare_records(review, only=record_ids, report=report)
    run = _Run(review, by, "all" if record_ids is None else len(record_ids), compared)
    parts = _parts(compared.certain, _roots(review))
    told = unstoppable(report)
    for number, part in enumerate(parts, start=1):
        told("linking", number - 1, len(parts))
        if number < len(parts):
            run.link(part)
    return run.finish(parts[-1] if parts else {})


def _roots(review: Review) -> dict[int, int]:
    """In whose group each record stands that is found."""
    rows = Record.objects.filter(review=review).found().values_list("pk", "duplicate_of_id")
    return {pk: original or pk for pk, original in rows.iterator(chunk_size=5000)}


def _parts(certain: Likely, roots: dict[int, int]) -> list[Likely]:
    """Certain pairs that are not in one group yet, in parts that do not touch each other's groups."""
    new = {pair: said for pair, said in certain.items() if roots.get(pair[0]) != roots.get(pair[1])}
    leader: dict[int, int] = {}

    def find(key: int) -> int:
        while key in leader:
            key = leader[key]
        return key

    for a, b in new:
        one, other = find(roots.get(a, a)), find(roots.get(b, b))
        if one != other:
            leader[max(one, other)] = min(one, other)
    clusters: dict[int, Likely] = {}
    for pair, said in new.items():
        clusters.setdefault(find(roots.get(pair[0], pair[0])), {})[pair] = said
    parts: list[Likely] = []
    records: set[int] = set()
    for cluster in clusters.values():
        if not parts or len(records) >= PART:
            parts.append({})
            records = set()
        parts[-1] |= cluster
        records.update(key for pair in cluster for key in pair)
    return parts


@dataclass
class _Run:
    """One run, and what it has done so far."""

    review: Review
    by: User
    records: int | str
    compared: Compared
    linked: int = 0
    doubted: Likely = field(default_factory=dict)

    def link(self, part: Likely) -> None:
        """Link what one part proves, in a transaction of its own."""
        with transaction.atomic():
            links = self._link(part)
            self._log({"linked": links})

    def finish(self, part: Likely) -> Sought:
        """Link the last part, queue what is likely, tell of the whole run."""
        with transaction.atomic():
            links = self._link(part)
            queued = _queue(self.review, self.compared.unsure | self.doubted)
            after = {"compared": self.compared.pairs, "linked": links, "queued": queued}
            if self.linked > len(links):
                after["linked_in_all_parts"] = self.linked
            self._log(after)
        waiting = waiting_pairs(self.review).count()
        return Sought(compared=self.compared.pairs, linked=self.linked, queued=queued, waiting=waiting)

    def _link(self, part: Likely) -> list[list[int]]:
        linked, doubted = _link_certain(self.review, part, self.compared.facts)
        self.linked += len(linked)
        self.doubted |= doubted
        numbers = _numbers([*linked, *linked.values()])
        return sorted([numbers[member], numbers[root]] for member, root in linked.items())

    def _log(self, after: dict[str, object]) -> None:
        audit.log(
            review=self.review,
            verb=Verb.DUPLICATES_SOUGHT,
            actor=self.by,
            subject={"records": self.records, "rules": VERSION},
            after=after,
        )


def _link_certain(review: Review, part: Likely, facts: dict[int, Facts]) -> tuple[dict[int, int], Likely]:
    """Link what the rules proved. Returns the new links (record: the one that stays), and pairs left in doubt:
    proven by themselves, but something speaks against a third record of their groups.
    """
    locked = locked_groups({key for pair in part for key in pair})
    withdrawn = withdrawn_searches(locked.values())
    apart = _judged_different(review)
    if strangers := locked.keys() - facts.keys():
        facts = facts | facts_about(strangers)
    groups = {root: {record.pk for record in group} for root, group in by_group(locked).items()}
    group_of = {key: root for root, keys in groups.items() for key in keys}
    alone = {key for key, record in locked.items() if record.duplicate_of_id is None}
    proven: Likely = {}
    doubted: Likely = {}
    for (a, b), said in part.items():
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
    linked = {key: root for key in alone if (root := locked[key].duplicate_of_id)}
    return linked, doubted


def _judged_different(review: Review) -> set[Pair]:
    """Pairs that a person called different."""
    said = DuplicatePair.objects.filter(review=review, verdict=DIFFERENT, decided_by__isnull=False)
    return set(said.values_list("a_id", "b_id"))


def _write_links(clusters: Iterable[set[int]], locked: dict[int, Record], withdrawn: Collection[int]) -> None:
    votes = votes_on(locked)
    grown = []
    for keys in clusters:
        members = [locked[key] for key in keys]
        if len({record.duplicate_of_id or record.pk for record in members}) > 1:
            grown.append((elect(members, votes=votes, withdrawn=withdrawn), members))
    put_all_under(grown)


def _write_pairs(review: Review, proven: Likely) -> None:
    """Keep why each was linked. What a person said of the same pair stays."""
    now = audit.now()
    pairs = {
        (a, b): DuplicatePair(
            review=review, a_id=a, b_id=b, score=said.score, why=list(said.why),
            verdict=SAME, rule=said.rule[:60], decided_at=now,
        )
        for (a, b), said in proven.items()
    }  # fmt: skip
    known = []
    for chunk in chunks({a for a, _ in proven}):
        for pk, a, b, verdict in DuplicatePair.objects.filter(a__in=chunk).values_list(
            "pk", "a_id", "b_id", "verdict"
        ):
            pair = pairs.pop((a, b), None)
            if pair is not None and verdict == OPEN:
                pair.pk = pk
                known.append(pair)
    DuplicatePair.objects.bulk_create(pairs.values(), batch_size=BATCH, ignore_conflicts=True)
    DuplicatePair.objects.bulk_update(
        known, ["score", "why", "verdict", "rule", "decided_at"], batch_size=BATCH
    )


def _any_apart(one: Iterable[int], other: Iterable[int], apart: set[Pair]) -> bool:
    return bool(apart) and any((min(a, b), max(a, b)) in apart for a in one for b in other)


def _any_contradiction(one: Iterable[int], other: Iterable[int], facts: dict[int, Facts]) -> bool:
    return any(contradict(facts[a], facts[b]) for a in one for b in other)


def _queue(review: Review, unsure: Likely) -> int:
    """Open a pair for each two groups that may be one, unless people were asked or have answered. The best first."""
    if not unsure:
        return 0
    roots, apart = _roots(review), _judged_different(review)
    members: dict[int, set[int]] = {}
    for key, root in roots.items():
        members.setdefault(root, set()).add(key)
    known = DuplicatePair.objects.filter(review=review).values_list("a_id", "b_id")
    asked = {frozenset((roots.get(a, a), roots.get(b, b))) for a, b in known.iterator(chunk_size=5000)}
    rows = []
    for (a, b), said in sorted(unsure.items(), key=lambda each: (-each[1].score, each[0])):
        if a not in roots or b not in roots:  # its import was undone meanwhile
            continue
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
