"""The agreed data as a file."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from extraction.export import SHAPES, as_csv
from reviews import exporting
from reviews.models import Membership
from reviews.permissions import membership_or_404


@require_safe
@never_cache
def extraction_export(request: HttpRequest, slug: str, shape: str) -> HttpResponse:
    """Agreed values as CSV, `long` or `wide`, of the studies this person may see; leaves a line in the trail."""
    return export_answer(membership_or_404(request.user, slug, may="export"), shape)


def export_answer(membership: Membership, shape: str) -> HttpResponse:
    """The file itself, and its line in the trail."""
    if shape not in SHAPES:
        raise Http404("No such file.")
    review = membership.review
    text, rows = as_csv(review, shape, membership.user)
    exporting.log_export(
        review=review, by=membership.user, what=f"extraction, {shape}", form="csv", rows=rows
    )
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{review.slug}-extraction-{shape}.csv"'
    return answer


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/extraction/export/<slug:shape>.csv", extraction_export, name="extraction_export"),
]
