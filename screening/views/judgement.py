"""The judgement part of a record's page: per stage, what this person may see of it."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reviews.pages import page
from reviews.permissions import allows, membership_or_404
from screening import opinions, queue, reading
from screening.criteria import criteria_in_force
from screening.models import Stage
from screening.models.protocol import SCREENING_STAGES

from .screen import record_or_404


@dataclass(frozen=True)
class StagePart:
    """One stage of one record: `reached` says whether it is, or was, to be judged there at all."""

    stage: str
    name: str
    reached: bool
    waits_for_me: bool
    seen: opinions.Opinions


@require_safe
@never_cache
def record_judgement(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """A fragment for the record's page (hx-get); by itself it is a page with the same words."""
    membership = membership_or_404(request.user, slug, may="read")
    record = record_or_404(membership, number)
    screens = allows(membership, "screen")
    parts = []
    for stage in SCREENING_STAGES:
        criteria = criteria_in_force(membership.review, stage)
        _, sha256 = reading.judged_text(record, stage)
        seen = opinions.opinions(membership, record, stage, criteria, sha256)
        mine = queue.waiting_for(membership.review, stage, membership.user)
        waits = screens and mine.filter(pk=record.pk).exists()
        reached = seen.open or queue.up_for_judgement(membership.review, stage).filter(pk=record.pk).exists()
        parts.append(StagePart(stage, Stage(stage).label, reached, waits, seen))
    template = "_record_judgement.html" if request.htmx else "record_judgement.html"  # type: ignore[attr-defined]
    return page(
        request,
        f"screening/{template}",
        membership,
        record=record,
        parts=parts,
        carried=opinions.carried(membership, record),
        screens=screens,
        nav="records",
    )
