"""Reviews in random but lawful states, for the properties of the flow."""

import random
import uuid

from reviews import audit
from reviews.models import Record, Removal, Report, Study
from screening.models import Conflict, Criterion, Decision, Resolution
from tests import factories

KINDS = ["database", "database", "register", "website", "organisation", "citation"]
STAGES = ("title_abstract", "full_text")


def vote(record, who, stage="title_abstract", verdict="include", **fields):
    """A live decision, written as a row."""
    return Decision.objects.create(
        record=record,
        stage=stage,
        reviewer=who,
        verdict=verdict,
        made_at=audit.now(),
        key=uuid.uuid4(),
        **fields,
    )


def settle(record, by, stage="title_abstract", verdict="include", how="agreement", reason=None, **fields):
    """A live resolution, written as a row; an include at title and abstract opens a report."""
    made = Resolution.objects.create(
        record=record,
        stage=stage,
        verdict=verdict,
        how=how,
        by=by,
        reason=reason,
        made_at=audit.now(),
        **fields,
    )
    if stage == "title_abstract" and verdict == "include":
        Report.objects.get_or_create(record=record, defaults={"opened_at": audit.now()})
    return made


def report_of(record, **fields):
    """Change the report of a record; its fresh row."""
    Report.objects.filter(record=record).update(**fields)
    return Report.objects.get(record=record)


def random_review(review, people, seed, size=40):
    """Fill `review` with about `size` records in states drawn from `seed`: every box has a chance."""
    dice = random.Random(seed)
    searches = [
        factories.search(review, by=people[0], source=f"Source {dice.randrange(4)}", kind=dice.choice(KINDS))
        for _ in range(dice.randrange(1, 8))
    ]
    records = [factories.record(dice.choice(searches), title=f"Record {n}") for n in range(size)]
    for search in searches[1:]:
        if dice.random() < 0.15:
            type(search).objects.filter(pk=search.pk).update(withdrawn_at=audit.now())
    reasons = [
        factories.criterion(review, by=people[0], stage="full_text", kind="exclude", label=label)
        for label in ("Wrong design", "Wrong people", "Wrong drug, dose; or route")
    ]
    retired = dice.choice(reasons)
    Criterion.objects.filter(pk=retired.pk).update(retired_at=audit.now())
    reasons.append(
        factories.criterion(review, by=people[0], stage="full_text", kind="exclude", label=retired.label)
    )
    studies = [Study.objects.create(review=review, label=f"Study {n}") for n in range(3)]
    for record in records:
        _one(record, records, people, reasons, studies, dice)
    _withdraw_some(review, dice)


def _one(record, records, people, reasons, studies, dice):
    if dice.random() < 0.15:
        _link(record, dice.choice(records))
    if dice.random() < 0.1:
        if dice.random() < 0.5:
            factories.removed_by_rule(record, by=people[0])
        else:
            Removal.objects.create(
                record=record, kind="other", reason="Sent twice", by=people[0], at=audit.now()
            )
    where = dice.random()
    if where < 0.15:
        return
    vote(record, people[0], verdict=dice.choice(["include", "maybe"]))
    if where < 0.25:
        return
    if where < 0.35:
        vote(record, people[1], verdict="exclude")
        Conflict.objects.create(record=record, stage="title_abstract", opened_at=audit.now())
        return
    how = dice.choice(["agreement", "single", "with_model"])
    if where < 0.55:
        settle(record, people[0], verdict="exclude", how=how)
        return
    settle(record, people[0], how=how)
    _full_text(record, people, reasons, studies, dice)


def _full_text(record, people, reasons, studies, dice):
    where = dice.random()
    if where < 0.15:
        return
    if where < 0.3:
        report_of(record, retrieval="not_retrieved", why_not="Not held anywhere")
        return
    report_of(record, retrieval="retrieved", text="The report.")
    if where < 0.45:
        return
    if where < 0.7:
        settle(record, people[0], "full_text", "exclude", reason=dice.choice(reasons))
        return
    settle(record, people[0], "full_text")
    if dice.random() < 0.8:
        report_of(record, study=dice.choice(studies))


def _link(record, other):
    """Make `record` a duplicate of `other` where the one-deep rule allows it."""
    other.refresh_from_db()
    if record.pk != other.pk and other.duplicate_of_id is None and not record.duplicates.exists():
        Record.objects.filter(pk=record.pk).update(duplicate_of=other)
        record.refresh_from_db()


def _withdraw_some(review, dice):
    for rows in (Decision, Resolution, Removal):
        for row in rows.objects.filter(record__review=review, withdrawn_at=None).order_by("pk"):
            if dice.random() < 0.08:
                how = {"withdrawn_how": "brought_back"} if rows is Removal else {}
                rows.objects.filter(pk=row.pk).update(withdrawn_at=audit.now(), **how)
