"""Criteria per stage, in a declared order and versioned. Rewording is retiring and adding: no words change.

Every verb here locks the Review row, changes criteria, writes the next CriteriaVersion (a snapshot of what
is in force, numbered without gaps) and one event. Decisions and runs name the version they were made under.
"""

import re
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from reviews import audit
from reviews.models import Review, User, Verb
from reviews.refusals import BadInput, Refused

from .models import CriteriaVersion, Criterion, Stage

LABEL_LENGTH = 80
SCREENED = (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT)


# ---------------------------------------------------------------- reading


def criteria_in_force(review: Review, stage: str) -> list[Criterion]:
    """The criteria not retired, in the declared order. One query."""
    return list(_in_force(review, stage))


def current_version(review: Review, stage: str) -> CriteriaVersion | None:
    """The newest version, or None while no criterion was ever added at this stage. One query."""
    return CriteriaVersion.objects.filter(review=review, stage=stage).order_by("-number").first()


_OUTCOME = r"(?:outcomes?|end ?points?|(?:outcome|usable|extractable|numerical|result) data)"
_LACKING = (
    r"(?:no|not|non|without|missing|lack(?:s|ing)?|absent|absence|un(?:usable|available|reported|extractable)"
    r"|insufficient|inadequate|incomplete|fail(?:s|ed|ure)?)"
)
_USABLE = r"(?:usable|useable|extractable|analysable|analyzable|available|reported|reports?|provides?)"
_NEAR = r"\b[^.;]{0,40}?\b"


def warnings_for(*, kind: str, label: str, text: str) -> list[str]:
    """What to think twice about in these words, as sentences; empty when nothing stands out.

    MECIR C40 (Cochrane): a study is not excluded only because its outcome data are missing or unusable,
    since what was measured and not reported is itself a finding. The look is at words near each other, so it
    can miss and it can be wrong: it warns and never refuses.
    """
    words = f"{label}. {text}".lower()
    if kind == Criterion.Kind.EXCLUDE:
        suspicious = rf"\b{_LACKING}{_NEAR}{_OUTCOME}\b|\b{_OUTCOME}{_NEAR}{_LACKING}\b"
    else:
        suspicious = rf"\b{_USABLE}{_NEAR}{_OUTCOME}\b|\b{_OUTCOME}{_NEAR}{_USABLE}\b"
    if not re.search(suspicious, words):
        return []
    return [
        "This seems to exclude studies whose outcome data are missing or unusable. Cochrane's standards "
        "(MECIR C40) ask not to do that: keep such studies in the review and say they had no usable data."
    ]


def printed_label(label: str) -> str:
    """The label as PRISMA's CSV can carry it: there a comma and a semicolon part the reasons and counts."""
    return label.replace(",", " –").replace(";", " /")


# ---------------------------------------------------------------- writing


def add_criterion(*, review: Review, stage: str, by: User, kind: str, label: str, text: str) -> Criterion:
    """A new criterion at the end of the list.

    Raises:
        BadInput: an unknown stage or kind, no label or text, a label longer than 80 characters.
        Refused: a criterion with this label is in force.
    """
    label, text = _words(stage, kind, label, text)
    with transaction.atomic():
        review = _locked(review)
        in_force = criteria_in_force(review, stage)
        _check_free(label, in_force)
        position = max((c.position for c in in_force), default=0) + 1
        criterion = _insert(review, stage, by, kind=kind, label=label, text=text, position=position)
        version = _next_version(review, stage, by)
        audit.log(
            review=review,
            verb=Verb.CRITERION_ADDED,
            actor=by,
            stage=stage,
            subject=_subject(version, criterion),
            after=_snapshot(criterion),
        )
    return criterion


def retire_criterion(*, criterion: Criterion, by: User, reason: str) -> Criterion:
    """Take a criterion out of force; decisions made under it keep it.

    Raises:
        BadInput: no reason.
        Refused: it was retired already.
    """
    _check_reason(reason)
    with transaction.atomic():
        review = _locked(criterion.review)
        locked = _still_in_force(criterion)
        _retire(locked)
        version = _next_version(review, locked.stage, by)
        audit.log(
            review=review,
            verb=Verb.CRITERION_RETIRED,
            actor=by,
            stage=locked.stage,
            subject=_subject(version, locked),
            before=_snapshot(locked),
            reason=reason.strip(),
        )
    return locked


def reword_criterion(*, criterion: Criterion, by: User, label: str, text: str, reason: str) -> Criterion:
    """Retire the criterion and put a new one in its place, which says what it `replaces`; gives the new one.

    Raises:
        BadInput: no reason, label or text.
        Refused: nothing differs, it was retired already, or another one in force has this label.
    """
    label, text = _words(criterion.stage, criterion.kind, label, text)
    _check_reason(reason)
    with transaction.atomic():
        review = _locked(criterion.review)
        old = _still_in_force(criterion)
        if (old.label, old.text) == (label, text):
            raise Refused("The criterion says this already.")
        _check_free(label, [c for c in criteria_in_force(review, old.stage) if c.pk != old.pk])
        _retire(old)
        new = _insert(
            review, old.stage, by, kind=old.kind, label=label, text=text, position=old.position, replaces=old
        )
        version = _next_version(review, old.stage, by)
        audit.log(
            review=review,
            verb=Verb.CRITERION_REWORDED,
            actor=by,
            stage=old.stage,
            subject={**_subject(version, new), "replaces": old.pk},
            before=_snapshot(old),
            after=_snapshot(new),
            reason=reason.strip(),
        )
    return new


