"""What happened: events in a hash chain, and every call to a model.

Both tables are append-only: triggers in the migrations refuse UPDATE and DELETE on SQLite and PostgreSQL.
docs/trail.md says what is hashed, and what this can and cannot show.
"""

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint

USER = "reviews.User"


class Verb(models.TextChoices):
    """The closed list of what can happen. docs/trail.md describes each (a test compares the two)."""

    PERSON_SIGNED_UP = "person.signed_up"
    REVIEW_CREATED = "review.created"
    REVIEW_CHANGED = "review.changed"
    PROTOCOL_CHANGED = "protocol.changed"
    MEMBER_INVITED = "member.invited"
    INVITATION_REVOKED = "invitation.revoked"
    MEMBER_JOINED = "member.joined"
    MEMBER_ROLE_CHANGED = "member.role_changed"
    MEMBER_LEFT = "member.left"
    SEARCH_IMPORTED = "search.imported"
    SEARCH_WITHDRAWN = "search.withdrawn"
    SEARCH_RESTORED = "search.restored"
    SEARCH_DESCRIBED = "search.described"
    RECORD_CORRECTED = "record.corrected"
    RECORD_REMOVED = "record.removed"
    RECORD_RESTORED = "record.restored"
    RULE_ADDED = "rule.added"
    RULE_REPLACED = "rule.replaced"
    RULE_RETIRED = "rule.retired"
    RULES_REORDERED = "rules.reordered"
    RULES_APPLIED = "rules.applied"
    RULES_UNDONE = "rules.undone"
    RECORD_PUT_UP_AGAIN = "record.put_up_again"
    DUPLICATES_SOUGHT = "duplicates.sought"
    DUPLICATE_LINKED = "duplicate.linked"
    DUPLICATE_UNLINKED = "duplicate.unlinked"
    PAIR_JUDGED = "pair.judged"
    CRITERION_ADDED = "criterion.added"
    CRITERION_RETIRED = "criterion.retired"
    CRITERION_REWORDED = "criterion.reworded"
    CRITERIA_REORDERED = "criteria.reordered"
    PILOT_DRAWN = "pilot.drawn"
    PILOT_CLOSED = "pilot.closed"
    RUN_STARTED = "run.started"
    RUN_CANCELLED = "run.cancelled"
    RUN_RETRIED = "run.retried"
    PROPOSAL_MADE = "proposal.made"
    PROPOSAL_FAILED = "proposal.failed"
    DECISION_MADE = "decision.made"
    DECISION_WITHDRAWN = "decision.withdrawn"
    DECISIONS_BROUGHT = "decisions.brought"
    DECISIONS_SENT_BACK = "decisions.sent_back"
    DECISIONS_RETURNED = "decisions.returned"
    DECISION_BROUGHT = "decision.brought"
    DECISION_SENT_BACK = "decision.sent_back"
    DECISION_RETURNED = "decision.returned"
    CONFLICT_RESOLVED = "conflict.resolved"
    RESOLUTION_REOPENED = "resolution.reopened"
    REPORT_RETRIEVED = "report.retrieved"
    REPORT_NOT_RETRIEVED = "report.not_retrieved"
    REPORT_SOUGHT_AGAIN = "report.sought_again"
    STUDY_NAMED = "study.named"
    REPORT_LINKED = "report.linked"
    FORM_DRAFTED = "form.drafted"
    FORM_CHANGED = "form.changed"
    FORM_PUBLISHED = "form.published"
    VALUE_GIVEN = "value.given"
    VALUE_WITHDRAWN = "value.withdrawn"
    SHEET_SUBMITTED = "sheet.submitted"
    SHEET_REOPENED = "sheet.reopened"
    CONSENSUS_REACHED = "consensus.reached"
    CONSENSUS_REOPENED = "consensus.reopened"
    EXPORTED = "exported"


class TrailHead(models.Model):
    """The end of one chain: a review's, or (review null) the installation's. Locked while a link is added."""

    review = models.OneToOneField(
        "reviews.Review", null=True, on_delete=models.PROTECT, related_name="trail_head"
    )
    is_installation = models.BooleanField(default=False)
    length = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["is_installation"],
                condition=Q(is_installation=True),
                name="trail_head_one_for_the_installation",
            ),
            CheckConstraint(
                condition=Q(review__isnull=True, is_installation=True)
                | Q(review__isnull=False, is_installation=False),
                name="trail_head_of_a_review_or_the_installation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.length} events, head {self.hash[:8]}"


class Event(models.Model):
    """One thing that happened, written in the same transaction as the change itself."""

    review = models.ForeignKey("reviews.Review", null=True, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField(help_text="UTC, whole milliseconds")
    actor = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    actor_label = models.CharField(max_length=200, help_text="who, readable even if the account goes")
    role = models.CharField(max_length=20, blank=True, help_text="the actor's role at that time")
    verb = models.CharField(max_length=40, choices=Verb.choices)
    record = models.ForeignKey("reviews.Record", null=True, on_delete=models.PROTECT, related_name="events")
    stage = models.CharField(max_length=20, blank=True)
    subject = models.JSONField(default=dict, help_text="what it is about: names of tables and their keys")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["review", "seq"], name="event_seq_once_per_review"),
            UniqueConstraint(
                fields=["seq"], condition=Q(review__isnull=True), name="event_seq_once_for_installation"
            ),
            CheckConstraint(condition=Q(verb__in=Verb.values), name="event_verb_known"),
        ]
        indexes = [
            Index(fields=["record", "seq"], name="event_life_of_a_record")
        ]  # a record's life as a story

    def __str__(self) -> str:
        return f"{self.seq} {self.verb}"


class LLMCall(models.Model):
    """One call to a model as it really went: asked, answered or failed. Failures are rows too."""

    class Purpose(models.TextChoices):
        SCREEN = "screen", "Screening proposal"
        EXTRACT = "extract", "Extraction proposal"

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="llm_calls")
    record = models.ForeignKey(
        "reviews.Record", null=True, on_delete=models.PROTECT, related_name="llm_calls"
    )
    run_key = models.UUIDField(help_text="screening.Run.key")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    model_asked = models.CharField(max_length=200)
    model_answered = models.CharField(max_length=200, blank=True)
    messages = models.JSONField()
    parameters = models.JSONField(default=dict)
    schema_sha256 = models.CharField(max_length=64)
    text_sha256 = models.CharField(max_length=64)
    raw = models.TextField("raw response", blank=True)
    tokens_in = models.PositiveIntegerField(null=True)
    tokens_out = models.PositiveIntegerField(null=True)
    cost_usd = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, help_text="null: price unknown"
    )
    started_at = models.DateTimeField()
    seconds = models.FloatField()
    error_kind = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(purpose__in=["screen", "extract"]), name="llm_call_purpose_known"),
            CheckConstraint(condition=Q(seconds__gte=0), name="llm_call_took_time"),
        ]
        indexes = [Index(fields=["run_key", "record"], name="llm_call_by_run")]  # a run's log, cost so far

    def __str__(self) -> str:
        return f"{self.model_asked}: {self.error_kind or 'answered'}"
