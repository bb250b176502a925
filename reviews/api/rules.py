"""Rules before screening for programs: writing them down, the preview, applying, undoing."""

import io
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import applying_rules, uploads
from reviews import rules as verbs
from reviews.models import AutomationRule, Membership, NoticeList, RuleApplication, RuleUndo
from reviews.permissions import membership_or_404
from reviews.rule_preview import Preview, Shown, preview
from reviews.rule_values import Values, languages_found, types_found, years_found
from reviews.views.rules import (
    LARGEST_NUMBER,
    applications_shown,
    apply_in_a_worker,
    out_by,
    rules_shown,
    undos_of,
    wants_a_worker,
)

from .jobs import accepted
from .searches import TooLarge

APPLICATIONS_SHOWN = 100


class RuleFields(serializers.Serializer):
    """The settings of a rule (reviews/rule_kinds.py), and the id of a list of retractions."""

    settings = serializers.JSONField()
    list = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_NUMBER, default=None
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class NewRuleFields(RuleFields):
    """The same, and what it is about."""

    kind = serializers.ChoiceField(choices=AutomationRule.Kind.choices)


class ListFields(serializers.Serializer):
    """A name, and a file (multipart) or a text."""

    name = serializers.CharField(max_length=verbs.LONGEST_NAME)
    file = serializers.FileField(required=False, allow_empty_file=True)
    text = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of file and text."""
        if ("file" in attrs) == bool(attrs.get("text", "").strip()):
            raise serializers.ValidationError("Send either a file or a text.")
        return attrs


class OrderFields(serializers.Serializer):
    """The ids of all rules in force, in the order wanted."""

    order = serializers.ListField(child=serializers.IntegerField(), max_length=1000)


class ReasonFields(serializers.Serializer):
    """Why (the verb knows whether it must be said)."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class UndoFields(ReasonFields):
    """The same, and what is undone: an application, a rule, or both."""

    application = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_NUMBER, default=None
    )
    rule = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_NUMBER, default=None
    )


class ApplyFields(serializers.Serializer):
    """The rules and the highest record number that were seen in a preview; without them, all as it is now."""

    rules = serializers.ListField(child=serializers.IntegerField(), max_length=1000, required=False)
    up_to = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_NUMBER)


# ---------------------------------------------------------------- as JSON


def rule_as_json(rule: AutomationRule, out: int) -> dict[str, Any]:
    """A rule (select_related written_by), and how many records it keeps out."""
    return {
        "id": rule.pk,
        "kind": rule.kind,
        "words": rule.words,
        "settings": rule.settings,
        "list": rule.notice_list_id,
        "replaces": rule.replaces_id,
        "written_by": rule.written_by.name,
        "written_at": rule.written_at,
        "retired_at": rule.retired_at,
        "out": out,
    }


def application_as_json(application: RuleApplication, out: int) -> dict[str, Any]:
    """An application (select_related by), and how many of its removals still stand."""
    return {
        "id": application.pk,
        "by": application.by.name,
        "at": application.at,
        "looked_at": application.records,
        "removed": application.removed,
        "out": out,
        "rules": application.rules,
    }


def undo_as_json(undo: RuleUndo) -> dict[str, Any]:
    """What was taken back (select_related by)."""
    return {
        "id": undo.pk,
        "application": undo.application_id,
        "rule": undo.rule_id,
        "restored": undo.restored,
        "reason": undo.reason,
        "by": undo.by.name,
        "at": undo.at,
    }


def preview_as_json(shown: Preview) -> dict[str, Any]:
    """What the rules would do, as this person may be told (rule_preview.py)."""
    return {
        "looked_at": shown.looked_at,
        "up_to": shown.up_to,
        "matched": shown.n,
        "rules": [
            {
                "id": each.rule.pk,
                "words": each.rule.words,
                "matched": each.n,
                "first": _records(each.first),
                "judged_already": {"n": each.n_judged, "first": _records(each.judged)},
                "brought_back": {"n": each.n_brought_back, "first": _records(each.brought_back)},
            }
            for each in shown.rules
        ],
    }


def _records(shown: tuple[Shown, ...]) -> list[dict[str, Any]]:
    return [{"number": each.number, "title": each.heading, "says": each.said} for each in shown]


def list_as_json(listed: NoticeList) -> dict[str, Any]:
    """A list of retractions: how many it holds, not which."""
    return {
        "id": listed.pk,
        "name": listed.name,
        "sha256": listed.sha256,
        "papers": len(listed.papers),
        "notices": len(listed.notices),
        "added_at": listed.added_at,
    }


def _values(values: Values) -> dict[str, Any]:
    return {
        "found": [{"value": value, "n": n} for value, n in values.found],
        "unread": [{"value": value, "n": n} for value, n in values.unread],
        "unstated": values.unstated,
    }


# ---------------------------------------------------------------- views


class RulesView(APIView):
    """GET -> the rules in force, those retired that keep records out, applications, how many records are unchecked.

    POST kind, settings, and for retractions the id of a list if you like -> 201, the rule. Nothing is taken out.
    """

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        in_force, retired = rules_shown(membership.review)
        out = out_by(membership.review, "application")
        latest = applications_shown(membership.review)[:APPLICATIONS_SHOWN]
        return Response(
            {
                "rules": [rule_as_json(each["rule"], each["out"]) for each in in_force],
                "retired": [rule_as_json(each["rule"], each["out"]) for each in retired],
                "applications": [application_as_json(each, out.get(each.pk, 0)) for each in latest],
                "unchecked": len(applying_rules.unchecked(membership.review)),
            }
        )

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="rules")
        fields = NewRuleFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        rule = verbs.add_rule(
            review=membership.review,
            by=membership.user,
            kind=given["kind"],
            settings=given["settings"],
            notice_list=_list(membership, given["list"]),
        )
        return Response(rule_as_json(rule, 0), status=201)


