"""The one way into the trail: `log` (or `log_many`) for what happened, `log_call` for what was asked of a model.

Events of a review form a hash chain: each carries the sha256 of the event before it and of itself (the
canonical JSON of its fields; docs/trail.md says which). The chain is tamper-evident, not tamper-proof: whoever
holds the database can rewrite all of it, but not without every later hash, and every head already printed on
an export, changing.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from .many_rows import insert_rows
from .models import Event, LLMCall, Membership, Record, Review, TrailHead, User, Verb

GENESIS = "0" * 64
OUTSIDE = "audit.log must run in the transaction of the change it tells of"
HASHED = (
    "review",
    "seq",
    "at",
    "actor",
    "actor_label",
    "role",
    "verb",
    "record",
    "stage",
    "subject",
    "before",
    "after",
    "reason",
    "prev_hash",
)


def now() -> datetime:
    """This moment in UTC, in whole milliseconds, so that SQLite and PostgreSQL give back what was hashed."""
    moment = timezone.now()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def log(
    *,
    review: Review | None,
    verb: Verb,
    actor: User | None = None,
    actor_label: str = "",
    record: Record | None = None,
    stage: str = "",
    subject: dict[str, Any] | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> Event:
    """Write one event at the end of the review's chain (review None: the installation's own chain).

    Must be called inside the transaction of the change it tells of, as its last step: it locks the chain's
    head until the transaction ends. `actor` is a person; where a model or a rule acts, pass `actor_label`.

    Raises:
        RuntimeError: outside a transaction (the change could be kept without its event).
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(OUTSIDE)
    head = _locked_head(review)
    entry = Entry(verb, actor, actor_label, record, stage, subject or {}, before or {}, after or {}, reason)
    event = _next(head, review, entry, _role(review, actor))
    event.save(force_insert=True)
    head.save(update_fields=["length", "hash"])
    return event


@dataclass(frozen=True)
class Entry:
    """One event that is still to be written; its fields are those of `log`."""

    verb: Verb
    actor: User | None = None
    actor_label: str = ""
    record: Record | None = None
    stage: str = ""
    subject: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def log_many(*, review: Review | None, entries: Iterable[Entry]) -> None:
    """Write events one after the other at the end of the chain, as `log` does one, in a few statements.

    Raises:
        RuntimeError: outside a transaction (the change could be kept without its event).
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(OUTSIDE)
    head = _locked_head(review)
    roles: dict[int | None, str] = {}
    events = []
    for entry in entries:
        key = entry.actor.pk if entry.actor else None
        if key not in roles:
            roles[key] = _role(review, entry.actor)
        events.append(_next(head, review, entry, roles[key]))
    names = [field.attname for field in Event._meta.concrete_fields if not field.primary_key]
    insert_rows(Event, ({name: getattr(event, name) for name in names} for event in events))
    head.save(update_fields=["length", "hash"])


def _next(head: TrailHead, review: Review | None, entry: Entry, role: str) -> Event:
    """The next event of the chain, not saved; the head moves on to it."""
    actor = entry.actor
    label = entry.actor_label or (f"{actor.name} <{actor.email}>" if actor else "Winnow")
    event = Event(
        review=review,
        seq=head.length + 1,
        at=now(),
        actor=actor,
        actor_label=label[:200],
        role=role,
        verb=Verb(entry.verb).value,
        record=entry.record,
        stage=entry.stage,
        subject=_plain(entry.subject),
        before=_plain(entry.before),
        after=_plain(entry.after),
        reason=entry.reason,
        prev_hash=head.hash,
    )
    event.hash = hash_of(event)
    head.length, head.hash = event.seq, event.hash
    return event


def log_call(**fields: Any) -> LLMCall:
    """Keep one call to a model, answered or failed; fields as in LLMCall."""
    return LLMCall.objects.create(**fields)


def _locked_head(review: Review | None) -> TrailHead:
    """The chain's head, locked. Made on first use; a racing maker loses to the unique constraint and waits."""
    wanted: dict[str, Any] = {"review": review} if review else {"review": None, "is_installation": True}
    TrailHead.objects.get_or_create(**wanted)
    return TrailHead.objects.select_for_update().get(**wanted)


def _role(review: Review | None, actor: User | None) -> str:
    if review is None or actor is None:
        return ""
    membership = Membership.objects.filter(review=review, user=actor).only("role").first()
    return membership.role if membership else ""


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives it back (dates as ISO text, keys as strings), so that the hash is of what is stored."""
    return json.loads(json.dumps(value, default=str)) if value else {}


def canonical(event: Event) -> str:
    """The exact text that is hashed: the fields of HASHED as JSON, keys sorted, no spaces, UTF-8."""
    fields = {
        "review": event.review.slug if event.review else None,
        "seq": event.seq,
        "at": event.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "actor": event.actor_id,
        "actor_label": event.actor_label,
        "role": event.role,
        "verb": event.verb,
        "record": event.record.number if event.record else None,
        "stage": event.stage,
        "subject": event.subject,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "prev_hash": event.prev_hash,
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_of(event: Event) -> str:
    """Hex sha256 of `canonical(event)`."""
    return hashlib.sha256(canonical(event).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Verification:
    """What `verify` found: `broken_at` is the number of the first bad link (0: none) and `why` says what."""

    events: int
    head: str
    broken_at: int = 0
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether every link holds."""
        return self.broken_at == 0


def verify(review: Review | None) -> Verification:
    """Recompute the whole chain of a review and name the first link that does not hold."""
    events = Event.objects.filter(review=review).select_related("record", "review").order_by("seq")
    head = TrailHead.objects.filter(review=review).first()
    return _walk(events.iterator(chunk_size=2000), head)


def _walk(events: Iterable[Event], head: TrailHead | None) -> Verification:
    previous, expected = GENESIS, 0
    for event in events:
        expected += 1
        if event.seq != expected:
            return Verification(expected - 1, previous, expected, f"event {expected} is missing")
        if event.prev_hash != previous:
            return Verification(
                expected - 1, previous, expected, f"event {expected} does not follow the one before it"
            )
        if event.hash != hash_of(event):
            return Verification(
                expected - 1, previous, expected, f"event {expected} was changed after it was written"
            )
        previous = event.hash
    if head and (head.length, head.hash) != (expected, previous):
        return Verification(expected, previous, expected + 1, f"events after {expected} are missing")
    return Verification(expected, previous)
