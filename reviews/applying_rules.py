"""Applying the rules before screening to the records, seeing beforehand what that would do, and undoing it.

A rule looks at records that are up for screening: found, not a duplicate of another (so of a group only at the
record that stays, and at what that record itself says), not removed. It never takes out a record that anybody
judged, nor one that a person brought back from a rule. Nothing happens by itself: records that come in later wait
until somebody applies the rules again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet

from . import audit
from .duplicate_groups import chunks, votes_on
from .jobs import Report, quietly
from .models import AutomationRule, Record, Removal, Review, RuleApplication, RuleUndo, Search, User, Verb
from .number_ranges import in_words, numbers_in, ranges_of
from .planner import tell_the_planner
from .refusals import BadInput, Refused
from .rule_kinds import NO_LISTS, Facts, Lists, matcher
from .rules import as_written, rules_in_force

BATCH = 2000
LONGEST_SAID = LONGEST_REASON = 300
_SAID = ("pk", "number", "title", "language", "publication_types", "year", "doi", "pmid")
_Row = tuple[int, int, str, str, list[str], int | None, str, str]

AUTOMATION = Removal.Kind.AUTOMATION
BROUGHT_BACK, RULE_UNDONE = Removal.Withdrawn.BROUGHT_BACK, Removal.Withdrawn.RULE_UNDONE


@dataclass(frozen=True, slots=True)
class Match:
    """A record (its key and its number) that a rule matches (its key), and the record's words that did it."""

    record: int
    number: int
    rule: int
    said: str


@dataclass
class Look:
    """What the rules say of the records up for screening: which they match, in the order of their keys."""

    rules: list[AutomationRule]
    numbers: list[int] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    brought_back: list[Match] = field(default_factory=list)  # matched, and kept: a person brought them back


def look(review: Review, *, up_to: int | None = None, report: Report = quietly) -> Look:
    """What the rules in force match now, up to a record's number where given. Changes nothing.

    Records that somebody judged are among the matches: whether they are is not everybody's to know
    (rule_preview.py tells what a person may be told).
    """
    return _look(review, _rules_with_lists(review), up_to, report)


def apply_rules(
    *,
    review: Review,
    by: User,
    expected: Sequence[int] | None = None,
    up_to: int | None = None,
    report: Report = quietly,
) -> RuleApplication:
    """Mark every record up for screening that a rule in force matches; the first rule in order is its reason.

    `expected` are the keys of the rules somebody saw a preview of, in order, and `up_to` the highest record
    number it was about: what came in since is left alone. A record judged before this reaches it stays.

    Raises:
        Refused: no rule is in force, or others than were expected.
        Cancelled: raised by `report`; then nothing was done.
    """
    rules = _rules_with_lists(review)
    if expected is not None and list(expected) != [rule.pk for rule in rules]:
        raise _changed()
    if not rules:
        raise Refused("There is no rule to apply.", mend="Write one down first.")
    seen = _look(review, rules, up_to, report)
    with transaction.atomic():
        kept = _still_to_remove(review, seen, report)
        review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        if [rule.pk for rule in rules_in_force(review)] != [rule.pk for rule in rules]:
            raise _changed()
        application = _write(review, by, seen, kept)
    tell_the_planner(len(kept), Removal)
    return application


