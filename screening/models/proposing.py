"""What models were asked, and what they proposed. A model writes nothing else."""

import uuid

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint

from .protocol import Stage

USER = "reviews.User"
OFFLINE_IS = "rule-based, not a language model"


class Run(models.Model):
    """One pass of a model over records at a stage, with everything needed to say how it was asked.

    Its progress is counted from its items: waiting, leased, answered (a proposal exists), failed. It ends by
    itself when no item waits, or when somebody cancels it.
    """

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="runs")
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    stage = models.CharField(max_length=20, choices=Stage.choices)
    model = models.CharField(max_length=200)
    api_base = models.CharField(max_length=300, blank=True)
    parameters = models.JSONField(default=dict)
    prompt = models.CharField(max_length=60)
    prompt_sha256 = models.CharField(max_length=64)
    criteria = models.JSONField(help_text="criteria (or items of the form) as they stood when the run began")
    criteria_version = models.ForeignKey(
        "screening.CriteriaVersion", null=True, on_delete=models.PROTECT, related_name="runs"
    )
    rule_version = models.CharField(max_length=40)
    budget_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    started_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(stage__in=Stage.values), name="run_stage_known"),
            CheckConstraint(
                condition=Q(budget_usd__isnull=True) | Q(budget_usd__gte=0), name="run_budget_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} with {self.model}"

    @property
    def said_by(self) -> str:
        """The model's name, and for the offline stand-in what it is: wherever its words appear."""
        offline = self.model.partition("/")[0] == "offline"
        return f"{self.model} ({OFFLINE_IS})" if offline else self.model


class RunItem(models.Model):
    """One record to be asked about in a run: the truth about work in hand.

    waiting -> leased to a worker until `leased_until` -> done (answered) or failed (after a bounded number of
    tries; may be set waiting again by a person). A lease that ran out is waiting again: a killed worker loses
    nothing.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="items")
    record = models.ForeignKey("reviews.Record", on_delete=models.PROTECT, related_name="+")
    lease = models.CharField(
        max_length=120, blank=True, help_text="host:pid:token of the worker that holds it"
    )
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="times it was handed to a worker")
    done_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    failure_kind = models.CharField(max_length=20, blank=True)
    failure = models.TextField(blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["run", "record"], name="run_item_once"),
            CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(failed_at__isnull=True), name="run_item_done_or_failed"
            ),
            CheckConstraint(
                condition=Q(lease="", leased_until__isnull=True)
                | (~Q(lease="") & Q(leased_until__isnull=False)),
                name="run_item_lease_has_an_end",
            ),
            CheckConstraint(
                condition=Q(lease="") | Q(done_at__isnull=True, failed_at__isnull=True),
                name="run_item_ended_is_not_leased",
            ),
        ]
        indexes = [
            # what a worker takes next, and what the sweeper looks for
            Index(
                fields=["run", "leased_until"],
                condition=Q(done_at__isnull=True, failed_at__isnull=True),
                name="run_item_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run}: {self.record}"


class Proposal(models.Model):
    """What the rule made of a model's judgements on one record. Unique per run and record: repeating is safe.

    `judgements` is a list, in declared order, of {"criterion": id, "kind", "label", "said": met | not_met |
    unclear as the model said it, "verdict": the same after grounding, "quote", "start", "end", "tier",
    "reasoning"}; start and end are code points of the text whose sha256 is kept, tier "" means unverified.
    """

    class Verdict(models.TextChoices):
        INCLUDE = "include", "Include"
        EXCLUDE = "exclude", "Exclude"
        UNCLEAR = "unclear", "Needs a person"

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="proposals")
    record = models.ForeignKey("reviews.Record", on_delete=models.PROTECT, related_name="proposals")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.ForeignKey("screening.Criterion", null=True, on_delete=models.PROTECT, related_name="+")
    judgements = models.JSONField()
    text_sha256 = models.CharField(max_length=64)
    call = models.OneToOneField(
        "reviews.LLMCall", null=True, on_delete=models.PROTECT, related_name="proposal"
    )
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["run", "record"], name="proposal_once_per_run_and_record"),
            CheckConstraint(
                condition=Q(verdict__in=["include", "exclude", "unclear"]), name="proposal_verdict_known"
            ),
            CheckConstraint(
                condition=Q(verdict="exclude") | Q(reason__isnull=True),
                name="proposal_reason_only_to_exclude",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run}: {self.verdict} {self.record}"