class ValuesView(APIView):
    """GET -> what the records say of language, publication type and year, spelling variants gathered, with counts."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        years = years_found(membership.review)
        return Response(
            {
                "languages": _values(languages_found(membership.review)),
                "publication_types": _values(types_found(membership.review)),
                "years": {"first": years.first, "last": years.last, "unstated": years.unstated},
            }
        )


class ListsView(APIView):
    """GET -> {"lists"} of retractions. POST a name with a file (CSV) or a text -> 201, the list."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse by size before anything is read from the body."""
        if uploads.too_large(request._request):
            raise TooLarge
        super().initial(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Django's own limit for forms is said in the same words."""
        return super().handle_exception(TooLarge() if isinstance(exc, RequestDataTooBig) else exc)

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        lists = NoticeList.objects.filter(review=membership.review).order_by("-pk")
        return Response({"lists": [list_as_json(listed) for listed in lists]})

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="rules")
        fields = ListFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        file = given.get("file")
        data = file.file if file else io.BytesIO(given["text"].encode("utf-8", "replace"))
        listed = verbs.add_list(review=membership.review, by=membership.user, name=given["name"], data=data)
        return Response(list_as_json(listed), status=201)


class ReplaceView(APIView):
    """POST settings, a list if you like, and a reason if you like -> 201, the rule that takes its place."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="rules")
        fields = RuleFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        new = verbs.replace_rule(
            rule=_rule(membership, pk),
            by=membership.user,
            settings=given["settings"],
            notice_list=_list(membership, given["list"]),
            reason=given["reason"],
        )
        return Response(rule_as_json(new, 0), status=201)


class RetireView(APIView):
    """POST, with a reason if you like -> the retired rule. What it took out stays out until it is undone."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="rules")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        old = verbs.retire_rule(rule=_rule(membership, pk), by=membership.user, **fields.validated_data)
        return Response(rule_as_json(old, out_by(membership.review, "rule").get(old.pk, 0)))


class OrderView(APIView):
    """POST {"order": [ids]} -> the rules in their new order: of several that match, the first is the reason."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="rules")
        fields = OrderFields(data=request.data)
        fields.is_valid(raise_exception=True)
        verbs.reorder_rules(review=membership.review, by=membership.user, **fields.validated_data)
        in_force, _retired = rules_shown(membership.review)
        return Response({"rules": [rule_as_json(each["rule"], each["out"]) for each in in_force]})


class PreviewView(APIView):
    """GET -> what the rules would do now: how many each matches and the first twenty, with their words."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="rules")
        return Response(preview_as_json(preview(membership)))


class ApplyView(APIView):
    """POST, with rules (ids, in order) and up_to of a preview if you like -> the application.

    In a review with more than 20,000 records up for screening a worker does it: 202 and the job.
    """

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="rules")
        fields = ApplyFields(data=request.data)
        fields.is_valid(raise_exception=True)
        seen = {"expected": fields.validated_data.get("rules"), "up_to": fields.validated_data.get("up_to")}
        if wants_a_worker(membership.review):
            return accepted(apply_in_a_worker(membership, **seen))
        done = applying_rules.apply_rules(review=membership.review, by=membership.user, **seen)
        return Response(application_as_json(done, done.removed), status=201)


class ApplicationView(APIView):
    """GET -> one application: its rules as they were, what each took out, and what of it was taken back."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        application = get_object_or_404(applications_shown(membership.review), pk=pk)
        out = out_by(membership.review, "application").get(pk, 0)
        undos = [undo_as_json(undo) for undo in undos_of(application)]
        return Response(application_as_json(application, out) | {"undos": undos})


class UndoView(APIView):
    """POST a reason, and an application, a rule, or both -> 201, what came back."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="rules")
        fields = UndoFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        application = given["application"] and get_object_or_404(
            RuleApplication, review=membership.review, pk=given["application"]
        )
        undo = applying_rules.undo_rules(
            review=membership.review,
            by=membership.user,
            reason=given["reason"],
            application=application,
            rule=given["rule"] and _rule(membership, given["rule"]),
        )
        return Response(undo_as_json(undo), status=201)


def _rule(membership: Membership, pk: int) -> AutomationRule:
    return get_object_or_404(AutomationRule, review=membership.review, pk=min(pk, LARGEST_NUMBER))


def _list(membership: Membership, pk: int | None) -> NoticeList | None:
    return get_object_or_404(NoticeList, review=membership.review, pk=pk) if pk else None


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/rules/", RulesView.as_view(), name="api_rules"),
    path("r/<slug:slug>/rules/values/", ValuesView.as_view(), name="api_rule_values"),
    path("r/<slug:slug>/rules/lists/", ListsView.as_view(), name="api_rule_lists"),
    path("r/<slug:slug>/rules/order/", OrderView.as_view(), name="api_rules_order"),
    path("r/<slug:slug>/rules/preview/", PreviewView.as_view(), name="api_rules_preview"),
    path("r/<slug:slug>/rules/apply/", ApplyView.as_view(), name="api_rules_apply"),
    path("r/<slug:slug>/rules/undo/", UndoView.as_view(), name="api_rules_undo"),
    path("r/<slug:slug>/rules/<int:pk>/replace/", ReplaceView.as_view(), name="api_rule_replace"),
    path("r/<slug:slug>/rules/<int:pk>/retire/", RetireView.as_view(), name="api_rule_retire"),
    path(
        "r/<slug:slug>/rules/applications/<int:pk>/", ApplicationView.as_view(), name="api_rule_application"
    ),
]
