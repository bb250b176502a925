"""Source overlap for programs."""

from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews.permissions import membership_or_404
from reviews.views.overlap import overlap_of, rows


class OverlapView(APIView):
    """GET ?by=source|search -> {"records", "papers", "included", "sources", "pairs", "found_by": by how many}."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        found = overlap_of(membership.review, by_search=request.query_params.get("by") == "search")
        return Response(
            {
                "records": found.records,
                "papers": found.papers,
                "included": found.included,
                "sources": [
                    {
                        "source": line.unit.label,
                        "kind": line.unit.kind,
                        "searches": list(line.unit.searches),
                        "records": line.records,
                        "papers": line.papers,
                        "alone": line.alone,
                        "included": line.included,
                        "included_alone": line.included_alone,
                    }
                    for line in found.lines
                ],
                "pairs": rows(found)[len(found.lines) :],
                "found_by": [
                    {"sources": size, "papers": papers, "included": included}
                    for size, (papers, included) in found.found_by.items()
                ],
            }
        )


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/searches/overlap/", OverlapView.as_view(), name="api_source_overlap"),
]
