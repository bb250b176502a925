"""Which reports are sought: those of records whose inclusion at title and abstract stands. Reads only.

The same condition as PRISMA's "reports sought for retrieval" (reviews/prisma.py counts it; a test compares the two).
"""

from django.db.models import Exists, OuterRef, QuerySet

from reviews.models import Record, Report, Review

from .models import Resolution, Stage, Verdict


def sought_reports(review: Review) -> QuerySet[Report]:
    """Every report sought for retrieval, whatever came of it, in no particular order."""
    records = Record.objects.filter(review=review).to_screen()
    return Report.objects.filter(_settled_include(Stage.TITLE_ABSTRACT), record__in=records)


def included_reports(review: Review) -> QuerySet[Report]:
    """Reports at hand whose inclusion at full text stands: what data are taken from, in no particular order."""
    return sought_reports(review).filter(
        _settled_include(Stage.FULL_TEXT), retrieval=Report.Retrieval.RETRIEVED
    )


def _settled_include(stage: str) -> Exists:
    return Exists(
        Resolution.objects.filter(
            record=OuterRef("record"), stage=stage, verdict=Verdict.INCLUDE, withdrawn_at__isnull=True
        )
    )