def undo_rules(
    *,
    review: Review,
    by: User,
    reason: str,
    application: RuleApplication | None = None,
    rule: AutomationRule | None = None,
    report: Report = quietly,
) -> RuleUndo:
    """Bring back what an application, a rule, or a rule in an application took out.

    What was removed since for another reason, or brought back already, stays as it is. The rules may take these
    records out again when they are next applied; retire or replace them if they should not.

    Raises:
        BadInput: no reason, or neither an application nor a rule.
        Refused: nothing of it is out any more.
    """
    if not (reason := reason.replace("\x00", "").strip()[:300]):
        raise BadInput("No reason was given.", mend="Say in a few words why; it stands in the trail.")
    if application is None and rule is None:
        raise BadInput("Say what is to be undone: an application, or a rule.")
    wanted = Removal.objects.filter(record__review=review, kind=AUTOMATION, withdrawn_at__isnull=True)
    if application is not None:
        wanted = wanted.filter(application=application)
    if rule is not None:
        wanted = wanted.filter(rule=rule)
    with transaction.atomic():
        records = list(wanted.values_list("record_id", flat=True))
        for chunk in chunks(records):
            list(_locked(chunk).values_list("pk"))
            report("Bringing records back", chunk[0], None)
        locked = set(records)
        found = [row for row in wanted.values_list("pk", "record_id", "record__number") if row[1] in locked]
        if not found:
            raise Refused("Nothing of this is out any more.", mend="Reload the page to see where it stands.")
        moment = audit.now()
        for chunk in chunks(pk for pk, _, _ in found):
            Removal.objects.filter(pk__in=chunk).update(withdrawn_at=moment, withdrawn_how=RULE_UNDONE)
        review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        undo = RuleUndo.objects.create(
            review=review,
            application=application,
            rule=rule,
            by=by,
            at=moment,
            reason=reason,
            restored=len(found),
        )
        audit.log(
            review=review,
            verb=Verb.RULES_UNDONE,
            actor=by,
            subject={
                "application": application and application.pk,
                "rule": rule and rule.pk,
                "undo": undo.pk,
            },
            before={"words": rule.words if rule else "all rules of the application"},
            after={"restored": len(found), "records": in_words(number for _, _, number in found)},
            reason=reason,
        )
    return undo


def unchecked(review: Review) -> list[int]:
    """Numbers of the records up for screening that no application of the rules now in force has looked at.

    An application that was undone, wholly or for one of these rules, does not count. Empty without rules.
    """
    wanted = {rule.pk for rule in rules_in_force(review)}
    if not wanted:
        return []
    undone = list(RuleUndo.objects.filter(review=review).values_list("application_id", "rule_id", "at"))
    seen: set[int] = set()
    applications = RuleApplication.objects.filter(review=review)
    for pk, at, rules, looked_at in applications.values_list("pk", "at", "rules", "looked_at"):
        used = {entry["rule"] for entry in rules}
        taken_back = any(
            (application == pk and (rule is None or rule in wanted))
            or (application is None and rule in wanted & used and when >= at)
            for application, rule, when in undone
        )
        if wanted <= used and not taken_back:
            seen |= numbers_in(looked_at)
    numbers = Record.objects.filter(review=review).to_screen().values_list("number", flat=True)
    return sorted(number for number in numbers.iterator(chunk_size=10_000) if number not in seen)


# ---------------------------------------------------------------- looking


def _rules_with_lists(review: Review) -> list[AutomationRule]:
    rules = AutomationRule.objects.filter(review=review, retired_at__isnull=True)
    return list(rules.select_related("notice_list").order_by("position", "pk"))


def _look(review: Review, rules: list[AutomationRule], up_to: int | None, report: Report) -> Look:
    seen, first_match = Look(rules), _first_match(rules)
    records = Record.objects.filter(review=review).to_screen()
    if up_to is not None:
        records = records.filter(number__lte=up_to)
    by_hand = _brought_back(review)
    total, last = records.count(), 0
    while rows := list(records.filter(pk__gt=last).order_by("pk").values_list(*_SAID)[:BATCH]):
        report("Looking at the records", len(seen.numbers), total)
        for row in rows:
            seen.numbers.append(row[1])
            if match := first_match(row):
                (seen.brought_back if match.record in by_hand else seen.matches).append(match)
        last = rows[-1][0]
    return seen


def _first_match(rules: Iterable[AutomationRule]) -> Callable[[_Row], Match | None]:
    """A function of a row of _SAID: the match of the first rule that has one."""
    matchers = [(rule.pk, matcher(rule.kind, rule.settings, _lists(rule))) for rule in rules]

    def first_match(row: _Row) -> Match | None:
        pk, number, title, language, types, year, doi, pmid = row
        facts = Facts(title, language, tuple(map(str, types or ())), year, doi, pmid)
        for rule, matches in matchers:
            if said := matches(facts):
                return Match(pk, number, rule, said)
        return None

    return first_match


