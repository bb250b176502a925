"""Reading the trail, blind: a door that only reads, for the page, the API and a record's own story.

Events of judgement tell what somebody thought. Who may not see that yet (screening/visibility.py and
extraction/visibility.py say who) meets such an event *sealed*: its number, time and hash, so that the chain can
be followed without a gap, and nothing else. In a list that is filtered sealed events do not stand at all:
otherwise asking for "Bob" or "record 7" would tell that Bob has voted on record 7.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet

from extraction.design import published_form
from extraction.visibility import sees_proposed_values, sees_sheets_of
from reviews.models import Event, Membership, Report, Review, Study, Verb
from screening.models import Stage
from screening.visibility import sealed_files, sees_proposals, sees_votes

PAGE, CHUNK = 100, 500
# Done by one person about another's opinion: sealed for whoever did it, too.
ON_BEHALF = frozenset([Verb.DECISION_BROUGHT, Verb.DECISION_SENT_BACK, Verb.DECISION_RETURNED])
VOTES = ON_BEHALF | {
    Verb.DECISION_MADE,
    Verb.DECISION_WITHDRAWN,
    Verb.CONFLICT_RESOLVED,
    Verb.RESOLUTION_REOPENED,
}
PROPOSALS = frozenset([Verb.PROPOSAL_MADE, Verb.PROPOSAL_FAILED])
VALUES = frozenset(
    [
        Verb.VALUE_GIVEN,
        Verb.VALUE_WITHDRAWN,
        Verb.SHEET_SUBMITTED,
        Verb.SHEET_REOPENED,
        Verb.CONSENSUS_REACHED,
        Verb.CONSENSUS_REOPENED,
    ]
)
JUDGEMENT = VOTES | PROPOSALS | VALUES
# Who was invited is for leads, like the list of invitations itself; so is how many decisions were brought along.
FOR_LEADS = frozenset(
    [
        Verb.MEMBER_INVITED,
        Verb.INVITATION_REVOKED,
        Verb.DECISIONS_BROUGHT,
        Verb.DECISIONS_SENT_BACK,
        Verb.DECISIONS_RETURNED,
    ]
)

WORDS: dict[str, str] = {
    Verb.PERSON_SIGNED_UP: "signed up",
    Verb.REVIEW_CREATED: "started the review",
    Verb.REVIEW_CHANGED: "changed the review's description",
    Verb.PROTOCOL_CHANGED: "changed the protocol",
    Verb.MEMBER_INVITED: "invited somebody",
    Verb.INVITATION_REVOKED: "revoked an invitation",
    Verb.MEMBER_JOINED: "joined",
    Verb.MEMBER_ROLE_CHANGED: "changed a role",
    Verb.MEMBER_LEFT: "ended a membership",
    Verb.SEARCH_IMPORTED: "imported a search",
    Verb.SEARCH_WITHDRAWN: "withdrew a search",
    Verb.SEARCH_RESTORED: "restored a search",
    Verb.SEARCH_DESCRIBED: "corrected what is said of a search",
    Verb.RECORD_CORRECTED: "corrected a record",
    Verb.RECORD_REMOVED: "removed before screening",
    Verb.RECORD_RESTORED: "put back to be screened",
    Verb.RULE_ADDED: "wrote down a rule before screening",
    Verb.RULE_REPLACED: "replaced a rule before screening",
    Verb.RULE_RETIRED: "retired a rule before screening",
    Verb.RULES_REORDERED: "reordered the rules before screening",
    Verb.RULES_APPLIED: "applied the rules before screening",
    Verb.RULES_UNDONE: "undid what rules had marked",
    Verb.RECORD_PUT_UP_AGAIN: "put up for screening again",
    Verb.DUPLICATES_SOUGHT: "looked for duplicates",
    Verb.DUPLICATE_LINKED: "linked a duplicate",
    Verb.DUPLICATE_UNLINKED: "took a duplicate link back",
    Verb.PAIR_JUDGED: "judged a possible duplicate",
    Verb.CRITERION_ADDED: "added a criterion",
    Verb.CRITERION_RETIRED: "retired a criterion",
    Verb.CRITERION_REWORDED: "reworded a criterion",
    Verb.CRITERIA_REORDERED: "reordered the criteria",
    Verb.PILOT_DRAWN: "drew a pilot round",
    Verb.PILOT_CLOSED: "closed a pilot round",
    Verb.RUN_STARTED: "started a run",
    Verb.RUN_CANCELLED: "cancelled a run",
    Verb.RUN_RETRIED: "asked again what had failed",
    Verb.PROPOSAL_MADE: "proposed",
    Verb.PROPOSAL_FAILED: "failed to propose",
    Verb.DECISION_MADE: "decided",
    Verb.DECISION_WITHDRAWN: "took a decision back",
    Verb.DECISIONS_BROUGHT: "brought decisions along from another tool",
    Verb.DECISIONS_SENT_BACK: "undid the bringing along of decisions",
    Verb.DECISIONS_RETURNED: "had decisions come back with their records",
    Verb.DECISION_BROUGHT: "brought along a decision made in another tool",
    Verb.DECISION_SENT_BACK: "undid a decision that was brought along",
    Verb.DECISION_RETURNED: "had a decision come back with its record",
    Verb.CONFLICT_RESOLVED: "resolved a conflict",
    Verb.RESOLUTION_REOPENED: "reopened a settled record",
    Verb.REPORT_RETRIEVED: "retrieved a report",
    Verb.REPORT_NOT_RETRIEVED: "could not retrieve a report",
    Verb.REPORT_SOUGHT_AGAIN: "sought a report again",
    Verb.STUDY_NAMED: "named a study",
    Verb.REPORT_LINKED: "linked a report to a study",
    Verb.FORM_DRAFTED: "drafted a form",
    Verb.FORM_CHANGED: "changed a draft form",
    Verb.FORM_PUBLISHED: "published a form",
    Verb.VALUE_GIVEN: "took down a value",
    Verb.VALUE_WITHDRAWN: "took a value back",
    Verb.SHEET_SUBMITTED: "submitted a sheet",
    Verb.SHEET_REOPENED: "reopened a sheet",
    Verb.CONSENSUS_REACHED: "agreed on a value",
    Verb.CONSENSUS_REOPENED: "reopened an agreed value",
    Verb.EXPORTED: "exported",
}

# Keys of subject, before and after that read well in one line, in this order.
TOLD = (
    "what",
    "words",
    "format",
    "of",
    "verdict",
    "reason",
    "how",
    "source",
    "label",
    "item",
    "role",
    "model",
    "name",
)


@dataclass(frozen=True)
class Filters:
    """What a reader asked for; nothing set means the whole trail. Dates are whole days in UTC."""

    person: int | None = None
    machines: bool = False
    verb: str = ""
    number: int | None = None
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        return self != Filters()

    def of(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """`events` narrowed down to what was asked for."""
        if self.person is not None:
            events = events.filter(actor_id=self.person)
        if self.machines:
            events = events.filter(actor__isnull=True)
        if self.verb:
            events = events.filter(verb=self.verb)
        if self.number is not None:
            events = events.filter(record__number=self.number)
        if self.since:
            events = events.filter(at__gte=_midnight(self.since))
        if self.until:
            events = events.filter(at__lt=_midnight(self.until + timedelta(days=1)))
        return events


@dataclass(frozen=True)
class Line:
    """One event as one person may read it. Of a sealed one only number, time and hash are here."""

    seq: int
    at: datetime
    hash: str
    sealed: bool
    event: Event | None = None
    details: bool = False

    @property
    def who(self) -> str:
        """The actor's name, without the address that the trail keeps with it."""
        assert self.event is not None
        return self.event.actor_label.partition(" <")[0]

    @property
    def words(self) -> str:
        """The verb in words."""
        assert self.event is not None
        return WORDS[self.event.verb]

    @property
    def stage(self) -> str:
        """The stage it happened at, in words."""
        assert self.event is not None
        return dict(Stage.choices).get(self.event.stage, self.event.stage)

    @property
    def written(self) -> str:
        """What the event holds of its object, as JSON for people to read."""
        assert self.event is not None
        held = {"subject": self.event.subject, "before": self.event.before, "after": self.event.after}
        return json.dumps({key: value for key, value in held.items() if value}, indent=1, ensure_ascii=False)

    @property
    def told(self) -> str:
        """What the event says of its object, as far as it has short words for it."""
        assert self.event is not None
        if not self.details:
            return ""
        known = {**self.event.subject, **self.event.before, **self.event.after}
        said = [known[key] for key in TOLD if isinstance(known.get(key), str | int) and known.get(key)]
        return ", ".join(str(part).replace("_", " ") for part in said)


