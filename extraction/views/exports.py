"""The agreed data as a file."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from extraction.export import SHAPES, as_csv
from reviews import exporting
from reviews.permissions import membership_or_404


@require_safe
@never_cache
def extraction_export(request: HttpRequest, slug: str, shape: str) -> HttpResponse:
    """Agreed values as CSV, `long` or `wide`, of the studies this person may see; leaves a line in the trail."""
    membership = membership_or_404(request.user, slug, may="export")
    if shape not in SHAPES:
        raise Http404("No such file.")
    text, rows = as_csv(membership.review, shape, membership.user)
    exporting.log_export(
        review=membership.review, by=membership.user, what=f"extraction, {shape}", form="csv", rows=rows
    )
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{slug}-extraction-{shape}.csv"'
    return answer


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/extraction/export/<slug:shape>.csv", extraction_export, name="extraction_export"),
]
