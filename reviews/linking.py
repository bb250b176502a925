"""Duplicates judged by people: two records are the same or not, linked, unlinked, and each word of it taken back.

Nothing is deleted or merged. Groups and who stays: duplicate_groups.py. What rules link by themselves: dedup.py.

Taking a record out of a group says several things at once: it is none of the others. Pairs decided in one act carry
the same person and the same moment; when one of them is judged again, the others of that act no longer stand in the
way, so an unlink can be undone in a group of any size.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from . import audit
from .duplicate_groups import by_group, elect, locked_groups, put_under, settled_on, withdrawn_searches
from .likeness import Outcome, compare
from .likeness_fields import facts_of
from .models import DuplicatePair, Event, Record, User, Verb
from .refusals import BadInput, Refused

OPEN, SAME, DIFFERENT = (
    DuplicatePair.Verdict.OPEN,
    DuplicatePair.Verdict.SAME,
    DuplicatePair.Verdict.DIFFERENT,
)


def judge_pair(*, pair: DuplicatePair, by: User, same: bool, reason: str = "") -> DuplicatePair:
    """A person says whether two records are the same. The answer may be changed by judging again.

    same: their groups become one; which record stays is chosen by duplicate_groups.elect. Different: if they
    stand in one group, the one of them that is linked leaves it (of two linked ones, the later).
    Saying what stands already changes nothing.

    Raises:
        Refused: an import of theirs was undone, or somebody judged two records of their groups different.
    """
    with transaction.atomic():
        records = locked_groups([pair.a_id, pair.b_id])
        pair = _locked(pair)
        a, b = records[pair.a_id], records[pair.b_id]
        together = _root(a) == _root(b)
        if pair.decided_by_id and pair.verdict == (SAME if same else DIFFERENT) and together == same:
            return pair
        before = {"verdict": pair.verdict, "rule": pair.rule}
        moved, went, moment = None, None, audit.now()
        if same and not together:
            went = _join(records, a, b, by_pair=pair)
            moved = b if a.pk == _root(a) else a
        elif not same and together:
            moved = b if b.duplicate_of_id and (not a.duplicate_of_id or b.number > a.number) else a
            _leave(moved, records, by, moment)
        _decide(pair, SAME if same else DIFFERENT, by, moment)
        audit.log(
            review=pair.review,
            verb=Verb.PAIR_JUDGED,
            actor=by,
            record=moved or b,
            subject={"pair": pair.pk, "records": [a.number, b.number]},
            before=before,
            after={"verdict": pair.verdict, "stays": records[_root(a)].number} | _went(went),
            reason=reason.strip(),
        )
    return pair


def take_back(*, pair: DuplicatePair, by: User, reason: str = "") -> bool:
    """Take back what a person said of a pair: it is open again, as if nobody had been asked.

    Was it judged the same, the group parts where only this link held it together; what other links still hold
    together stays together. Was it judged different, nothing is linked by taking that back. A pair that the rules
    would not have put before people (two records linked by hand) is forgotten; the trail keeps it. Returns whether
    the two records are linked still.

    Raises:
        Refused: nobody judged this pair.
    """
    with transaction.atomic():
        records = locked_groups([pair.a_id, pair.b_id])
        pair = _locked(pair)
        if not pair.decided_by_id:
            raise Refused(
                "Nobody judged this pair, so there is nothing to take back.",
                mend="Say that they are different, if they are.",
            )
        a, b = records[pair.a_id], records[pair.b_id]
        verdict, stayed = pair.verdict, records[_root(a)]
        _open(_of_one_act(pair) if verdict == DIFFERENT else DuplicatePair.objects.filter(pk=pair.pk))
        parted = _part(records, a, b, pair=pair) if verdict == SAME else []
        if compare(facts_of(a), facts_of(b)).outcome is Outcome.DIFFERENT:
            DuplicatePair.objects.filter(pk=pair.pk).delete()
        audit.log(
            review=pair.review,
            verb=Verb.DUPLICATE_UNLINKED if verdict == SAME else Verb.PAIR_JUDGED,
            actor=by,
            record=parted[0] if parted else b,
            subject={"pair": pair.pk, "records": [a.number, b.number]},
            before={"verdict": verdict} | ({"duplicate_of": stayed.number} if parted else {}),
            after={"verdict": "taken back", "parted": [record.number for record in parted]},
            reason=reason.strip(),
        )
    return _root(a) == _root(b)


def link_records(*, record: Record, original: Record, by: User, reason: str = "") -> Record:
    """Say that `record` is a duplicate of `original`; both and all that is linked to them become one group.

    `original` stays (or the one that it is linked to), unless `record` was judged further than it: then `record`
    stays, see duplicate_groups.elect. Returns the one that stays.

    Raises:
        BadInput: the same record twice, or records of two reviews.
        Refused: they are in one group already; an import of theirs was undone; or two records of their groups
            were judged different by somebody.
    """
    if record.pk == original.pk:
        raise BadInput("A record is not a duplicate of itself.", mend="Give the number of the other record.")
    if record.review_id != original.review_id:
        raise BadInput("These records are in different reviews.")
    with transaction.atomic():
        records = locked_groups([record.pk, original.pk])
        record, original = records[record.pk], records[original.pk]
        if _root(record) == _root(original):
            raise Refused(f"#{record.number} and #{original.number} are linked already.")
        pair = _pair_of(record, original)
        went = _join(records, record, original, by_pair=pair, named=_root(original))
        _decide(pair, SAME, by, audit.now())
        stays = records[_root(record)]
        audit.log(
            review=record.review,
            verb=Verb.DUPLICATE_LINKED,
            actor=by,
            record=original if stays.pk == record.pk else record,
            subject={"pair": pair.pk},
            after={"duplicate_of": stays.number} | _went(went),
            reason=reason.strip(),
        )
    return stays


def unlink_record(*, record: Record, by: User, reason: str = "") -> Record:
    """Take a record out of its group: it stands by itself again, with every vote it had; no rule links it back.

    Every known pair of it with a member of the group counts as judged different by this person. Where it was the
    one that stayed, the others choose anew.

    Raises:
        Refused: the record is not linked.
    """
    with transaction.atomic():
        records = locked_groups([record.pk])
        record = records[record.pk]
        if len(records) == 1:
            raise Refused(f"#{record.number} is not linked to another record.")
        stayed = records[_root(record)]
        others = sorted(each.number for each in records.values() if each.pk != record.pk)
        _leave(record, records, by, audit.now())
        audit.log(
            review=record.review,
            verb=Verb.DUPLICATE_UNLINKED,
            actor=by,
            record=record,
            before={"duplicates": others} if stayed.pk == record.pk else {"duplicate_of": stayed.number},
            reason=reason.strip(),
        )
    return record


def _root(record: Record) -> int:
    return record.duplicate_of_id or record.pk


def _join(
    records: dict[int, Record], a: Record, b: Record, *, by_pair: DuplicatePair, named: int | None = None
) -> Record:
    """Make one group of the groups of two locked records. Returns the record that stayed of one and stays no more."""
    withdrawn = withdrawn_searches(records.values())
    for record in (a, b):
        if record.search_id in withdrawn:
            raise Refused(
                f"The import that brought #{record.number} was undone, so it counts nowhere.",
                mend="Restore the import first.",
            )
    groups = by_group(records)
    one, other = groups[_root(a)], groups[_root(b)]
    _check_nobody_judged_apart(one, other, by_pair)
    former = [records[_root(a)], records[_root(b)]]
    root = elect(former, votes=settled_on(r.pk for r in former), withdrawn=withdrawn, named=named)
    put_under(root, [*one, *other])
    return next(record for record in former if record.pk != root.pk)


def _went(record: Record | None) -> dict[str, int]:
    """Whose group went under, for the trail and for taking the link back: that record stays of it again."""
    return {"went": record.number} if record else {}


def _check_nobody_judged_apart(one: list[Record], other: list[Record], by_pair: DuplicatePair) -> None:
    """Refuse what somebody said otherwise; open the pairs that one act decided together with `by_pair`."""
    mine, theirs = [record.pk for record in one], [record.pk for record in other]
    across = Q(a__in=mine, b__in=theirs) | Q(a__in=theirs, b__in=mine)
    said = DuplicatePair.objects.filter(across, verdict=DIFFERENT, decided_by__isnull=False)
    of_the_act = _of_one_act(by_pair).filter(across) if by_pair.verdict == DIFFERENT else said.none()
    keys = list(of_the_act.values_list("pk", flat=True))
    for pair in said.exclude(pk__in=[by_pair.pk, *keys]).select_related("a", "b", "decided_by"):
        raise Refused(
            f"{pair.decided_by} judged #{pair.a.number} and #{pair.b.number} different, and this would put "
            "them into one group.",
            mend=f"Take one of them out of its group, or judge #{pair.a.number} and #{pair.b.number} again.",
        )
    _open(of_the_act)


def _leave(record: Record, records: dict[int, Record], by: User, moment: datetime) -> None:
    """Take a record out of its group; from now on it is known to be none of them."""
    others = [each for each in by_group(records)[_root(record)] if each.pk != record.pk]
    root = next((each for each in others if each.pk == record.duplicate_of_id), None)
    if root is None:
        root = elect(others, votes=settled_on(e.pk for e in others), withdrawn=withdrawn_searches(others))
    _stand_alone([record])
    put_under(root, others)
    keys = [each.pk for each in others]
    known = DuplicatePair.objects.filter(Q(a=record, b__in=keys) | Q(a__in=keys, b=record))
    pairs = {pair.pk: pair for pair in [_pair_of(record, root), *known]}
    for pair in pairs.values():
        if not (pair.verdict == DIFFERENT and pair.decided_by_id):
            _decide(pair, DIFFERENT, by, moment)


def _part(records: dict[int, Record], a: Record, b: Record, *, pair: DuplicatePair) -> list[Record]:
    """Part the group of two locked records where only their own link held it. Returns those that left, by number.

    Of those the one stays that stayed before the link, if it is among them.
    """
    if _root(a) != _root(b):
        return []
    group, root = by_group(records)[_root(a)], _root(a)
    links = list(_same_within(group).values_list("a_id", "b_id"))
    near_a, near_b = _reached(a.pk, links), _reached(b.pk, links)
    if b.pk in near_a:
        return []
    leaving = near_a if root in near_b else near_b
    parted = sorted((each for each in group if each.pk in leaving), key=lambda each: each.number)
    _stand_alone(parted)
    former = _stayed_before(pair)
    named = next((each.pk for each in parted if each.number == former), None)
    standing, withdrawn = settled_on(leaving), withdrawn_searches(parted)
    put_under(elect(parted, votes=standing, withdrawn=withdrawn, named=named), parted)
    return parted


def _stayed_before(pair: DuplicatePair) -> int | None:
    """The number of the record that stayed of the group that went under by this pair's link, as the trail tells."""
    made = Event.objects.filter(
        record__in=[pair.a_id, pair.b_id], verb__in=[Verb.PAIR_JUDGED, Verb.DUPLICATE_LINKED]
    )
    for event in made.order_by("-seq"):
        if event.subject.get("pair") == pair.pk and "went" in event.after:
            return int(event.after["went"])
    return None


