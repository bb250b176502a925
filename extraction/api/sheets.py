"""Extraction for programs: the studies, one's own sheet, asking the model, the agreed data as a file."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from extraction import filling
from extraction.design import published_form
from extraction.desk import Desk, desk
from extraction.models import Item, ProposedValue, Sheet, State, Value
from extraction.shown import Line, Said, reports_of
from extraction.studies import StudyLine, included_without_study, study_lines
from extraction.views.exports import export_answer
from extraction.views.sheets import study_and_form
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput
from screening import runs
from screening.models import Stage
from workers.starting import start_and_queue

from .forms import item_json


class ValueFields(serializers.Serializer):
    """One answer. `report` is a record number. With `proposal` (an id) the model's value is taken over as it is."""

    report = serializers.IntegerField(min_value=1, required=False)
    state = serializers.ChoiceField(choices=State.choices, required=False)
    value = serializers.JSONField(required=False, allow_null=True, default=None)
    quote = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    note = serializers.CharField(required=False, allow_blank=True, default="")
    proposal = serializers.IntegerField(min_value=1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Either the id of a proposal, or a report and a state."""
        if ("proposal" in attrs) == ("state" in attrs and "report" in attrs):
            raise serializers.ValidationError("Send either a proposal, or a report and a state.")
        return attrs


class ReasonFields(serializers.Serializer):
    """Why a sheet is reopened."""

    reason = serializers.CharField(max_length=1000)


def value_json(value: Value) -> dict[str, Any]:
    """A value, for those who may see it; start and end are code points of the text of `text_sha256`."""
    return {
        "id": value.pk,
        "report": value.report.record.number,
        "state": value.state,
        "value": value.value,
        "quote": value.quote,
        "start": value.start,
        "end": value.end,
        "page": value.page,
        "text_sha256": value.text_sha256,
        "note": value.note,
        "accepted": value.from_proposal_id,
        "seen_proposal": value.seen_proposal,
        "made_at": value.made_at,
    }


def said_json(said: Said) -> dict[str, Any]:
    """A model's value, for those who may see it; `tier` null means unverified, and `doubt` says why."""
    proposal = said.proposal
    return {
        "id": proposal.pk,
        "model": said.model,
        "offline": said.offline,
        "stale": said.stale,
        "report": said.number,
        "state": proposal.state,
        "value": proposal.value,
        "quote": proposal.quote,
        "start": proposal.start,
        "end": proposal.end,
        "tier": proposal.tier or None,
        "page": proposal.page,
        "doubt": proposal.doubt,
        "reasoning": proposal.reasoning,
    }


def line_json(line: Line) -> dict[str, Any]:
    """An item of one's own sheet."""
    return item_json(line.item) | {
        "answer": value_json(line.value) if line.value else None,
        "proposals": [said_json(said) for said in line.proposals],
    }


def sheet_json(shown: Desk) -> dict[str, Any]:
    """One's own sheet, begun or not."""
    return {
        "study": {"id": shown.study.pk, "label": shown.study.label},
        "form_version": shown.form.version,
        "reports": [report.record.number for report in shown.reports],
        "submitted_at": shown.sheet.submitted_at if shown.sheet else None,
        "still_open": [item.key for item in shown.open_required],
        "items": [line_json(line) for line in shown.lines],
    }


def study_json(line: StudyLine) -> dict[str, Any]:
    """A study as far as this person may know; `agreed` and `to_settle` are null until they may see its sheets."""
    return {
        "id": line.study.pk,
        "label": line.study.label,
        "reports": [report.record.number for report in line.reports],
        "items": line.items,
        "given": line.given,
        "submitted_at": line.own.submitted_at if line.own else None,
        "free": line.free,
        "agreed": line.settled if line.seen else None,
        "to_settle": line.differing if line.seen else None,
    }


class StudiesView(APIView):
    """GET -> {"form_version", "studies", "without_study"}: what is to be extracted, and one's own progress."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        form = published_form(membership.review)
        return Response(
            {
                "form_version": form.version if form else None,
                "studies": [study_json(line) for line in study_lines(membership, form)] if form else [],
                "without_study": [r.record.number for r in included_without_study(membership.review)],
            }
        )


class ProposeView(APIView):
    """POST -> 201 {"run", "records"} where something is asked, 200 {"run": null} where nothing is left to ask."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="propose")
        run = start_and_queue(review=membership.review, stage=Stage.EXTRACTION, by=membership.user)
        if run is None:
            return Response({"run": None, "records": 0})
        return Response({"run": run.pk, "records": runs.progress(run).total}, status=201)


class SheetView(APIView):
    """GET -> one's own sheet, with the proposals that may be seen."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="extract")
        study, form = study_and_form(membership, pk)
        return Response(sheet_json(desk(membership.user, study, form)))


class ValueView(APIView):
    """PUT an answer for the item of that key -> it. DELETE takes one's own back -> 204."""

    def put(self, request: Request, slug: str, pk: int, key: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="extract")
        fields = ValueFields(data=request.data)
        fields.is_valid(raise_exception=True)
        study, form = study_and_form(membership, pk)
        item, reports = get_object_or_404(Item, form=form, key=key), reports_of(study)
        sent = fields.validated_data
        if "proposal" in sent:
            said = get_object_or_404(
                ProposedValue.objects.select_related("report"), pk=sent["proposal"], item=item
            )
            report = next((r for r in reports if r.pk == said.report_id), None)
            answer = filling.Answer(said.state, said.value, said.quote, sent["note"], from_proposal=said)
        else:
            report = next((r for r in reports if r.record.number == sent["report"]), None)
            answer = filling.Answer(sent["state"], sent["value"], sent["quote"], sent["note"])
        if report is None:
            raise BadInput("That is no included report of this study.", mend="Name one of its `reports`.")
        value = filling.give_value(
            study=study, item=item, extractor=membership.user, report=report, answer=answer
        )
        return Response(value_json(value))

    def delete(self, request: Request, slug: str, pk: int, key: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="extract")
        study, form = study_and_form(membership, pk)
        value = get_object_or_404(
            Value,
            item__key=key,
            item__form=form,
            sheet__study=study,
            sheet__extractor=membership.user,
            withdrawn_at__isnull=True,
        )
        filling.withdraw_value(value=value, by=membership.user)
        return Response(status=204)


class SubmitView(APIView):
    """POST -> one's own sheet, handed in."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="extract")
        study, form = study_and_form(membership, pk)
        own = get_object_or_404(Sheet, study=study, form=form, extractor=membership.user)
        filling.submit_sheet(sheet=own, by=membership.user)
        return Response(sheet_json(desk(membership.user, study, form)))


class ReopenView(APIView):
    """POST {"reason"} -> one's own sheet, open again."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="extract")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        study, form = study_and_form(membership, pk)
        own = get_object_or_404(Sheet, study=study, form=form, extractor=membership.user)
        filling.reopen_sheet(sheet=own, by=membership.user, **fields.validated_data)
        return Response(sheet_json(desk(membership.user, study, form)))


class ExportView(APIView):
    """GET -> the agreed values as CSV, `long` or `wide`; leaves a line in the trail."""

    def get(self, request: Request, slug: str, shape: str) -> HttpResponse:
        """See the class."""
        return export_answer(membership_or_404(request.user, slug, may="export"), shape)


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/extraction/", StudiesView.as_view(), name="api_extraction"),
    path("r/<slug:slug>/extraction/propose/", ProposeView.as_view(), name="api_extraction_propose"),
    path(
        "r/<slug:slug>/extraction/export/<slug:shape>.csv", ExportView.as_view(), name="api_extraction_export"
    ),
    path("r/<slug:slug>/extraction/<int:pk>/sheet/", SheetView.as_view(), name="api_sheet"),
    path("r/<slug:slug>/extraction/<int:pk>/sheet/submit/", SubmitView.as_view(), name="api_sheet_submit"),
    path("r/<slug:slug>/extraction/<int:pk>/sheet/reopen/", ReopenView.as_view(), name="api_sheet_reopen"),
    path(
        "r/<slug:slug>/extraction/<int:pk>/sheet/items/<slug:key>/",
        ValueView.as_view(),
        name="api_sheet_value",
    ),
]