def reorder_criteria(*, review: Review, stage: str, by: User, order: list[int]) -> CriteriaVersion:
    """Declare a new order: the first criterion that fails is the reason PRISMA prints.

    `order` lists the ids of all criteria in force, each once.

    Raises:
        BadInput: an unknown stage.
        Refused: the list is not what is in force (somebody changed it meanwhile), or is the order already.
    """
    _check_stage(stage)
    with transaction.atomic():
        review = _locked(review)
        in_force = {criterion.pk: criterion for criterion in criteria_in_force(review, stage)}
        if sorted(order) != sorted(in_force):
            raise Refused("The criteria changed meanwhile.", mend="Reload the page and order them again.")
        before = list(in_force)
        if order == before:
            raise Refused("The criteria are in this order already.")
        for position, key in enumerate(order, start=1):
            in_force[key].position = position
        Criterion.objects.bulk_update(in_force.values(), ["position"])
        version = _next_version(review, stage, by)
        audit.log(
            review=review,
            verb=Verb.CRITERIA_REORDERED,
            actor=by,
            stage=stage,
            subject=_subject(version),
            before={"order": before},
            after={"order": order},
        )
    return version


def copy_criteria_to_full_text(*, review: Review, by: User) -> list[Criterion]:
    """Add at full text every title and abstract criterion whose label is not in force there, in order.

    Raises:
        Refused: there is nothing to copy.
    """
    stage = Stage.FULL_TEXT
    with transaction.atomic():
        review = _locked(review)
        there = criteria_in_force(review, stage)
        taken = {criterion.label.casefold() for criterion in there}
        missing = [
            c for c in criteria_in_force(review, Stage.TITLE_ABSTRACT) if c.label.casefold() not in taken
        ]
        if not missing:
            raise Refused(
                "Every title and abstract criterion is at full text already, or there is none to copy."
            )
        first = max((c.position for c in there), default=0) + 1
        added = [
            _insert(review, stage, by, kind=c.kind, label=c.label, text=c.text, position=position)
            for position, c in enumerate(missing, start=first)
        ]
        version = _next_version(review, stage, by)
        audit.log(
            review=review,
            verb=Verb.CRITERION_ADDED,
            actor=by,
            stage=stage,
            subject={**_subject(version), "criteria": [c.pk for c in added], "copied_from": "title_abstract"},
            after={"criteria": [_snapshot(c) for c in added]},
        )
    return added


# ---------------------------------------------------------------- the steps


def _in_force(review: Review, stage: str) -> QuerySet[Criterion]:
    return Criterion.objects.filter(review=review, stage=stage, retired_at__isnull=True).order_by(
        "position", "pk"
    )


def _locked(review: Review) -> Review:
    return Review.objects.select_for_update(no_key=True).get(pk=review.pk)


def _still_in_force(criterion: Criterion) -> Criterion:
    current = Criterion.objects.get(pk=criterion.pk)
    if current.retired_at:
        raise Refused("This criterion was retired already.", mend="Reload the page to see what is in force.")
    return current


def _insert(review: Review, stage: str, by: User, **fields: Any) -> Criterion:
    return Criterion.objects.create(
        review=review, stage=stage, created_by=by, created_at=audit.now(), **fields
    )


def _retire(criterion: Criterion) -> None:
    criterion.retired_at = audit.now()
    criterion.save(update_fields=["retired_at"])


def _next_version(review: Review, stage: str, by: User) -> CriteriaVersion:
    """Snapshot what is in force now; the review is locked, so the numbers follow each other."""
    last = current_version(review, stage)
    return CriteriaVersion.objects.create(
        review=review,
        stage=stage,
        number=last.number + 1 if last else 1,
        criteria=[_snapshot(criterion) for criterion in _in_force(review, stage)],
        made_by=by,
        made_at=audit.now(),
    )


def _snapshot(criterion: Criterion) -> dict[str, Any]:
    return {
        "id": criterion.pk,
        "kind": str(criterion.kind),
        "label": criterion.label,
        "text": criterion.text,
        "position": criterion.position,
    }


def _subject(version: CriteriaVersion, criterion: Criterion | None = None) -> dict[str, int]:
    subject = {"criteria_version": version.number}
    return {"criterion": criterion.pk, **subject} if criterion else subject


def _words(stage: str, kind: str, label: str, text: str) -> tuple[str, str]:
    """Label on one line and text without blank ends, checked."""
    _check_stage(stage)
    if kind not in Criterion.Kind.values:
        raise BadInput("A criterion includes or excludes.", mend="Say include or exclude.")
    label, text = " ".join(label.split()), text.strip()
    if not label or not text:
        raise BadInput("A criterion needs a short label and its full wording.", mend="Fill in both.")
    if len(label) > LABEL_LENGTH:
        raise BadInput(
            "The label is too long to be printed in the PRISMA diagram.",
            mend=f"Use at most {LABEL_LENGTH} characters and put the rest into the wording.",
        )
    return label, text


def _check_stage(stage: str) -> None:
    if stage not in SCREENED:
        raise BadInput("There are criteria for title and abstract and for full text only.")


def _check_free(label: str, others: list[Criterion]) -> None:
    if label.casefold() in {criterion.label.casefold() for criterion in others}:
        raise Refused(f"There is a criterion “{label}” at this stage already.", mend="Choose another label.")


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInput("A reason is needed.", mend="Write in a few words why; it goes into the trail.")
