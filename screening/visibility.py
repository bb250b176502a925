"""What a person may see of a record: the one place that answers it.

Every page, answer, export, count, search, note and trail entry that could tell one person another's vote, or
the model's proposal, asks here first. The rule, per record and stage:

- votes are seen by who has a live decision of their own on it, by everyone in the review once it is settled,
  and, while it is in conflict, by those who may resolve (no further independent vote is wanted then);
- proposals are seen as the protocol's role of the model says: before -> always; after -> as votes are;
  off -> only once it is settled.

Leads who screen are as blind as reviewers. Observers see settled records only.
"""

from collections.abc import Iterable
from datetime import datetime

from reviews import audit
from reviews.models import Membership, Record, Review, User
from reviews.permissions import allows

from .models import Conflict, Decision, ModelRole, Proposal, Protocol, Resolution


def sees_votes(user: User, review: Review, stage: str, record_ids: Iterable[int]) -> set[int]:
    """Ids, of those given, of the records whose votes at `stage` this user may see. At most four queries."""
    wanted = set(record_ids)
    membership = Membership.objects.filter(review=review, user=user, deactivated_at__isnull=True).first()
    if not wanted or membership is None:
        return set()
    seen = _settled(review, stage, wanted)
    if allows(membership, "screen"):
        own = Decision.objects.filter(
            reviewer=user, stage=stage, withdrawn_at__isnull=True, record__review=review, record__in=wanted
        )
        seen |= set(own.values_list("record_id", flat=True))
    if allows(membership, "resolve"):
        open_conflicts = Conflict.objects.filter(
            stage=stage, closed_at__isnull=True, record__review=review, record__in=wanted
        )
        seen |= set(open_conflicts.values_list("record_id", flat=True))
    return seen


def sees_proposals(user: User, review: Review, stage: str, record_ids: Iterable[int]) -> set[int]:
    """Ids, of those given, of the records whose proposals at `stage` this user may see."""
    wanted = set(record_ids)
    role = Protocol.of(review, stage).model_role
    if role == ModelRole.AFTER:
        return sees_votes(user, review, stage, wanted)
    if not Membership.objects.filter(review=review, user=user, deactivated_at__isnull=True).exists():
        return set()
    return wanted if role == ModelRole.BEFORE else _settled(review, stage, wanted)


def proposal_shown(user: User, review: Review, stage: str, record_id: int) -> Proposal | None:
    """The newest proposal on this record at this stage, if this user may see it."""
    return proposals_shown(user, review, stage, [record_id]).get(record_id)


def proposals_shown(user: User, review: Review, stage: str, record_ids: Iterable[int]) -> dict[int, Proposal]:
    """The newest proposal of each of these records at this stage, of those this user may see. At most seven queries."""
    seen = sees_proposals(user, review, stage, record_ids)
    if not seen:
        return {}
    proposals = Proposal.objects.filter(record__in=seen, run__stage=stage).select_related("run", "reason")
    # Oldest first, so that the newest of a record is the one that stays.
    return {proposal.record_id: proposal for proposal in proposals.order_by("pk")}


def newest_proposal(stage: str, record_id: int) -> Proposal | None:
    """The newest proposal on this record at this stage, whoever asks: for verbs, never for a page."""
    proposals = Proposal.objects.filter(record_id=record_id, run__stage=stage).select_related("run", "reason")
    return proposals.order_by("-pk").first()


def had_seen(user: User, review: Review, stage: str, record_id: int) -> tuple[bool, bool]:
    """(proposal, votes): whether this user could already see them, deciding on this record now.

    Who decided and took it back has seen what was visible in between. And once a record has been in conflict, or
    settled, its votes lay open to everyone who may screen: a vote made after that was withdrawn is not blind.
    The same holds of the record's duplicates: they are the same paper, whose votes and proposals one may have seen
    before it was linked.
    """
    linked = list(Record.objects.filter(duplicate_of=record_id).values_list("pk", flat=True))
    role = Protocol.of(review, stage).model_role
    open_now = sees_votes(user, review, stage, linked) if linked else set()
    seen = [
        _seen_of(user, stage, pk, role, audit.now() if pk in open_now else _lay_open_until(user, stage, pk))
        for pk in (record_id, *linked)
    ]
    return any(proposal for proposal, _ in seen), any(votes for _, votes in seen)


def _seen_of(user: User, stage: str, record_id: int, role: str, until: datetime | None) -> tuple[bool, bool]:
    """(proposal, votes) of one record whose votes lay open to this user until then; None: never."""
    proposals = Proposal.objects.filter(record_id=record_id, run__stage=stage)
    votes = until is not None and _others_voted(user, stage, record_id, until)
    if role == ModelRole.BEFORE:
        return proposals.exists(), votes
    shown = until is not None and role == ModelRole.AFTER and proposals.filter(made_at__lte=until).exists()
    return shown, votes


def _lay_open_until(user: User, stage: str, record_id: int) -> datetime | None:
    """The last moment at which this user could see the votes on a record that is open again; None: never."""
    here = {"record_id": record_id, "stage": stage}
    moments = (
        Decision.objects.filter(reviewer=user, withdrawn_at__isnull=False, **here).values_list(
            "withdrawn_at"
        ),
        Conflict.objects.filter(closed_at__isnull=False, **here).values_list("closed_at"),
        Resolution.objects.filter(withdrawn_at__isnull=False, **here).values_list("withdrawn_at"),
    )
    return max((moment for rows in moments for (moment,) in rows if moment is not None), default=None)


def _others_voted(user: User, stage: str, record_id: int, until: datetime) -> bool:
    others = Decision.objects.filter(record_id=record_id, stage=stage, made_at__lte=until)
    return others.exclude(reviewer=user).exists()


def _settled(review: Review, stage: str, wanted: set[int]) -> set[int]:
    settled = Resolution.objects.filter(
        stage=stage, withdrawn_at__isnull=True, record__review=review, record__in=wanted
    )
    return set(settled.values_list("record_id", flat=True))
