"""The screening room for programs: the next records, deciding, one's own decisions, taking back."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews.merged import Merged, merged_many
from reviews.models import Membership, Record
from reviews.permissions import membership_or_404
from screening import decisions, opinions, queue, reading, visibility
from screening.criteria import criteria_in_force, current_version
from screening.forms.screen import reason_among, seconds_of
from screening.models import Criterion, Decision, Proposal, Stage, Verdict
from screening.models.protocol import SCREENING_STAGES
from screening.views.screen import known_stage, record_or_404

MOST_RECORDS = 25
MOST_DECISIONS = 200


class DecisionFields(serializers.Serializer):
    """One decision: `record` is the record's number, `reason` and the keys of `judgements` are ids of criteria."""

    record = serializers.IntegerField(min_value=1, max_value=999_999_999)
    stage = serializers.ChoiceField(choices=[(stage.value, stage.label) for stage in SCREENING_STAGES])
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    key = serializers.UUIDField()
    reason = serializers.IntegerField(required=False, allow_null=True)
    judgements = serializers.DictField(child=serializers.CharField(), required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    seconds = serializers.FloatField(required=False, allow_null=True)


def decision_json(decision: Decision) -> dict[str, Any]:
    """A decision, for those who may see it."""
    return {
        "id": decision.pk,
        "record": decision.record.number,
        "stage": decision.stage,
        "reviewer": decision.reviewer.name,
        "verdict": decision.verdict,
        "reason": decision.reason_id,
        "judgements": decision.judgements,
        "note": decision.note,
        "made_at": decision.made_at,
        "seconds": decision.seconds,
        "seen_proposal": decision.seen_proposal,
        "seen_votes": decision.seen_votes,
        "brought_along": decision.brought_id is not None,
        "came_back": decision.came_from_id is not None,
        "withdrawn_at": decision.withdrawn_at,
    }


def proposal_json(shown: opinions.Shown) -> dict[str, Any]:
    """A proposal, for those who may see it; start and end are code points of the text of `text_sha256`."""
    return {
        "model": shown.model,
        "offline": shown.offline,
        "stale": shown.stale,
        "verdict": shown.proposal.verdict,
        "reason": shown.proposal.reason_id,
        "text_sha256": shown.proposal.text_sha256,
        "judgements": [
            {
                "criterion": int(judgement["id"]),
                **{key: judgement[key] for key in ("verdict", "quote", "start", "end", "tier", "reasoning")},
            }
            for judgement in shown.judgements
        ],
    }


def records_json(
    membership: Membership, records: list[Record], stage: str, criteria: list[Criterion]
) -> list[dict[str, Any]]:
    """What a person reads to judge these records, and the proposals where the protocol shows them before."""
    pks = [record.pk for record in records]
    wholes = merged_many(records)
    seen = visibility.proposals_shown(membership.user, membership.review, stage, pks)
    return [_record_json(wholes[record.pk], stage, criteria, seen.get(record.pk)) for record in records]


def _record_json(
    whole: Merged, stage: str, criteria: list[Criterion], proposal: Proposal | None
) -> dict[str, Any]:
    record, best = whole.record, whole.best
    text, sha256 = reading.judged_text(record, stage, whole=whole)
    report = reading.report_of(record) if stage == Stage.FULL_TEXT else None
    return {
        "number": record.number,
        "title": best.title,
        "abstract": best.abstract,
        "text": text,
        "text_sha256": sha256,
        "pages": report.page_map if report else [],
        "authors": best.authors,
        "year": best.year,
        "journal": best.journal,
        "doi": best.doi,
        "pmid": best.pmid,
        "registry_ids": best.registry_ids,
        "language": best.language,
        "keywords": best.keywords,
        "mesh": best.mesh,
        "publication_types": best.publication_types,
        "from_duplicates": {
            name: [each.number for each in members] for name, members in whole.borrowed.items()
        },
        "links": [{"text": link.text, "href": link.href} for link in reading.links(best) if link.href],
        "found_by": [
            {"source": search.source, "platform": search.platform, "searched_on": search.searched_on}
            for search in whole.found_by
        ],
        "proposal": proposal_json(opinions.shown(proposal, criteria, sha256)) if proposal else None,
    }


class NextView(APIView):
    """GET ?n=1 -> the next records that wait for this person, with the criteria and their progress."""

    def get(self, request: Request, slug: str, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="screen")
        known_stage(stage)
        review, user = membership.review, membership.user
        wanted = request.query_params.get("n", "1")
        n = min(max(int(wanted), 1), MOST_RECORDS) if wanted.isdecimal() and len(wanted) < 6 else 1
        criteria = criteria_in_force(review, stage)
        version = current_version(review, stage)
        progress = queue.progress(review, stage, user)
        return Response(
            {
                "stage": stage,
                "records": records_json(
                    membership, queue.next_records(review, stage, user, n=n), stage, criteria
                ),
                "criteria": [
                    {"id": c.pk, "kind": str(c.kind), "label": c.label, "text": c.text} for c in criteria
                ],
                "criteria_version": version.number if version else None,
                "progress": vars(progress),
            }
        )


class DecisionsView(APIView):
    """GET ?stage=&before= -> one's own decisions, newest first; POST a decision -> 201 and what became of it."""

    def get(self, request: Request, slug: str) -> Response:
        """Live and withdrawn, at most 200 at a time; `next` is the `before` of the following ones."""
        membership = membership_or_404(request.user, slug, may="screen")
        own = Decision.objects.filter(record__review=membership.review, reviewer=membership.user)
        if stage := request.query_params.get("stage"):
            known_stage(stage)
            own = own.filter(stage=stage)
        before = request.query_params.get("before", "")
        if before.isdecimal() and len(before) < 19:
            own = own.filter(pk__lt=int(before))
        found = list(own.select_related("record", "reviewer").order_by("-pk")[: MOST_DECISIONS + 1])
        listed = found[:MOST_DECISIONS]
        return Response(
            {
                "decisions": [decision_json(decision) for decision in listed],
                "next": listed[-1].pk if len(found) > MOST_DECISIONS else None,
            }
        )

    def post(self, request: Request, slug: str) -> Response:
        """Sending the same key again answers 200 with what stands, and decides nothing."""
        membership = membership_or_404(request.user, slug, may="screen")
        fields = DecisionFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        criteria = criteria_in_force(membership.review, given["stage"])
        outcome = decisions.decide(
            record=record_or_404(membership, given["record"]),
            stage=given["stage"],
            reviewer=membership.user,
            verdict=given["verdict"],
            key=given["key"],
            reason=reason_among(criteria, given.get("reason")),
            judgements=given.get("judgements"),
            note=given.get("note", ""),
            seconds=seconds_of(given.get("seconds")),
        )
        return Response(outcome_json(outcome), status=200 if outcome.repeated else 201)


def outcome_json(outcome: decisions.Outcome) -> dict[str, Any]:
    """What became of the record; whoever gets this has a decision on it, or had one and took it back."""
    live = outcome.decision.withdrawn_at is None
    resolution, conflict = (outcome.resolution, outcome.conflict) if live else (None, None)
    state = "settled" if resolution else "conflict" if conflict else "waiting"
    return {
        "decision": decision_json(outcome.decision),
        "repeated": outcome.repeated,
        "outcome": state if live else "withdrawn",
        "verdict": resolution.verdict if resolution else None,
        "conflict": conflict.pk if conflict else None,
    }


class WithdrawView(APIView):
    """POST reason? -> one's own decision, taken back."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Somebody else's decision is not found: that it exists is not this person's to know."""
        membership = membership_or_404(request.user, slug, may="screen")
        own = Decision.objects.select_related("record__review", "reviewer")
        decision = get_object_or_404(own, pk=pk, reviewer=membership.user, record__review=membership.review)
        reason = request.data.get("reason", "") if hasattr(request.data, "get") else ""
        withdrawn = decisions.withdraw(decision=decision, by=membership.user, reason=str(reason))
        return Response({"decision": decision_json(withdrawn)})


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/screen/<slug:stage>/next/", NextView.as_view(), name="api_screen_next"),
    path("r/<slug:slug>/decisions/", DecisionsView.as_view(), name="api_decisions"),
    path("r/<slug:slug>/decisions/<int:pk>/withdraw/", WithdrawView.as_view(), name="api_decision_withdraw"),
]
