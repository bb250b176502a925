"""Source overlap: which sources found which papers, as a page and as a CSV."""

import csv
import io
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reviews import exporting, prisma
from reviews.export import neutralised
from reviews.models import Membership, Review
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.source_overlap import Overlap, overlap, units_of

COLUMNS = (
    "a", "b", "records_a", "papers_a", "only_a", "records_b", "papers_b", "only_b", "in_both", "included_in_both",
)  # fmt: skip


def overlap_of(review: Review, *, by_search: bool = False) -> Overlap:
    """The overlap as it stands now; the included papers are those PRISMA counts."""
    units = units_of(review, by_search=by_search)
    return overlap(review, units, included=prisma.records_behind(review, "new_reports"))


@require_safe
@never_cache
def source_overlap(request: HttpRequest, slug: str) -> HttpResponse:
    """The page, by source or (?by=search) by search; ?as=csv gives it as a file."""
    membership = membership_or_404(request.user, slug, may="read")
    by_search = request.GET.get("by") == "search"
    if request.GET.get("as") == "csv":
        return _file(membership_or_404(request.user, slug, may="export"), by_search)
    found = overlap_of(membership.review, by_search=by_search)
    context: dict[str, Any] = {
        "found": found,
        "by_search": by_search,
        "matrix": [
            (line, [line.papers if a == b else found.both(a, b) for b in range(len(found.lines))])
            for a, line in enumerate(found.lines)
        ],
        "sizes": [(size, papers, included) for size, (papers, included) in found.found_by.items()],
        "nav": "searches",
    }
    return page(request, "reviews/source_overlap.html", membership, **context)


def _file(membership: Membership, by_search: bool) -> HttpResponse:
    """One row for each source (a and b the same) and for each pair of them. It leaves a line in the trail first."""
    made = rows(overlap_of(membership.review, by_search=by_search))
    exporting.log_export(
        review=membership.review, by=membership.user, what="source overlap", form="csv", rows=len(made)
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([neutralised(row[column]) for column in COLUMNS] for row in made)
    answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{membership.review.slug}-source-overlap.csv"'
    return answer


def rows(found: Overlap) -> list[dict[str, Any]]:
    """The overlap as rows; `only_a` are papers that nobody but a found."""
    lines = found.lines
    pairs = [(n, n, line.papers, line.included) for n, line in enumerate(lines)]
    pairs += [(pair.a, pair.b, pair.papers, pair.included) for pair in found.pairs]
    return [
        {
            "a": lines[a].unit.label,
            "b": lines[b].unit.label,
            "records_a": lines[a].records,
            "papers_a": lines[a].papers,
            "only_a": lines[a].alone,
            "records_b": lines[b].records,
            "papers_b": lines[b].papers,
            "only_b": lines[b].alone,
            "in_both": papers,
            "included_in_both": included,
        }
        for a, b, papers, included in pairs
    ]


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/searches/overlap/", source_overlap, name="source_overlap"),
]
