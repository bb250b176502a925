"""The PRISMA flow and the lists behind its numbers, for programs; the same blindness as on the pages."""

from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import flow_rules, prisma
from reviews.flow_files import as_json
from reviews.permissions import membership_or_404
from reviews.views.prisma import behind, flow_file, why

from .records import removal_as_json

MOST = 1000


class PrismaView(APIView):
    """GET -> every number with its identities; `?as=csv`, `json` or `svg` -> the file, which leaves a line."""

    def get(self, request: Request, slug: str) -> Response | HttpResponse:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        if "as" in request.query_params:
            return flow_file(membership_or_404(request.user, slug, may="export"), request.query_params["as"])
        return Response(as_json(prisma.counts(membership.review).seen_by(membership)))


def _removed(record: Any) -> dict[str, Any]:
    """Why a record of a list of removed ones was removed; nothing for other lists."""
    removals = getattr(record, "live_removals", ())
    return {"removed": removal_as_json(removals[0])} if removals else {}


class PrismaBoxView(APIView):
    """GET -> {"box", "title", "n", "records": [{number, title, source}], "next": number to go on after, or null}.

    In lists of removed records each also has "removed": its reason, and the rule and the words it matched.
    """

    def get(self, request: Request, slug: str, box: str) -> Response:
        """`?after=` a record's number; at most a thousand at a time."""
        membership = membership_or_404(request.user, slug, may="read")
        records, title = behind(membership, box)
        after = request.query_params.get("after", "0")
        start = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else 0
        wanted = records.filter(number__gt=start).select_related("search")
        if why(box):
            wanted = flow_rules.with_removals(wanted)
        found = list(wanted[: MOST + 1])
        listed = [
            {"number": r.number, "title": r.title, "source": r.search.source} | _removed(r)
            for r in found[:MOST]
        ]
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