def _same_within(group: Iterable[Record]) -> QuerySet[DuplicatePair]:
    keys = [record.pk for record in group]
    return DuplicatePair.objects.filter(a__in=keys, b__in=keys, verdict=SAME)


def _reached(start: int, links: list[tuple[int, int]]) -> set[int]:
    """The keys that are linked to `start` through pairs that are the same, itself among them."""
    reached, to_do = {start}, [start]
    while to_do:
        here = to_do.pop()
        for pair in links:
            if here in pair and not reached.issuperset(pair):
                to_do += set(pair) - reached
                reached.update(pair)
    return reached


def _stand_alone(linked: Iterable[Record]) -> None:
    for record in linked:
        if record.duplicate_of_id:
            Record.objects.filter(pk=record.pk).update(duplicate_of=None)
            record.duplicate_of_id = None


def _locked(pair: DuplicatePair) -> DuplicatePair:
    found = DuplicatePair.objects.select_for_update(no_key=True).filter(pk=pair.pk).first()
    if found is None:
        raise Refused("This pair was linked by hand and is forgotten by now: somebody took that back.")
    return found


def _pair_of(one: Record, other: Record) -> DuplicatePair:
    """The pair of two records, made now if it is not there."""
    a, b = sorted((one, other), key=lambda record: record.pk)
    said = compare(facts_of(a), facts_of(b))
    pair, _ = DuplicatePair.objects.get_or_create(
        a=a, b=b, defaults={"review_id": a.review_id, "score": said.score, "why": list(said.why)}
    )
    return pair


def _of_one_act(pair: DuplicatePair) -> QuerySet[DuplicatePair]:
    """This judged pair, and those that the same person decided in the same moment."""
    return DuplicatePair.objects.filter(
        review=pair.review_id, verdict=pair.verdict, decided_by=pair.decided_by_id, decided_at=pair.decided_at
    )


def _decide(pair: DuplicatePair, verdict: str, by: User, moment: datetime) -> None:
    pair.verdict, pair.decided_by, pair.decided_at, pair.rule = verdict, by, moment, ""
    pair.save(update_fields=["verdict", "decided_by", "decided_at", "rule"])


def _open(pairs: QuerySet[DuplicatePair]) -> None:
    pairs.update(verdict=OPEN, decided_by=None, decided_at=None, rule="")