@dataclass(frozen=True)
class Reading:
    """A page of the trail, newest first; `older` and `newer` are the numbers to go on from, if any."""

    lines: list[Line]
    older: int | None
    newer: int | None


def read(
    membership: Membership,
    filters: Filters,
    *,
    before: int | None = None,
    after: int | None = None,
    size: int = PAGE,
) -> Reading:
    """At most `size` events, newest first: those before number `before`, or those next after number `after`."""
    events = filters.of(Event.objects.filter(review=membership.review)).select_related("record", "actor")
    drop = bool(filters)
    if after is not None:
        found = _collect(membership, events, after, up=True, drop=drop, wanted=size + 1)
        lines = found[:size][::-1]
        newer = lines[0].seq if len(found) > size else None
        return Reading(lines, lines[-1].seq if lines else after + 1, newer)
    found = _collect(membership, events, before, up=False, drop=drop, wanted=size + 1)
    lines = found[:size]
    older = lines[-1].seq if len(found) > size else None
    newer = None if before is None else lines[0].seq if lines else before - 1
    return Reading(lines, older, newer)


def _collect(
    membership: Membership, events: QuerySet[Event], last: int | None, *, up: bool, drop: bool, wanted: int
) -> list[Line]:
    """The first `wanted` lines on from number `last`; with `drop`, sealed ones do not count and do not appear."""
    lines: list[Line] = []
    while len(lines) < wanted:
        size = CHUNK if drop else wanted - len(lines)
        rest = events.order_by("seq" if up else "-seq")
        if last is not None:
            rest = rest.filter(seq__gt=last) if up else rest.filter(seq__lt=last)
        chunk = list(rest[:size])
        sealed, silent = sealed_of(membership, chunk), _named_by_a_sealed_file(membership, chunk)
        lines += [
            _line(membership, event, event.pk in sealed, event.pk in silent)
            for event in chunk
            if not (drop and event.pk in sealed)
        ]
        if len(chunk) < size:
            break
        last = chunk[-1].seq
    return lines[:wanted]


