"""Rules applied before screening, and what each application of them did (PRISMA's box of automation tools).

A rule is never edited: another takes its place and it is retired, so that every removal keeps the rule it was made
by. What an application did is a row and the Removals that point to it; undoing it withdraws those.
"""

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint

from .corpus import Review

USER = "reviews.User"


class NoticeList(models.Model):
    """DOIs and PubMed numbers of retracted papers and of notices, as read from a list somebody brought."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="notice_lists")
    name = models.CharField(max_length=120, help_text='such as "Retraction Watch, 3 May 2026"')
    sha256 = models.CharField("sha256 of the list as it came", max_length=64)
    papers = models.JSONField(default=list)
    notices = models.JSONField(default=list)
    added_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["review", "sha256"], name="notice_list_once_per_review"),
            CheckConstraint(condition=~Q(name=""), name="notice_list_has_name"),
            CheckConstraint(condition=~Q(papers=[], notices=[]), name="notice_list_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class AutomationRule(models.Model):
    """One reason to mark records as ineligible without looking at them; in force until `retired_at`.

    `settings` are those of reviews/rule_kinds.py; `words` is the rule in words, as lists and exports print it. Of
    two rules that match a record the one with the lower position is the reason.
    """

    class Kind(models.TextChoices):
        LANGUAGE = "language", "Language"
        PUBLICATION_TYPE = "publication_type", "Publication type"
        YEAR = "year", "Year of publication"
        RETRACTION = "retraction", "Retraction"
        TITLE = "title", "Words in the title"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="automation_rules")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    settings = models.JSONField()
    notice_list = models.ForeignKey(
        NoticeList, null=True, blank=True, on_delete=models.PROTECT, related_name="rules"
    )
    words = models.TextField()
    position = models.PositiveIntegerField()
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    written_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["review", "position"],
                condition=Q(retired_at__isnull=True),
                name="automation_rule_one_at_a_place",
            ),
            CheckConstraint(
                condition=Q(kind__in=["language", "publication_type", "year", "retraction", "title"]),
                name="automation_rule_kind_known",
            ),
            CheckConstraint(
                condition=(
                    Q(
                        kind="language",
                        settings__has_keys=["mode", "languages"],
                        settings__mode__in=["only", "not"],
                    )
                    | Q(kind="publication_type", settings__has_key="types")
                    | Q(kind="year", settings__has_any_keys=["from", "to"])
                    | Q(kind="retraction", settings__has_any_keys=["papers", "notices"])
                    | Q(kind="title", settings__has_key="phrases")
                ),
                name="automation_rule_settings_of_its_kind",
            ),
            CheckConstraint(
                condition=Q(kind="retraction") | Q(notice_list__isnull=True),
                name="automation_rule_list_only_for_retractions",
            ),
            CheckConstraint(condition=~Q(words=""), name="automation_rule_has_words"),
            CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(retired_at__gte=F("written_at")),
                name="automation_rule_retired_after_written",
            ),
        ]

    def __str__(self) -> str:
        return self.words


class RuleApplication(models.Model):
    """The rules in force, applied once by somebody. `rules` is what each said then, in order, and how many it removed.

    An entry of `rules`: {"rule": id, "kind", "words", "settings", "list": null or {"name", "sha256", "papers",
    "notices"} (how many), "removed"}. `looked_at`: the numbers of the records that were up for screening then, as
    ranges [first, last], so that those that came since are known.
    """

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="rule_applications")
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    rules = models.JSONField()
    looked_at = models.JSONField()
    records = models.PositiveIntegerField("records looked at")
    removed = models.PositiveIntegerField()

    class Meta:
        constraints = [
            CheckConstraint(condition=~Q(rules=[]), name="rule_application_has_rules"),
            CheckConstraint(
                condition=Q(removed__lte=F("records")), name="rule_application_removed_what_it_saw"
            ),
        ]
        indexes = [Index(fields=["review", "-at"], name="rule_application_latest")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d}: {self.removed} removed"


class RuleUndo(models.Model):
    """The removals of one application, of one rule, or of one rule in one application, taken back by somebody."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="rule_undos")
    application = models.ForeignKey(
        RuleApplication, null=True, blank=True, on_delete=models.PROTECT, related_name="undos"
    )
    rule = models.ForeignKey(
        AutomationRule, null=True, blank=True, on_delete=models.PROTECT, related_name="undos"
    )
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    restored = models.PositiveIntegerField()

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(application__isnull=False) | Q(rule__isnull=False), name="rule_undo_of_something"
            ),
            CheckConstraint(condition=~Q(reason=""), name="rule_undo_has_reason"),
            CheckConstraint(condition=Q(restored__gt=0), name="rule_undo_restored_something"),
        ]

    def __str__(self) -> str:
        return f"{self.restored} brought back: {self.reason}"
