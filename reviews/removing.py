"""Taking records out before screening for a reason of one's own, and bringing back what was taken out.

What rules take out is in applying_rules.py; bringing one of those records back is here, and no rule takes it again.
"""

from collections.abc import Collection

from django.db import transaction

from . import audit
from .duplicate_groups import chunks, votes_on
from .models import Record, Removal, Review, User, Verb
from .refusals import BadInput, Refused

LONGEST_REASON = 300
MOST_AT_ONCE = 1000
NAMED = 3  # of those that cannot be removed, how many the refusal gives its whole reason for


def remove_record(*, record: Record, by: User, reason: str) -> Removal:
    """Take a record out before screening. `reason` is printed in the list behind PRISMA's number.

    Raises:
        BadInput: no reason, or one that is too long.
        Refused: judged already, removed already, a duplicate of another, or its import was undone.
    """
    [removal] = remove_records(review=record.review, numbers=[record.number], by=by, reason=reason)
    return removal


def remove_records(*, review: Review, numbers: Collection[int], by: User, reason: str) -> list[Removal]:
    """Take several records out for one reason: all of them or none. One event each.

    Raises:
        BadInput: no reason or one that is too long; no number, too many, or one that no record has.
        Refused: one of them cannot be removed (see remove_record); the refusal names them.
    """
    reason = _reason(reason, "removing a record")
    wanted = sorted(set(numbers))
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise BadInput(f"Choose between 1 and {MOST_AT_ONCE:,} records.", kept="Nothing was removed.")
    with transaction.atomic():
        records = _locked(review, wanted)
        if missing := sorted(set(wanted) - {record.number for record in records}):
            raise BadInput(f"There is no record #{missing[0]} in this review.", kept="Nothing was removed.")
        _refuse(records)
        removals = []
        for record in sorted(records, key=lambda each: each.number):
            removal = Removal.objects.create(
                record=record, kind=Removal.Kind.OTHER, reason=reason, by=by, at=audit.now()
            )
            removals.append(removal)
            audit.log(
                review=review,
                verb=Verb.RECORD_REMOVED,
                actor=by,
                record=record,
                subject={"removal": removal.pk},
                after={"kind": removal.kind},
                reason=reason,
            )
    return removals


def restore_record(*, record: Record, by: User, reason: str = "") -> Record:
    """Undo a removal: the record waits to be screened again. Of one by a rule, no rule takes it again.

    Raises:
        BadInput: a rule removed it, and no reason was given for overruling it.
        Refused: it was not removed.
    """
    with transaction.atomic():
        [record] = _locked(record.review, [record.number])
        removal = Removal.objects.filter(record=record, withdrawn_at__isnull=True).first()
        if removal is None:
            raise Refused(f"#{record.number} was not removed.")
        if removal.kind == Removal.Kind.AUTOMATION:
            reason = _reason(reason, "bringing back what a rule marked as ineligible")
        removal.withdrawn_at = audit.now()
        removal.withdrawn_how = Removal.Withdrawn.BROUGHT_BACK
        removal.save(update_fields=["withdrawn_at", "withdrawn_how"])
        audit.log(
            review=record.review,
            verb=Verb.RECORD_RESTORED,
            actor=by,
            record=record,
            subject={"removal": removal.pk, "rule": removal.rule_id, "application": removal.application_id},
            before={"kind": removal.kind, "reason": removal.reason, "said": removal.said},
            reason=reason.replace("\x00", "").strip(),
        )
    return record


def _locked(review: Review, numbers: Collection[int]) -> list[Record]:
    found: list[Record] = []
    keys = Record.objects.filter(review=review, number__in=numbers).values_list("pk", flat=True)
    for chunk in chunks(list(keys)):
        rows = Record.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=chunk)
        found += rows.select_related("review", "search", "duplicate_of").order_by("pk")
    return found


def _refuse(records: list[Record]) -> None:
    """Refuse all where one cannot be removed, with the reason of the first few."""
    keys = [record.pk for record in records]
    votes = votes_on(keys)
    removed = set[int]()
    for chunk in chunks(keys):
        live = Removal.objects.filter(record__in=chunk, withdrawn_at__isnull=True)
        removed |= set(live.values_list("record_id", flat=True))
    said = [
        why
        for record in sorted(records, key=lambda each: each.number)
        if (why := _why_not(record, removed=record.pk in removed, judged=record.pk in votes))
    ]
    if not said:
        return
    if len(records) == 1:
        raise Refused(*said[0][:1], mend=said[0][1])
    more = f" And {len(said) - NAMED} more of them." if len(said) > NAMED else ""
    raise Refused(
        " ".join(what for what, _mend in said[:NAMED]) + more,
        kept="None of the records was removed.",
        mend="Leave these out and remove the others.",
    )


def _why_not(record: Record, *, removed: bool, judged: bool) -> tuple[str, str] | None:
    """What stands against removing a locked record, and how to mend it; None where nothing does."""
    if record.search.withdrawn_at:
        return f"The import that brought #{record.number} was undone, so it counts nowhere.", ""
    if original := record.duplicate_of:
        return (
            f"#{record.number} is a duplicate of #{original.number} and is out already.",
            f"Remove #{original.number}, if the paper itself should go.",
        )
    if removed:
        return f"#{record.number} was removed already.", ""
    if judged:
        return (
            f"Somebody judged #{record.number} already, so it cannot be removed before screening.",
            "Exclude it at screening, with a reason.",
        )
    return None


def _reason(reason: str, what: str) -> str:
    reason = reason.replace("\x00", "").strip()
    if not reason:
        raise BadInput(
            f"No reason was given for {what}.", mend="Say in a few words why; it stands in the trail."
        )
    if len(reason) > LONGEST_REASON:
        raise BadInput("The reason is too long.", mend=f"Use at most {LONGEST_REASON} characters.")
    return reason
