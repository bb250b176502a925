"""The records of a run as one person may see them; `visibility` decides what of the proposals is sealed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.core.paginator import Page, Paginator
from django.urls import reverse

from reviews.merged import Merged, merged_many
from reviews.models import Membership
from reviews.permissions import allows
from screening import opinions, reading, run_figures, visibility
from screening.criteria import criteria_in_force
from screening.models import Criterion, ModelRole, Proposal, Protocol, Resolution, Run, RunItem, Stage
from workers.checked import repeats_the_model

ITEMS_A_PAGE = 25
SHOW = {"": "All", "seen": "Shown to you", "failed": "Failed"}


@dataclass(frozen=True)
class Row:
    """One record of a run.

    `state` is answered, sealed, values (a form's), failed, asked, waiting or never. `shown` is the proposal, where
    this person may see it, and `text` what its quotes are marked in, or `at` the address where that is; `words`
    why it failed, for leads; `settled` whether a lead may read the calls themselves.
    """

    item: RunItem
    state: str
    shown: opinions.Shown | None = None
    text: reading.Reading | None = None
    at: str = ""
    kind: str = ""
    words: str = ""
    settled: bool = False


@dataclass(frozen=True)
class Items:
    """A page of rows, and what of the whole run this person may see: proposals by verdict, and how many are sealed."""

    page: Page
    rows: list[Row]
    verdicts: list[tuple[str, int]] = field(default_factory=list)
    seen: int = 0
    sealed: int = 0
    sealed_until: str = ""


def items_shown(membership: Membership, run: Run, *, show: str, number: str) -> Items:
    """Page `number` of a run's records, those of `show` (a key of SHOW; anything else means all)."""
    answered = Proposal.objects.filter(run=run).values_list("record_id", flat=True)
    seen = visibility.sees_proposals(membership.user, run.review, run.stage, answered)
    items = RunItem.objects.filter(run=run).select_related("record__report").order_by("record__number")
    if show == "seen":
        items = items.filter(record__in=seen, done_at__isnull=False)
    elif show == "failed":
        items = items.filter(failed_at__isnull=False)
    page = Paginator(items, ITEMS_A_PAGE).get_page(number)
    verdicts = Counter(
        Proposal.objects.filter(run=run, record__in=seen).order_by().values_list("verdict", flat=True)
    )
    return Items(
        page=page,
        rows=_rows(membership, run, list(page), seen),
        verdicts=[(label, verdicts[value]) for value, label in Proposal.Verdict.choices if verdicts[value]],
        seen=len(seen),
        sealed=len(answered) - len(seen),
        sealed_until=sealed_until(membership, run.stage),
    )


def sealed_until(membership: Membership, stage: str) -> str:
    """What opens a proposal to this person, in words."""
    role = Protocol.of(membership.review, stage).model_role
    decides = allows(membership, "screen") and role == ModelRole.AFTER
    return "until you have decided" if decides else "until the record is settled"


def _rows(membership: Membership, run: Run, items: Sequence[RunItem], seen: set[int]) -> list[Row]:
    records = [item.record_id for item in items]
    proposals = {
        proposal.record_id: proposal
        for proposal in Proposal.objects.filter(run=run, record__in=seen & set(records)).select_related(
            "run", "reason"
        )
    }
    criteria = criteria_in_force(run.review, run.stage) if run.stage != Stage.EXTRACTION else []
    settled = settled_records(run, records) if membership.is_lead else set()
    readable = visibility.sees_proposals(membership.user, run.review, run.stage, records)
    wholes = merged_many([item.record for item in items if item.record_id in proposals])
    rows = []
    for item in items:
        proposal = proposals.get(item.record_id)
        if proposal is not None:
            row = _answered(membership, item, proposal, criteria, wholes[item.record_id])
            rows.append(replace(row, settled=item.record_id in settled))
        else:
            words = _words(membership, item, item.record_id in readable)
            kind = run_figures.in_words(item.failure_kind) if item.failed_at else ""
            state = _state(run, item)
            rows.append(Row(item, state, kind=kind, words=words, settled=item.record_id in settled))
    return rows


def _answered(
    membership: Membership, item: RunItem, proposal: Proposal, criteria: list[Criterion], whole: Merged
) -> Row:
    stage = proposal.run.stage
    _text, sha256 = reading.judged_text(item.record, stage, whole=whole)
    shown = opinions.shown(proposal, criteria, sha256)
    if stage == Stage.TITLE_ABSTRACT:
        return Row(item, "answered", shown, text=reading.reading(item.record, stage, proposal, whole=whole))
    # A report is too long to stand here: its quotes lead to where it is read.
    slug, number = membership.review.slug, item.record.number
    room = f"{reverse('screen', args=[slug, stage])}?record={number}"
    return Row(
        item,
        "answered",
        shown,
        at=room if allows(membership, "screen") else reverse("record", args=[slug, number]),
    )


def _state(run: Run, item: RunItem) -> str:
    if item.done_at:
        return "values" if run.stage == Stage.EXTRACTION else "sealed"
    if item.failed_at:
        return "failed"
    if item.lease:
        return "asked"
    return "never" if run.cancelled_at else "waiting"


def _words(membership: Membership, item: RunItem, readable: bool) -> str:
    """Why a record failed, for leads; without what repeats the model while its proposals are sealed."""
    if not item.failed_at or not allows(membership, "propose"):
        return ""
    if repeats_the_model(item.failure) and not readable:
        return f"What the model said is sealed {sealed_until(membership, item.run.stage)}."
    return item.failure


def settled_records(run: Run, records: Sequence[int]) -> set[int]:
    """Ids, of those given, of the records with a settled answer at the run's stage."""
    settled = Resolution.objects.filter(record__in=records, stage=run.stage, withdrawn_at__isnull=True)
    return set(settled.values_list("record_id", flat=True))
