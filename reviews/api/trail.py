"""The trail, its chain and the exports, for programs; sealed where the person may not look yet."""

from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import audit
from reviews.forms.trail import TrailForm, position
from reviews.permissions import membership_or_404
from reviews.trail_reading import Line, read
from reviews.views.trail import export_answer


def as_json(line: Line) -> dict[str, Any]:
    """One event as this person may read it."""
    known = {"seq": line.seq, "at": line.at, "hash": line.hash, "sealed": line.sealed}
    event = line.event
    if event is None:
        return known
    held = {"subject": event.subject, "before": event.before, "after": event.after} if line.details else {}
    return known | {
        "actor": line.who,
        "role": event.role,
        "verb": event.verb,
        "record": event.record.number if event.record else None,
        "stage": event.stage,
        "reason": event.reason,
        **held,
    }


class TrailView(APIView):
    """GET -> {"events": newest first, "older", "newer"}: go on with `?before=` older or `?after=` newer.

    Filters: person (id, or "machines"), verb, record (number), since, until (dates). In a filtered list sealed
    events are left out.
    """

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        query = request.query_params
        form = TrailForm(membership.review, query)
        if not form.is_valid():
            raise ValidationError({field: list(errors) for field, errors in form.errors.items()})
        reading = read(
            membership,
            form.filters(),
            before=position(query.get("before")),
            after=position(query.get("after")),
        )
        return Response(
            {
                "events": [as_json(line) for line in reading.lines],
                "older": reading.older,
                "newer": reading.newer,
            }
        )


class VerifyView(APIView):
    """GET -> whether every link of the chain holds, and if not, which is the first that does not."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        found = audit.verify(membership.review)
        return Response(
            {
                "ok": found.ok,
                "events": found.events,
                "head": found.head,
                "broken_at": found.broken_at or None,
                "why": found.why,
            }
        )


class ExportView(APIView):
    """GET -> records (csv, json, ris) or decisions (csv, json), streamed; leaves a line in the trail."""

    def get(self, request: Request, slug: str, kind: str, form: str) -> HttpResponseBase:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="export")
        return export_answer(membership, kind, form)


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/trail/", TrailView.as_view(), name="api_trail"),
    path("r/<slug:slug>/trail/verify/", VerifyView.as_view(), name="api_trail_verify"),
    path("r/<slug:slug>/export/<slug:kind>.<slug:form>", ExportView.as_view(), name="api_export"),
]
