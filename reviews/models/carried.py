"""What a file of another screening tool says people thought of a record. Read at import, never changed, sealed.

Nothing follows from these rows by themselves: a lead may bring them along as decisions of members
(screening/moving.py). They are others' judgements, so nobody who screens sees them, the raw entry or the file before
their own decision (screening/visibility.py: sees_carried).
"""

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from reviews.parsers.carried import TOOLS


class CarriedJudgement(models.Model):
    """What `said_by` ("" where the tool names nobody) said of a record in `tool`, one of parsers.carried.TOOLS.

    `verdict` is "" where there are only labels or notes, or where the file as a whole is a list (Covidence).
    `labels` are the record's; they stand on one of its rows.
    """

    search = models.ForeignKey("reviews.Search", on_delete=models.PROTECT, related_name="carried")
    record = models.ForeignKey("reviews.Record", on_delete=models.PROTECT, related_name="carried")
    tool = models.CharField(max_length=20)
    said_by = models.CharField(max_length=200, blank=True)
    verdict = models.CharField(max_length=10, blank=True)
    stage = models.CharField(max_length=20, blank=True, help_text="only where the tool says so")
    reasons = models.JSONField(default=list, blank=True)
    labels = models.JSONField(default=list, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["record", "said_by", "stage"], name="carried_once_per_name_and_stage"),
            CheckConstraint(condition=~Q(tool=""), name="carried_has_tool"),
            CheckConstraint(
                condition=Q(verdict__in=["", "include", "exclude", "maybe"]), name="carried_verdict_known"
            ),
            CheckConstraint(
                condition=Q(stage__in=["", "title_abstract", "full_text"]), name="carried_stage_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.said_by or 'nobody named'} in {self.tool}"

    @property
    def tool_name(self) -> str:
        """The tool as people call it."""
        return TOOLS.get(self.tool, self.tool)
