"""Decisions made in another tool and brought along: who asked for it, whose they became, and whether it was undone."""

from django.db import models
from django.db.models import CheckConstraint, Q

from .protocol import Stage

USER = "reviews.User"


class Bringing(models.Model):
    """One act of a lead: what a search's file carries became decisions of members, at one stage.

    `people` maps the names in the file ("" where it names nobody) to ids of people; `reasons` maps the file's
    reasons to ids of criteria; `listed` is what everything in a file of Covidence was, where it was said. Its
    decisions know it (Decision.brought). Undone: they were withdrawn, as far as nothing made here rests on them.
    """

    search = models.ForeignKey("reviews.Search", on_delete=models.PROTECT, related_name="bringings")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    people = models.JSONField()
    reasons = models.JSONField(default=dict)
    listed = models.CharField(max_length=10, blank=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    why_undone = models.TextField(blank=True)

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(stage__in=["title_abstract", "full_text"]), name="bringing_stage_known"
            ),
            CheckConstraint(condition=Q(listed__in=["", "include", "exclude"]), name="bringing_list_known"),
            CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True, why_undone="")
                | (Q(undone_at__isnull=False, undone_by__isnull=False) & ~Q(why_undone="")),
                name="bringing_undone_by_someone_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Decisions from {self.search}"
