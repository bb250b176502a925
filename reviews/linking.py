"""Duplicates judged by people: two records are the same or not, linked and unlinked. Nothing is deleted or merged.

Groups and who stays: duplicate_groups.py. What rules link by themselves: dedup.py.
"""

from django.db import transaction

from . import audit
from .duplicate_groups import by_group, elect, locked_groups, put_under, votes_on, withdrawn_searches
from .likeness import compare
from .likeness_fields import facts_of
from .models import DuplicatePair, Record, User, Verb
from .refusals import BadInput, Refused

SAME, DIFFERENT = DuplicatePair.Verdict.SAME, DuplicatePair.Verdict.DIFFERENT


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
        pair = DuplicatePair.objects.select_for_update(no_key=True).get(pk=pair.pk)
        a, b = records[pair.a_id], records[pair.b_id]
        together = _root(a) == _root(b)
        if pair.decided_by_id and pair.verdict == (SAME if same else DIFFERENT) and together == same:
            return pair
        before = {"verdict": pair.verdict, "rule": pair.rule}
        moved = None
        if same and not together:
            moved = _join(records, a, b, by_pair=pair)
        elif not same and together:
            moved = b if b.duplicate_of_id and (not a.duplicate_of_id or b.number > a.number) else a
            _leave(moved, records, by)
        _decide(pair, SAME if same else DIFFERENT, by)
        audit.log(
            review=pair.review,
            verb=Verb.PAIR_JUDGED,
            actor=by,
            record=moved or b,
            subject={"pair": pair.pk, "records": [a.number, b.number]},
            before=before,
            after={"verdict": pair.verdict, "stays": _staying(records, a).number},
            reason=reason.strip(),
        )
    return pair


def link_records(*, record: Record, original: Record, by: User, reason: str = "") -> Record:
    """Say that `record` is a duplicate of `original`, which stays (or the one that `original` is linked to).

    What is linked to `record` comes along.

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
        root = records[_root(original)]
        _join(records, record, original, by_pair=pair, stays=root)
        _decide(pair, SAME, by)
        audit.log(
            review=record.review,
            verb=Verb.DUPLICATE_LINKED,
            actor=by,
            record=record,
            subject={"pair": pair.pk},
            after={"duplicate_of": root.number},
            reason=reason.strip(),
        )
    return record


def unlink_record(*, record: Record, by: User, reason: str = "") -> Record:
    """Undo a link: the record stands by itself again, with every vote it had, and is never linked back by a rule.

    Every known pair of it with a member of the group counts as judged different by this person.

    Raises:
        Refused: the record is not linked.
    """
    with transaction.atomic():
        records = locked_groups([record.pk])
        record = records[record.pk]
        if not record.duplicate_of_id:
            raise Refused(f"#{record.number} is not linked to another record.")
        root = records[record.duplicate_of_id]
        _leave(record, records, by)
        audit.log(
            review=record.review,
            verb=Verb.DUPLICATE_UNLINKED,
            actor=by,
            record=record,
            before={"duplicate_of": root.number},
            reason=reason.strip(),
        )
    return record


def _root(record: Record) -> int:
    return record.duplicate_of_id or record.pk


def _staying(records: dict[int, Record], record: Record) -> Record:
    return records[_root(record)]


def _join(
    records: dict[int, Record], a: Record, b: Record, *, by_pair: DuplicatePair, stays: Record | None = None
) -> Record:
    """Make one group of the groups of two locked records. Returns one that was not linked to the one that stays."""
    withdrawn = withdrawn_searches(records.values())
    for record in (a, b):
        if record.search_id in withdrawn:
            raise Refused(
                f"The import that brought #{record.number} was undone, so it counts nowhere.",
                mend="Restore the import first.",
            )
    groups = by_group(records)
    one, other = groups[_root(a)], groups[_root(b)]
    _refuse_judged_apart(one, other, by_pair)
    root = stays or elect([*one, *other], votes=votes_on(records), withdrawn=withdrawn)
    put_under(root, [*one, *other])
    return b if a.pk == root.pk else a


def _refuse_judged_apart(one: list[Record], other: list[Record], by_pair: DuplicatePair) -> None:
    mine, theirs = [record.pk for record in one], [record.pk for record in other]
    said = (
        DuplicatePair.objects.filter(verdict=DIFFERENT, decided_by__isnull=False)
        .filter(a__in=[*mine, *theirs], b__in=[*mine, *theirs])
        .exclude(pk=by_pair.pk)
        .select_related("a", "b", "decided_by")
    )
    for pair in said:
        if (pair.a_id in mine) != (pair.b_id in mine):
            raise Refused(
                f"{pair.decided_by} judged #{pair.a.number} and #{pair.b.number} different, and this would put "
                "them into one group.",
                mend=f"Take one of them out of its group, or judge #{pair.a.number} and #{pair.b.number} again.",
            )


def _leave(record: Record, records: dict[int, Record], by: User) -> None:
    """Take a linked record out of its group; from now on it is known to be none of them."""
    group = [each for each in by_group(records)[_root(record)] if each.pk != record.pk]
    root = records[_root(record)]
    Record.objects.filter(pk=record.pk).update(duplicate_of=None)
    record.duplicate_of_id = None
    pairs = {pair.pk: pair for pair in [_pair_of(record, root)]}
    others = [each.pk for each in group]
    for known in (
        DuplicatePair.objects.filter(a=record, b__in=others),
        DuplicatePair.objects.filter(a__in=others, b=record),
    ):
        pairs.update((pair.pk, pair) for pair in known)
    for pair in pairs.values():
        if not (pair.verdict == DIFFERENT and pair.decided_by_id):
            _decide(pair, DIFFERENT, by)


def _pair_of(one: Record, other: Record) -> DuplicatePair:
    """The pair of two records, made now if it is not there."""
    a, b = sorted((one, other), key=lambda record: record.pk)
    said = compare(facts_of(a), facts_of(b))
    pair, _ = DuplicatePair.objects.get_or_create(
        a=a, b=b, defaults={"review_id": a.review_id, "score": said.score, "why": list(said.why)}
    )
    return pair


def _decide(pair: DuplicatePair, verdict: str, by: User) -> None:
    pair.verdict, pair.decided_by, pair.decided_at, pair.rule = verdict, by, audit.now(), ""
    pair.save(update_fields=["verdict", "decided_by", "decided_at", "rule"])
