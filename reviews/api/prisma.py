"""The PRISMA flow and the lists behind its numbers, for programs; the same blindness as on the pages."""

from django.http import HttpResponse
from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import prisma
from reviews.flow_files import as_json
from reviews.permissions import membership_or_404
from reviews.views.prisma import behind, flow_file

MOST = 1000


class PrismaView(APIView):
    """GET -> every number with its identities; `?as=csv`, `json` or `svg` -> the file, which leaves a line."""

    def get(self, request: Request, slug: str) -> Response | HttpResponse:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        if "as" in request.query_params:
            return flow_file(membership_or_404(request.user, slug, may="export"), request.query_params["as"])
        return Response(as_json(prisma.counts(membership.review).seen_by(membership)))


class PrismaBoxView(APIView):
    """GET -> {"box", "title", "n", "records": [{number, title, source}], "next": number to go on after, or null}."""

    def get(self, request: Request, slug: str, box: str) -> Response:
        """`?after=` a record's number; at most a thousand at a time."""
        membership = membership_or_404(request.user, slug, may="read")
        records, title = behind(membership, box)
        after = request.query_params.get("after", "0")
        start = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else 0
        found = list(records.filter(number__gt=start).select_related("search")[: MOST + 1])
        listed = [{"number": r.number, "title": r.title, "source": r.search.source} for r in found[:MOST]]
        return Response(
            {
                "box": box,
                "title": title,
                "n": records.count(),
                "records": listed,
                "next": listed[-1]["number"] if len(found) > MOST else None,
            }
        )


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/prisma/", PrismaView.as_view(), name="api_prisma"),
    path("r/<slug:slug>/prisma/<slug:box>/", PrismaBoxView.as_view(), name="api_prisma_box"),
]
