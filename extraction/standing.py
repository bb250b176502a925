"""Which sheets count for a study, and whether it is done. Reads only; many studies in a few queries.

A sheet counts when it is submitted, or when its extractor is still here to extract and has something on it: an
empty sheet, or one left behind by somebody who left the review, holds up nobody and takes nobody's place.
"""

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q

from reviews.models import Membership, Review, Study
from reviews.permissions import MAY
from screening.models import Protocol, Stage

from .models import ConsensusValue, Form, Item, Sheet, Value


def standing_sheets(form: Form, study_ids: Iterable[int]) -> dict[int, list[Sheet]]:
    """The sheets that count under `form`, by study (every id of those given), oldest first. One query."""
    found: dict[int, list[Sheet]] = {pk: [] for pk in study_ids}
    taken = Value.objects.filter(sheet=OuterRef("pk"), withdrawn_at__isnull=True)
    here = Membership.objects.filter(
        review=OuterRef("study__review"),
        user=OuterRef("extractor"),
        deactivated_at__isnull=True,
        role__in=[role for role, acts in MAY.items() if "extract" in acts],
    )
    counts = Q(submitted_at__isnull=False) | (Exists(taken) & Exists(here))
    sheets = Sheet.objects.filter(counts, form=form, study__in=list(found)).select_related("extractor")
    for sheet in sheets.order_by("pk"):
        found[sheet.study_id].append(sheet)
    return found


def wanted_in(review: Review) -> int:
    """How many sheets a study needs, as the protocol says."""
    return Protocol.of(review, Stage.EXTRACTION).reviewers_wanted


def all_in(sheets: list[Sheet], wanted: int) -> bool:
    """Whether as many sheets as wanted are there and each is submitted."""
    return len(sheets) >= wanted and all(sheet.submitted_at for sheet in sheets)


def complete_studies(form: Form, sheets: dict[int, list[Sheet]], wanted: int) -> set[int]:
    """Ids, of the studies of `sheets`, in which every required item of the form is agreed. Two queries.

    Where nothing is required, a study is complete when its sheets are in: an empty demand is not met by nothing.
    """
    required = set(Item.objects.filter(form=form, required=True).values_list("pk", flat=True))
    if not required:
        return {study for study, of_study in sheets.items() if all_in(of_study, wanted)}
    agreed: dict[int, set[int]] = {}
    rows = ConsensusValue.objects.filter(
        study__in=list(sheets), item__form=form, item__required=True, withdrawn_at__isnull=True
    )
    for study, item in rows.values_list("study_id", F("item_id")):
        agreed.setdefault(study, set()).add(item)
    return {study for study, items in agreed.items() if items == required}


def is_complete(study: Study, form: Form) -> bool:
    """Whether every required item of the form is agreed for this study."""
    sheets = standing_sheets(form, [study.pk])
    return study.pk in complete_studies(form, sheets, wanted_in(study.review))
