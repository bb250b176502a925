"""What a person may see of a record: the one place that answers it.

Every page, answer, export, count, search, note and trail entry that could tell one person another's vote, or
the model's proposal, asks here first. The rule, per record and stage:

- votes are seen by who has a live decision of their own on it, by everyone in the review once it is settled,
  and, while it is in conflict, by those who may resolve (no further independent vote is wanted then);
- proposals are seen as the protocol's role of the model says: before -> always; after -> as votes are;
  off -> only once it is settled;
- what a file of another tool carries of people's judgements (its rows, and with them the raw entry and the file)
  is seen once the votes on the record are seen at every stage at which it could still sway somebody.

Leads who screen are as blind as reviewers. Observers see settled records only.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from reviews import audit
from reviews.models import CarriedJudgement, Membership, Record, Review, Search, User
from reviews.permissions import allows

from .models import Conflict, Decision, ModelRole, Proposal, Protocol, Resolution, Stage, Verdict

CHUNK = 500  # records asked about at once


def votes_seen(membership: Membership, stage: str) -> Q:
    """The rule as a condition on records: those whose votes at `stage` this member may see."""
    here = {"record": OuterRef("pk"), "stage": stage}
    seen = Q(Exists(Resolution.objects.filter(withdrawn_at__isnull=True, **here)))
    if allows(membership, "screen"):
        own = Decision.objects.filter(reviewer=membership.user_id, withdrawn_at__isnull=True, **here)
        seen |= Q(Exists(own))
    if allows(membership, "resolve"):
        seen |= Q(Exists(Conflict.objects.filter(closed_at__isnull=True, **here)))
    return seen


def sees_votes(user: User, review: Review, stage: str, record_ids: Iterable[int]) -> set[int]:
    """Ids, of those given, of the records whose votes at `stage` this user may see. At most two queries."""
    wanted = set(record_ids)
    membership = Membership.objects.filter(review=review, user=user, deactivated_at__isnull=True).first()
    if not wanted or membership is None:
        return set()
    records = Record.objects.filter(votes_seen(membership, stage), review=review, pk__in=wanted)
    return set(records.values_list("pk", flat=True))


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


def sees_carried(user: User, review: Review, record_ids: Iterable[int]) -> set[int]:
    """Ids, of those given, of the records whose raw entry, and what it carries, this user may see.

    Where the record's file carries nothing of another tool that is everybody. Else its votes must be open to the
    user at title and abstract, and at full text too unless it was excluded before that: which stage another
    tool's judgement was about is rarely said. All records of a file are alike, so that an open entry does not
    tell that nobody judged it. What counts for a duplicate are the votes on the record that stays.
    """
    places = Record.objects.filter(pk__in=set(record_ids), review=review)
    rows = list(places.values_list("pk", "search", "duplicate_of"))
    if not (carrying := searches_that_carry(search for _, search, _ in rows)):
        return {pk for pk, _, _ in rows}
    roots = {pk: original or pk for pk, search, original in rows if search in carrying}
    first = sees_votes(user, review, Stage.TITLE_ABSTRACT, roots.values())
    excluded = Resolution.objects.filter(
        record__in=first, stage=Stage.TITLE_ABSTRACT, verdict=Verdict.EXCLUDE, withdrawn_at__isnull=True
    )
    over = set(excluded.values_list("record_id", flat=True))
    open_to_user = over | sees_votes(user, review, Stage.FULL_TEXT, first - over)
    return {pk for pk, _, _ in rows if pk not in roots or roots[pk] in open_to_user}


def sealed_files(user: User, review: Review, search_ids: Iterable[int]) -> set[int]:
    """Ids, of those given, of the searches whose file, and its name, this user may not have yet.

    A file opens once what is carried by each of its records is open to them. Its name is sealed with it:
    Covidence names a file by the list it holds.
    """
    return {pk for pk in searches_that_carry(search_ids) if not _all_open(user, review, pk)}


def _all_open(user: User, review: Review, search: int) -> bool:
    last = 0
    while chunk := list(
        Record.objects.filter(search=search, pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        if len(sees_carried(user, review, chunk)) < len(chunk):
            return False
        last = chunk[-1]
    return True


def searches_that_carry(search_ids: Iterable[int]) -> set[int]:
    """Ids, of those given, of the searches whose file carries people's judgements from another tool."""
    carries = Exists(CarriedJudgement.objects.filter(search=OuterRef("pk")))
    return set(Search.objects.filter(carries, pk__in=set(search_ids)).values_list("pk", flat=True))


def had_seen(user: User, review: Review, stage: str, record_id: int) -> tuple[bool, bool]:
    """(proposal, votes): whether this user could already see them, deciding on this record now.

    Who decided and took it back has seen what was visible in between. And once a record has been in conflict, or
    settled, its votes lay open to everyone who may screen: a vote made after that was withdrawn is not blind.
    The same holds of the record's duplicates and of the entries whose votes came back to it: they are the same
    paper, whose votes and proposals one may have seen before.
    """
    others = _same_paper(stage, record_id)
    role = Protocol.of(review, stage).model_role
    open_now = sees_votes(user, review, stage, others) if others else set()
    seen = [
        _seen_of(user, stage, pk, role, audit.now() if pk in open_now else _lay_open_until(user, stage, pk))
        for pk in (record_id, *others)
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


def _same_paper(stage: str, record_id: int) -> set[int]:
    """The record's duplicates, and the entries of undone imports from which votes came back to it or to them."""
    same = {record_id, *Record.objects.filter(duplicate_of=record_id).values_list("pk", flat=True)}
    new = same
    while new:
        back = Decision.objects.filter(record__in=new, stage=stage, came_from__isnull=False)
        new = set(back.values_list("came_from__record", flat=True)) - same
        same = same | new
    return same - {record_id}


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
    """Whether there was a vote to be seen; what was carried from another tool lies open once a record is settled."""
    others = Decision.objects.filter(record_id=record_id, stage=stage, made_at__lte=until)
    if others.exclude(reviewer=user).exists():
        return True
    settled = Resolution.objects.filter(record_id=record_id, stage=stage, made_at__lte=until)
    return settled.exists() and CarriedJudgement.objects.filter(record_id=record_id).exists()


def _settled(review: Review, stage: str, wanted: set[int]) -> set[int]:
    settled = Resolution.objects.filter(
        stage=stage, withdrawn_at__isnull=True, record__review=review, record__in=wanted
    )
    return set(settled.values_list("record_id", flat=True))
