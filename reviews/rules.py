"""Writing down the rules that are applied before screening, in an order; applying_rules.py applies them.

A rule is never edited: replacing one retires it and puts another in its place. What a retired rule removed stays
out until that is undone.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import Max, QuerySet

from . import audit, rule_kinds
from .models import AutomationRule, NoticeList, Review, User, Verb
from .refusals import BadInput, Refused
from .retractions import UnreadableList, read_list

MOST_RULES = 50
LONGEST_NAME = 120


def rules_in_force(review: Review) -> list[AutomationRule]:
    """The rules not retired, in their order. One query; the lists of retractions are not read with them."""
    return list(_in_force(review).select_related("written_by", "notice_list").defer(*_LISTS))


_LISTS = ("notice_list__papers", "notice_list__notices")


def _in_force(review: Review) -> QuerySet[AutomationRule]:
    return AutomationRule.objects.filter(review=review, retired_at__isnull=True).order_by("position", "pk")


def add_list(*, review: Review, by: User, name: str, data: BinaryIO) -> NoticeList:
    """Keep a list of retractions for rules to use; the same list again is the one there is.

    It leaves no event of its own: the rule that uses it names it, with its hash.

    Raises:
        BadInput: no name, or nothing in the list can be used.
    """
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(
            "The list needs a name.", mend=f"Say where it is from, in at most {LONGEST_NAME} letters."
        )
    try:
        listed = read_list(data)
    except UnreadableList as no:
        raise BadInput(
            str(no), mend="Send a CSV of Retraction Watch, or one DOI or PubMed number a line."
        ) from no
    made, _ = NoticeList.objects.get_or_create(
        review=review,
        sha256=_sha256(data),
        defaults={
            "name": name,
            "papers": sorted(listed.papers),
            "notices": sorted(listed.notices),
            "added_by": by,
            "added_at": audit.now(),
        },
    )
    return made


def add_rule(
    *, review: Review, by: User, kind: str, settings: dict[str, Any], notice_list: NoticeList | None = None
) -> AutomationRule:
    """A new rule at the end of the order. Nothing is removed by writing it down.

    Raises:
        BadInput: settings that are no rule (see rule_kinds.checked), or a list where none belongs.
        Refused: a rule that says the same is in force.
    """
    with transaction.atomic():
        review = _locked(review)
        fields = _checked(review, kind, settings, notice_list)
        if len(_refuse_twice(review, fields["words"])) >= MOST_RULES:
            raise Refused(f"There are {MOST_RULES} rules already.", mend="Retire one first.")
        rule = _insert(review, by, position=_last_position(review) + 1, **fields)
        audit.log(
            review=review,
            verb=Verb.RULE_ADDED,
            actor=by,
            subject={"rule": rule.pk},
            after=as_written(rule),
        )
    return rule


def replace_rule(
    *,
    rule: AutomationRule,
    by: User,
    settings: dict[str, Any],
    notice_list: NoticeList | None = None,
    reason: str = "",
) -> AutomationRule:
    """Retire a rule and put another of its kind in its place. Returns the new one.

    Raises:
        BadInput: settings that are no rule, or that say the same as before.
        Refused: it was retired already, or another rule says the same.
    """
    with transaction.atomic():
        review = _locked(rule.review)
        old = _still_in_force(rule)
        fields = _checked(review, old.kind, settings, notice_list)
        if (fields["settings"], fields["notice_list"]) == (old.settings, old.notice_list):
            raise BadInput("Nothing in this rule differs from the one there is.")
        _refuse_twice(review, fields["words"], but=old)
        _retire(old)
        new = _insert(review, by, position=old.position, replaces=old, **fields)
        audit.log(
            review=review,
            verb=Verb.RULE_REPLACED,
            actor=by,
            subject={"rule": new.pk, "replaces": old.pk},
            before=as_written(old),
            after=as_written(new),
            reason=_plain(reason),
        )
    return new


def retire_rule(*, rule: AutomationRule, by: User, reason: str = "") -> AutomationRule:
    """Take a rule out of force. What it removed stays out until that is undone (applying_rules.undo_rules).

    Raises:
        Refused: it was retired already.
    """
    with transaction.atomic():
        review = _locked(rule.review)
        old = _still_in_force(rule)
        _retire(old)
        audit.log(
            review=review,
            verb=Verb.RULE_RETIRED,
            actor=by,
            subject={"rule": old.pk},
            before=as_written(old),
            reason=_plain(reason),
        )
    return old


def reorder_rules(*, review: Review, by: User, order: Sequence[int]) -> list[AutomationRule]:
    """Set the order: of several rules that match a record the first is the reason. `order`: ids, all in force.

    Raises:
        BadInput: not exactly the rules in force.
    """
    with transaction.atomic():
        review = _locked(review)
        rules = {rule.pk: rule for rule in _in_force(review)}
        if sorted(order) != sorted(rules):
            raise BadInput("The order must name every rule in force once.", mend="Reload and try again.")
        before = [rules[pk].words for pk in rules]
        wanted = [rules[pk] for pk in order]
        if list(order) == list(rules):
            return wanted
        for position, rule in enumerate(wanted, start=_last_position(review) + 1):
            rule.position = position
            rule.save(update_fields=["position"])
        audit.log(
            review=review,
            verb=Verb.RULES_REORDERED,
            actor=by,
            subject={"rules": list(order)},
            before={"order": before},
            after={"order": [rule.words for rule in wanted]},
        )
    return wanted


def as_written(rule: AutomationRule) -> dict[str, Any]:
    """A rule as the trail and an application keep it: its exact settings, and which list it used."""
    listed = rule.notice_list
    return {
        "rule": rule.pk,
        "kind": rule.kind,
        "words": rule.words,
        "settings": rule.settings,
        "list": listed
        and {
            "name": listed.name,
            "sha256": listed.sha256,
            "papers": len(listed.papers),
            "notices": len(listed.notices),
        },
    }


# ---------------------------------------------------------------- the steps


def _checked(
    review: Review, kind: str, settings: dict[str, Any], notice_list: NoticeList | None
) -> dict[str, Any]:
    try:
        checked = rule_kinds.checked(kind, settings)
    except rule_kinds.Unusable as no:
        raise BadInput(str(no)) from no
    if notice_list is not None and (
        kind != AutomationRule.Kind.RETRACTION or notice_list.review_id != review.pk
    ):
        raise BadInput("A list of retractions belongs to a rule about retractions of the same review.")
    words = rule_kinds.in_words(kind, checked, notice_list.name if notice_list else "")
    return {"kind": kind, "settings": checked, "notice_list": notice_list, "words": words}


def _refuse_twice(review: Review, words: str, *, but: AutomationRule | None = None) -> list[AutomationRule]:
    """The rules in force; refuses where another of them says these words."""
    rules = list(_in_force(review))
    for rule in rules:
        if rule.words == words and (but is None or rule.pk != but.pk):
            raise Refused(f"This rule is in force already: {words}.")
    return rules


def _sha256(data: BinaryIO) -> str:
    digest = hashlib.sha256()
    data.seek(0)
    while chunk := data.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def _insert(review: Review, by: User, **fields: Any) -> AutomationRule:
    return AutomationRule.objects.create(review=review, written_by=by, written_at=audit.now(), **fields)


def _last_position(review: Review) -> int:
    return AutomationRule.objects.filter(review=review).aggregate(last=Max("position"))["last"] or 0


def _locked(review: Review) -> Review:
    return Review.objects.select_for_update(no_key=True).get(pk=review.pk)


def _still_in_force(rule: AutomationRule) -> AutomationRule:
    current = AutomationRule.objects.select_related("notice_list").get(pk=rule.pk)
    if current.retired_at:
        raise Refused("This rule was retired already.", mend="Reload the page to see what is in force.")
    return current


def _retire(rule: AutomationRule) -> None:
    rule.retired_at = audit.now()
    rule.save(update_fields=["retired_at"])


def _plain(reason: str) -> str:
    return reason.replace("\x00", "").strip()
