"""Records for programs: the list, one record, corrections, removal, links. No judgement is ever in an answer."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import correcting, dedup, removing
from reviews.best_fields import FIELDS as BEST_FIELDS
from reviews.merged import merged
from reviews.models import Membership, Record, Removal
from reviews.permissions import membership_or_404
from reviews.record_search import LARGEST_NUMBER
from reviews.refusals import BadInput
from reviews.views.records import RECORDS_A_PAGE, records_shown
from screening.visibility import sees_carried

from .searches import ReasonFields

FIELDS = ("title", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "registry_ids", "language",
          "keywords", "mesh", "publication_types", "url")  # fmt: skip


class LinkFields(serializers.Serializer):
    """The number of the record that stays, and why."""

    original = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class RemoveManyFields(ReasonFields):
    """Which records, by their numbers, and why."""

    numbers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER),
        max_length=removing.MOST_AT_ONCE,
    )


def in_list(record: Record) -> dict[str, Any]:
    """A record as it stands in lists (select_related search and duplicate_of)."""
    return {
        "number": record.number,
        "search": record.search_id,
        "source": record.search.source,
        "duplicate_of": record.duplicate_of.number if record.duplicate_of else None,
        **{name: getattr(record, name) for name in FIELDS},
    }


def removal_as_json(removal: Removal) -> dict[str, Any]:
    """Why a record is out before screening: for a reason somebody gave, or by a rule and what it matched."""
    return {
        "kind": removal.kind,
        "reason": removal.reason,
        "rule": removal.rule_id,
        "said": removal.said,
        "by": removal.by.name,
        "at": removal.at,
    }


def in_full(membership: Membership, record: Record) -> dict[str, Any]:
    """A record with its raw entry, its group, the best of each field in it, and the text that quotes point into.

    `raw` and its hash are null while they are sealed: the entry carries what people decided in another tool.
    """
    raw_is_open = record.pk in sees_carried(membership.user, membership.review, [record.pk])
    removal = record.removals.filter(withdrawn_at__isnull=True).select_related("by").first()
    whole = merged(record)
    return in_list(record) | {
        "abstract": record.abstract,
        "text": whole.text,
        "text_sha256": whole.text_sha256,
        "best": {name: getattr(whole.best, name) for name in BEST_FIELDS},
        "best_from": {name: list(numbers) for name, numbers in whole.best.origins.items()},
        "found_by": [{"search": search.pk, "source": search.source} for search in whole.found_by],
        "position": record.position,
        "line": record.line,
        "raw": record.raw if raw_is_open else None,
        "raw_sha256": record.raw_sha256 if raw_is_open else None,
        "duplicates": list(record.duplicates.order_by("number").values_list("number", flat=True)),
        "removed": removal_as_json(removal) if removal else None,
        "import_undone": record.search.withdrawn_at is not None,
    }


def _record(membership: Membership, number: int) -> Record:
    if number > LARGEST_NUMBER:
        raise Http404
    records = Record.objects.select_related("search", "duplicate_of")
    return get_object_or_404(records, review=membership.review, number=number)


class RecordsView(APIView):
    """GET -> {"count", "page", "pages", "records": [...]}; q, search, year_from, year_to, only as on the page."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        shown = records_shown(membership.review, request.query_params.dict())
        rows = shown.select_related("search", "duplicate_of").defer("raw", "abstract")
        page = Paginator(rows, RECORDS_A_PAGE).get_page(request.query_params.get("page"))
        return Response(
            {
                "count": page.paginator.count,
                "page": page.number,
                "pages": page.paginator.num_pages,
                "records": [in_list(record) for record in page.object_list],
            }
        )


class RecordView(APIView):
    """GET one record. PATCH any of correcting.CORRECTABLE, with a reason."""

    def get(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        return Response(in_full(membership, _record(membership, number)))

    def patch(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        record = _record(membership, number)
        if not isinstance(request.data, dict):
            raise BadInput("Send an object with the fields to correct and a reason.")
        given = {name: request.data[name] for name in request.data if name != "reason"}
        reason = str(request.data.get("reason", ""))[:300]
        correcting.correct_record(record=record, by=membership.user, reason=reason, **_known(given))
        return Response(in_full(membership, _record(membership, number)))


def _known(given: dict[str, Any]) -> dict[str, Any]:
    """The fields, if all of them can be corrected: a name such as "by" must never reach the verb's own."""
    for name in given:
        if name not in correcting.CORRECTABLE:
            raise BadInput(
                f"“{name[:60]}” cannot be corrected.", mend=f"These can: {', '.join(correcting.CORRECTABLE)}."
            )
    return given


class RemoveView(APIView):
    """POST a reason: take the record out before screening."""

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        removing.remove_record(
            record=_record(membership, number), by=membership.user, **fields.validated_data
        )
        return Response(in_full(membership, _record(membership, number)))


class RemoveManyView(APIView):
    """POST numbers and a reason: take these records out before screening, all of them or none -> {"removed": n}."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        fields = RemoveManyFields(data=request.data)
        fields.is_valid(raise_exception=True)
        removals = removing.remove_records(
            review=membership.review, by=membership.user, **fields.validated_data
        )
        return Response({"removed": len(removals)})


class RestoreView(APIView):
    """POST, with a reason if you like (of what a rule took out it is needed): undo the removal."""

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        removing.restore_record(
            record=_record(membership, number), by=membership.user, **fields.validated_data
        )
        return Response(in_full(membership, _record(membership, number)))


class LinkView(APIView):
    """POST original (a number) and a reason: this record is a duplicate of that one."""

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="dedup")
        fields = LinkFields(data=request.data)
        fields.is_valid(raise_exception=True)
        wanted = fields.validated_data["original"]
        original = Record.objects.filter(review=membership.review, number=wanted).first()
        if original is None:
            raise BadInput(f"There is no record #{wanted} in this review.")
        dedup.link_records(
            record=_record(membership, number),
            original=original,
            by=membership.user,
            reason=fields.validated_data["reason"],
        )
        return Response(in_full(membership, _record(membership, number)))


class UnlinkView(APIView):
    """POST, with a reason if you like: undo the link of this record."""

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="dedup")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        dedup.unlink_record(record=_record(membership, number), by=membership.user, **fields.validated_data)
        return Response(in_full(membership, _record(membership, number)))


_RECORD = "r/<slug:slug>/records/<int:number>/"
urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/records/", RecordsView.as_view(), name="api_records"),
    path("r/<slug:slug>/records/remove/", RemoveManyView.as_view(), name="api_records_remove"),
    path(_RECORD, RecordView.as_view(), name="api_record"),
    path(f"{_RECORD}remove/", RemoveView.as_view(), name="api_record_remove"),
    path(f"{_RECORD}restore/", RestoreView.as_view(), name="api_record_restore"),
    path(f"{_RECORD}link/", LinkView.as_view(), name="api_record_link"),
    path(f"{_RECORD}unlink/", UnlinkView.as_view(), name="api_record_unlink"),
]
