"""What people said, where they disagree, and what was settled.

Decisions and resolutions are never edited or deleted (triggers say so): they are withdrawn and made anew.
Where a record stands is derived from the live rows; nothing here is a counter or a status column.
"""

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint

from .protocol import Stage, Verdict

USER = "reviews.User"
SCREENED = ["title_abstract", "full_text"]


class Decision(models.Model):
    """One person's opinion on one record at one stage.

    `judgements` maps a criterion's id (as a string) to met, not_met or unclear, for those answered.
    `seen_proposal` / `seen_votes`: whether this person could already see the model's proposal, or the other's
    vote, when deciding (agreement statistics leave such votes out). `brought`: it was made in another tool and
    brought along by a lead (agreement statistics leave those out too; `criteria_version` is then null). `came_from`:
    it was made on the same entry of an import that was undone, and came back with it.
    """

    record = models.ForeignKey("reviews.Record", on_delete=models.PROTECT, related_name="decisions")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    reviewer = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.ForeignKey(
        "screening.Criterion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    judgements = models.JSONField(default=dict, blank=True)
    note = models.TextField(blank=True)
    criteria_version = models.ForeignKey(
        "screening.CriteriaVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()
    seconds = models.FloatField(null=True, blank=True, help_text="time on the page, as the browser saw it")
    seen_proposal = models.BooleanField(default=False)
    seen_votes = models.BooleanField(default=False)
    key = models.UUIDField(help_text="made by the sender, so that sending twice decides once")
    brought = models.ForeignKey(
        "screening.Bringing", null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    came_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="came_back_as"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["record", "stage", "reviewer"],
                condition=Q(withdrawn_at__isnull=True),
                name="decision_one_live_per_person",
            ),
            UniqueConstraint(fields=["reviewer", "key"], name="decision_key_once"),
            UniqueConstraint(
                fields=["came_from"],
                condition=Q(withdrawn_at__isnull=True, came_from__isnull=False),
                name="decision_comes_back_once",
            ),
            CheckConstraint(condition=Q(stage__in=SCREENED), name="decision_stage_known"),
            CheckConstraint(condition=Q(verdict__in=Verdict.values), name="decision_verdict_known"),
            CheckConstraint(
                condition=~Q(stage="full_text", verdict="exclude") | Q(reason__isnull=False),
                name="decision_full_text_exclusion_has_reason",
            ),
            CheckConstraint(
                condition=Q(verdict="exclude") | Q(reason__isnull=True),
                name="decision_reason_only_to_exclude",
            ),
            CheckConstraint(
                condition=~Q(stage="full_text", verdict="maybe"), name="decision_no_maybe_at_full_text"
            ),
            CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("made_at")),
                name="decision_withdrawn_after_made",
            ),
        ]
        indexes = [
            # the queue ("not yet mine") and progress; partial: withdrawn votes are history
            Index(
                fields=["reviewer", "stage", "record"],
                condition=Q(withdrawn_at__isnull=True),
                name="decision_live_by_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.verdict}"


class Conflict(models.Model):
    """Two people disagree: open -> closed, by a resolution or because a vote was withdrawn."""

    class Closed(models.TextChoices):
        RESOLVED = "resolved", "Resolved"
        VOTE_WITHDRAWN = "vote_withdrawn", "A vote was withdrawn"

    record = models.ForeignKey("reviews.Record", on_delete=models.PROTECT, related_name="conflicts")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_how = models.CharField(max_length=20, choices=Closed.choices, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["record", "stage"],
                condition=Q(closed_at__isnull=True),
                name="conflict_one_open_per_record",
            ),
            CheckConstraint(condition=Q(stage__in=SCREENED), name="conflict_stage_known"),
            CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_how="")
                | Q(closed_at__isnull=False, closed_how__in=["resolved", "vote_withdrawn"]),
                name="conflict_closed_says_how",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record}: {self.stage}"


class Resolution(models.Model):
    """The settled answer for a record at a stage. PRISMA counts these and nothing else."""

    class How(models.TextChoices):
        AGREEMENT = "agreement", "Both agreed"
        SINGLE = "single", "One reviewer, as the protocol says"
        WITH_MODEL = "with_model", "One reviewer and the model agreed"
        DISCUSSION = "discussion", "Settled by discussion"
        ADJUDICATION = "adjudication", "Settled by a third person"

    record = models.ForeignKey("reviews.Record", on_delete=models.PROTECT, related_name="resolutions")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    verdict = models.CharField(max_length=10, choices=[("include", "Include"), ("exclude", "Exclude")])
    reason = models.ForeignKey(
        "screening.Criterion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    how = models.CharField(max_length=20, choices=How.choices)
    conflict = models.ForeignKey(
        Conflict, null=True, blank=True, on_delete=models.PROTECT, related_name="resolutions"
    )
    explanation = models.TextField(blank=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", help_text="whose act settled it")
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["record", "stage"],
                condition=Q(withdrawn_at__isnull=True),
                name="resolution_one_live_per_record",
            ),
            CheckConstraint(condition=Q(stage__in=SCREENED), name="resolution_stage_known"),
            CheckConstraint(
                condition=Q(verdict__in=["include", "exclude"]), name="resolution_verdict_settled"
            ),
            CheckConstraint(
                condition=Q(how__in=["agreement", "single", "with_model", "discussion", "adjudication"]),
                name="resolution_how_known",
            ),
            CheckConstraint(
                condition=Q(how__in=["discussion", "adjudication"], conflict__isnull=False)
                | Q(how__in=["agreement", "single", "with_model"], conflict__isnull=True),
                name="resolution_discussed_exactly_when_in_conflict",
            ),
            CheckConstraint(
                condition=Q(conflict__isnull=True) | ~Q(explanation=""),
                name="resolution_of_conflict_explained",
            ),
            CheckConstraint(
                condition=~Q(stage="full_text", verdict="exclude") | Q(reason__isnull=False),
                name="resolution_full_text_exclusion_has_reason",
            ),
        ]
        indexes = [
            # PRISMA counts and every list behind its numbers
            Index(
                fields=["stage", "verdict", "record"],
                condition=Q(withdrawn_at__isnull=True),
                name="resolution_live_by_stage",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record}: {self.verdict}"
