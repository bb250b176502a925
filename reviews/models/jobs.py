"""Long work that a worker does for somebody: an import, a search for duplicates, applying rules.

The broker only wakes workers up; that there is work, who does it and how far they are stands here (ADR 4, ADR 7).
What a job changes in the review is told in the trail by the verb that changes it, not by the job.
"""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint

USER = "reviews.User"
ENDED = Q(finished_at__isnull=False) | Q(failed_at__isnull=False) | Q(cancelled_at__isnull=False)
OPEN = Q(finished_at__isnull=True, failed_at__isnull=True, cancelled_at__isnull=True)


class JobQuerySet(models.QuerySet["Job"]):
    """Which jobs are still to do."""

    def under_way(self) -> "JobQuerySet":
        """Handed to the workers and not ended: waiting for one, or in its hands."""
        return self.filter(OPEN, queued_at__isnull=False)


class Job(models.Model):
    """One piece of long work in a review.

    Its state is told by its moments (`state`). Not queued yet, it waits for a person (to look at what an upload
    would become, say). `lease` names the worker that has it. `file` is what was uploaded for it: it becomes the
    file of the search the job brings in, or goes when the job ends without one.
    """

    class Kind(models.TextChoices):
        """The kinds there are; what does each is listed in workers/jobs.py."""

        IMPORT = "import", "Import"
        DUPLICATES = "duplicates", "Search for duplicates"
        RULES = "rules", "Rules before screening"

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="jobs")
    kind = models.CharField(max_length=20)
    started_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    arguments = models.JSONField(default=dict, blank=True)
    file = models.FileField(upload_to="searches/%Y/%m/", blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    search = models.ForeignKey(
        "reviews.Search", null=True, blank=True, on_delete=models.PROTECT, related_name="jobs",
        help_text="what it brings in, once that has begun",
    )  # fmt: skip

    started_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    phase = models.CharField(max_length=120, blank=True, help_text="what it does just now, in words")
    phase_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    of = models.PositiveBigIntegerField(null=True, blank=True, help_text="null: not known")
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)

    lease = models.CharField(max_length=200, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            CheckConstraint(condition=~Q(kind=""), name="job_has_kind"),
            CheckConstraint(
                condition=OPEN
                | Q(finished_at__isnull=False, failed_at__isnull=True, cancelled_at__isnull=True)
                | Q(finished_at__isnull=True, failed_at__isnull=False, cancelled_at__isnull=True)
                | Q(finished_at__isnull=True, failed_at__isnull=True, cancelled_at__isnull=False),
                name="job_ends_one_way",
            ),
            CheckConstraint(
                condition=Q(lease="", leased_until__isnull=True)
                | (~Q(lease="") & OPEN & Q(leased_until__isnull=False, queued_at__isnull=False)),
                name="job_lease_only_while_queued_and_open",
            ),
            CheckConstraint(
                condition=Q(failed_at__isnull=True, error="") | (Q(failed_at__isnull=False) & ~Q(error="")),
                name="job_failed_says_why",
            ),
            CheckConstraint(
                condition=Q(cancelled_at__isnull=True) | Q(cancel_asked_at__isnull=False, file=""),
                name="job_cancelled_was_asked_and_keeps_no_file",
            ),
            UniqueConstraint(fields=["review"], condition=~Q(lease=""), name="job_one_at_a_time_per_review"),
        ]
        indexes = [Index(fields=["review", "-id"], name="job_latest_of_review")]  # lists of jobs

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"

    @property
    def name(self) -> str:
        """What it is, in words."""
        return Job.Kind(self.kind).label if self.kind in Job.Kind.values else self.kind

    @property
    def state(self) -> str:
        """held, waiting, working, cancelling, finished, failed or cancelled."""
        for state in ("finished", "failed", "cancelled"):
            if getattr(self, f"{state}_at"):
                return state
        if self.cancel_asked_at:
            return "cancelling"
        if self.lease:
            return "working"
        return "waiting" if self.queued_at else "held"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return bool(self.finished_at or self.failed_at or self.cancelled_at)

    def seconds_left(self, moment: datetime) -> float | None:
        """How long the present phase will still take if it goes on as so far; None while that is not known."""
        if not (self.of and self.done and self.phase_at) or self.ended:
            return None
        gone = (moment - self.phase_at).total_seconds()
        return max(0.0, gone / self.done * (self.of - self.done)) if gone > 1 else None

    def argument(self, name: str, default: Any = None) -> Any:
        """One of the arguments it was started with."""
        return self.arguments.get(name, default)