def _lists(rule: AutomationRule) -> Lists:
    listed = rule.notice_list
    return Lists(listed.name, frozenset(listed.papers), frozenset(listed.notices)) if listed else NO_LISTS


def _brought_back(review: Review) -> set[int]:
    """Keys of records a person brought back from a rule: that stands against every later rule."""
    said = Removal.objects.filter(record__review=review, kind=AUTOMATION, withdrawn_how=BROUGHT_BACK)
    return set(said.values_list("record_id", flat=True))


# ---------------------------------------------------------------- marking


def _still_to_remove(review: Review, seen: Look, report: Report) -> list[Match]:
    """Lock the records that were matched, look at them again as they are now, and leave out what must stay."""
    first_match, again = _first_match(seen.rules), list[Match]()
    for chunk in chunks(match.record for match in seen.matches):
        report("Marking what the rules match", len(again), len(seen.matches))
        rows = (
            _locked(chunk).filter(duplicate_of__isnull=True).order_by("pk").values_list(*_SAID, "search_id")
        )
        again += [match for *row, _search in rows if (match := first_match(tuple(row)))]
    keys = [match.record for match in again]
    out = set(votes_on(keys)) | _brought_back(review) | _out_already(review)
    return [match for match in again if match.record not in out]


def _locked(keys: Iterable[int]) -> QuerySet[Record]:
    return Record.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=keys).order_by("pk")


def _out_already(review: Review) -> set[int]:
    """Keys of records that are removed, or whose import was undone; read after the records were locked."""
    removed = Removal.objects.filter(record__review=review, withdrawn_at__isnull=True)
    withdrawn = Search.objects.filter(review=review, withdrawn_at__isnull=False)
    of_withdrawn = Record.objects.filter(search__in=withdrawn)
    return {*removed.values_list("record_id", flat=True), *of_withdrawn.values_list("pk", flat=True)}


def _write(review: Review, by: User, seen: Look, kept: list[Match]) -> RuleApplication:
    """The application, its removals and its event; called inside the transaction."""
    removed = Counter(match.rule for match in kept)
    rules = [as_written(rule) | {"removed": removed[rule.pk]} for rule in seen.rules]
    application = RuleApplication.objects.create(
        review=review,
        by=by,
        at=audit.now(),
        rules=rules,
        looked_at=ranges_of(seen.numbers),
        records=len(seen.numbers),
        removed=len(kept),
    )
    words = {rule.pk: rule.words[:LONGEST_REASON] for rule in seen.rules}
    Removal.objects.bulk_create(
        [
            Removal(
                record_id=match.record,
                kind=AUTOMATION,
                reason=words[match.rule],
                rule_id=match.rule,
                application_id=application.pk,
                said=match.said[:LONGEST_SAID],
                by_id=by.pk,
                at=application.at,
            )
            for match in kept
        ],
        batch_size=BATCH,
    )
    numbers: dict[int, list[int]] = {rule.pk: [] for rule in seen.rules}
    for match in kept:
        numbers[match.rule].append(match.number)
    audit.log(
        review=review,
        verb=Verb.RULES_APPLIED,
        actor=by,
        subject={"application": application.pk},
        after={
            "what": _summary(len(kept), len(seen.numbers)),
            "looked_at": len(seen.numbers),
            "removed": len(kept),
            "rules": [entry | {"records": in_words(numbers[entry["rule"]])} for entry in rules],
        },
    )
    return application


def _summary(removed: int, looked_at: int) -> str:
    return f"{removed:,} of {looked_at:,} records marked as ineligible"


def _changed() -> Refused:
    return Refused("The rules were changed since you looked.", mend="Look at the preview again, then apply.")
