"""What was said of one record at one stage, as far as one person may know it. Reads only.

`visibility` decides; this module fetches what it allows and nothing else, so that pages and API cannot show
more by mistake. Until somebody may see the votes, nothing here tells whether there are any.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reviews.models import CarriedJudgement, Membership, Record
from reviews.permissions import allows

from . import visibility
from .answers import VIOLATED
from .models import Conflict, Criterion, Decision, Proposal, Resolution
from .reading import prefix
from .settling import live_resolution, live_votes

OFFLINE = "offline/"
SAYS_NO = {"met": "not_met", "not_met": "met"}


@dataclass(frozen=True)
class Answer:
    """One criterion as one person answered it; `number` is its place among those in force, if it is."""

    number: int | None
    label: str
    verdict: str


@dataclass(frozen=True)
class Vote:
    """A live decision, ready to print."""

    decision: Decision
    answers: list[Answer]
    is_own: bool


@dataclass(frozen=True)
class Shown:
    """A proposal, ready for `_model_says.html` (see there for what `judgements` holds).

    `stale`: it was made on another version of the text. `differs_on` are the numbers of the criteria on which
    a person said the opposite; `opposes` is the combined verdict where it is the opposite of the person's.
    """

    proposal: Proposal
    model: str
    offline: bool
    stale: bool
    verdict: str
    prefix: str
    judgements: list[dict[str, Any]]
    differs_on: list[int] = field(default_factory=list)
    opposes: str = ""

    @property
    def differs(self) -> bool:
        """Whether it says the opposite of the person in anything."""
        return bool(self.differs_on or self.opposes)

    @property
    def answers(self) -> dict[str, str]:
        """Its answers by the id of the criterion, as text: what "accept all" fills in."""
        return {str(judgement["id"]): judgement["verdict"] for judgement in self.judgements}


@dataclass(frozen=True)
class Opinions:
    """What this person may see of a record at a stage.

    `open` says whether the votes may be seen; while it is False only `own` (always None then) and, where the
    role of the model allows it, `proposal` can hold anything.
    """

    stage: str
    open: bool
    own: Vote | None = None
    others: list[Vote] = field(default_factory=list)
    resolution: Resolution | None = None
    conflict: Conflict | None = None
    proposal: Shown | None = None


def opinions(
    membership: Membership, record: Record, stage: str, criteria: Sequence[Criterion], sha256: str
) -> Opinions:
    """Everything `membership` may see of `record` at `stage`; `sha256` is of the text as it is now."""
    user, review = membership.user, membership.review
    seen = record.pk in visibility.sees_votes(user, review, stage, [record.pk])
    votes = [vote_of(d, criteria, user.pk) for d in live_votes(record, stage)] if seen else []
    own = next((vote for vote in votes if vote.is_own), None)
    proposal = visibility.proposal_shown(user, review, stage, record.pk)
    return Opinions(
        stage=stage,
        open=seen,
        own=own,
        others=[vote for vote in votes if not vote.is_own],
        resolution=live_resolution(record, stage) if seen else None,
        conflict=_open_conflict(membership, record, stage, seen),
        proposal=shown(proposal, criteria, sha256, own.decision if own else None) if proposal else None,
    )


def carried(membership: Membership, record: Record) -> list[CarriedJudgement] | None:
    """What files of other tools say of a record and of those linked to it; None while that is sealed."""
    group = [record.pk, *record.duplicates.values_list("pk", flat=True)]
    if visibility.sees_carried(membership.user, membership.review, group) < set(group):
        return None
    rows = CarriedJudgement.objects.filter(record__in=group).select_related("record")
    return list(rows.order_by("record__number", "pk"))


def _open_conflict(membership: Membership, record: Record, stage: str, seen: bool) -> Conflict | None:
    """The open conflict, for those who see the votes and may therefore know of it."""
    if not seen or not allows(membership, "resolve"):
        return None
    return Conflict.objects.filter(record=record, stage=stage, closed_at__isnull=True).first()


def vote_of(decision: Decision, criteria: Sequence[Criterion], user_id: int) -> Vote:
    """A decision with its answers in the order of the criteria; those on retired criteria come last."""
    numbers = {str(criterion.pk): n for n, criterion in enumerate(criteria, 1)}
    labels = {str(criterion.pk): criterion.label for criterion in criteria}
    answers = [
        Answer(numbers.get(key), labels.get(key, "a criterion no longer in force"), verdict)
        for key, verdict in decision.judgements.items()
    ]
    answers.sort(key=lambda answer: (answer.number is None, answer.number or 0))
    return Vote(decision, answers, decision.reviewer_id == user_id)


def shown(
    proposal: Proposal, criteria: Sequence[Criterion], sha256: str, own: Decision | None = None
) -> Shown:
    """A proposal ready to print, compared with one's own decision where there is one."""
    numbers = {str(criterion.pk): n for n, criterion in enumerate(criteria, 1)}
    mine = own.judgements if own else {}
    stale = proposal.text_sha256 != sha256
    said = [_judgement(judgement, numbers, mine) for judgement in proposal.judgements]
    return Shown(
        proposal=proposal,
        model=proposal.run.model,
        offline=proposal.run.model.startswith(OFFLINE),
        stale=stale,
        verdict=proposal.get_verdict_display().lower(),
        prefix=prefix(proposal),
        judgements=said,
        differs_on=[judgement["number"] for judgement in said if judgement["differs"]],
        opposes=_opposite(proposal, own) if own else "",
    )


def _judgement(judgement: dict[str, Any], numbers: dict[str, int], mine: dict[str, str]) -> dict[str, Any]:
    key = str(judgement["criterion"])
    number = numbers.get(key)
    return {
        "id": key,
        "criterion": judgement["label"],
        "number": number,
        "verdict": judgement["verdict"],
        "quote": judgement["quote"],
        "start": judgement["start"],
        "end": judgement["end"],
        "tier": judgement.get("tier", ""),
        "reasoning": judgement["reasoning"],
        # Unclear is no opposite of anything: only met against not met is pointed out.
        "differs": number is not None and mine.get(key) == SAYS_NO.get(judgement["verdict"], "nothing"),
    }


def _opposite(proposal: Proposal, own: Decision) -> str:
    """The proposal's verdict where it is the opposite of the person's (maybe is on the side of include)."""
    sides = {"include": "include", "maybe": "include", "exclude": "exclude"}
    if proposal.verdict not in sides or sides[proposal.verdict] == sides[own.verdict]:
        return ""
    return proposal.verdict


def first_violated(criteria: Sequence[Criterion], judgements: dict[str, str]) -> int | None:
    """The id of the first criterion, in declared order, that was judged violated: the reason to propose."""
    for criterion in criteria:
        if judgements.get(str(criterion.pk)) == VIOLATED[criterion.kind]:
            return criterion.pk
    return None