def _named_by_a_sealed_file(membership: Membership, events: Iterable[Event]) -> set[int]:
    """Ids of the imports among these events whose file, and so its name, is sealed for this person."""
    imports = {e.pk: e.subject.get("search") for e in events if e.verb == Verb.SEARCH_IMPORTED}
    if not imports:
        return set()
    sealed = sealed_files(membership.user, membership.review, [pk for pk in imports.values() if pk])
    return {pk for pk, search in imports.items() if search in sealed}


def _line(membership: Membership, event: Event, sealed: bool, silent: bool) -> Line:
    if sealed:
        return Line(event.seq, event.at, event.hash, sealed=True)
    details = not silent and (event.verb not in FOR_LEADS or membership.is_lead)
    return Line(event.seq, event.at, event.hash, sealed=False, event=event, details=details)


# ---------------------------------------------------------------- what is sealed
def sealed_of(membership: Membership, events: Iterable[Event]) -> set[int]:
    """Ids, of these events of one review, of those this person may not read yet. A few queries a page.

    What one did oneself is never sealed, unless it was about another's opinion.
    """
    others = [
        e for e in events if e.verb in JUDGEMENT and (e.actor_id != membership.user_id or e.verb in ON_BEHALF)
    ]
    sealed = {e.pk for e in others}
    user, review = membership.user, membership.review
    for stage in (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT):
        for verbs, sees in ((VOTES, sees_votes), (PROPOSALS, sees_proposals)):
            here = [e for e in others if e.verb in verbs and e.stage == stage and e.record_id]
            if here:
                seen = sees(user, review, stage, {e.record_id for e in here if e.record_id})
                sealed -= {e.pk for e in here if e.record_id in seen}
    return sealed - _open_values(membership, [e for e in others if e.stage == Stage.EXTRACTION])


def _open_values(membership: Membership, events: list[Event]) -> set[int]:
    """Ids of events of extraction that this person may read: others' sheets, and what a model proposed."""
    form = published_form(membership.review) if events else None
    if form is None:
        return set()
    study_of = _studies(membership.review, events)
    studies = {s.pk: s for s in Study.objects.filter(review=membership.review, pk__in=set(study_of.values()))}
    items = set(form.items.values_list("pk", flat=True))
    sheets = sees_sheets_of(membership.user, membership.review, form, studies)
    asked = {study_of.get(e.pk) for e in events if e.verb in PROPOSALS}
    proposals = {
        pk
        for pk, study in studies.items()
        if pk in asked and items and sees_proposed_values(membership.user, study, form) == items
    }
    return {e.pk for e in events if study_of.get(e.pk) in (proposals if e.verb in PROPOSALS else sheets)}


def _studies(review: Review, events: list[Event]) -> dict[int, int]:
    """Event id -> the study it is about, by its own word or by its record's report."""
    linked = Report.objects.filter(
        record__review=review, record__in={e.record_id for e in events if e.record_id}, study__isnull=False
    )
    by_record = dict(linked.values_list("record_id", "study_id"))
    found: dict[int, int] = {}
    for event in events:
        said: Any = event.subject.get("study")
        study = said if isinstance(said, int) else by_record.get(event.record_id or 0)
        if study is not None:
            found[event.pk] = study
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
