"""How a stage is judged: its protocol settings and its criteria."""

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from reviews.models import Review

USER = "reviews.User"


class Stage(models.TextChoices):
    """The steps at which something is judged or taken down by two people."""

    TITLE_ABSTRACT = "title_abstract", "Title and abstract"
    FULL_TEXT = "full_text", "Full text"
    EXTRACTION = "extraction", "Extraction"


SCREENING_STAGES = [Stage.TITLE_ABSTRACT, Stage.FULL_TEXT]


class Verdict(models.TextChoices):
    """A person's answer on a record at a stage. Maybe exists at title and abstract only."""

    INCLUDE = "include", "Include"
    EXCLUDE = "exclude", "Exclude"
    MAYBE = "maybe", "Maybe"


class ModelRole(models.TextChoices):
    """When a person sees what the model proposed."""

    OFF = "off", "Never shown"
    AFTER = "after", "Shown after one's own decision"
    BEFORE = "before", "Shown before one's own decision"


class Protocol(models.Model):
    """The settings of one stage of one review. They change only through a verb, with a reason.

    A review without a row for a stage follows the defaults below (see Protocol.of).
    """

    class Order(models.TextChoices):
        SECOND_VOTE_FIRST = "second_vote_first", "Records waiting for a second vote first"
        NUMBER = "number", "By number"
        RANDOM = "random", "At random"

    class Maybe(models.TextChoices):
        INCLUDE = "include", "Counts as include"
        CONFLICT = "conflict", "Goes to the conflicts queue"

    class Adjudicator(models.TextChoices):
        ANYONE = "anyone", "Any lead or reviewer, discussion or third person"
        THIRD = "third", "A third person who did not vote"
        LEAD = "lead", "A lead"

    class Reasons(models.TextChoices):
        FIRST_IN_ORDER = "first_in_order", "The first in the declared order stands"
        CONFLICT = "conflict", "Two different reasons are a conflict"

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="protocols")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    reviewers_wanted = models.PositiveSmallIntegerField(default=2)
    model_role = models.CharField(max_length=20, choices=ModelRole.choices, default=ModelRole.AFTER)
    order = models.CharField(max_length=20, choices=Order.choices, default=Order.SECOND_VOTE_FIRST)
    maybe_means = models.CharField(max_length=20, choices=Maybe.choices, default=Maybe.INCLUDE)
    adjudicator = models.CharField(max_length=20, choices=Adjudicator.choices, default=Adjudicator.ANYONE)
    different_reasons = models.CharField(
        max_length=20, choices=Reasons.choices, default=Reasons.FIRST_IN_ORDER
    )

    class Meta:
        constraints = [
            UniqueConstraint(fields=["review", "stage"], name="protocol_one_per_stage"),
            CheckConstraint(condition=Q(stage__in=Stage.values), name="protocol_stage_known"),
            CheckConstraint(condition=Q(reviewers_wanted__in=[1, 2]), name="protocol_one_or_two_reviewers"),
            CheckConstraint(condition=Q(model_role__in=ModelRole.values), name="protocol_model_role_known"),
            CheckConstraint(
                condition=Q(order__in=["second_vote_first", "number", "random"]), name="protocol_order_known"
            ),
            CheckConstraint(
                condition=Q(maybe_means__in=["include", "conflict"]), name="protocol_maybe_known"
            ),
            CheckConstraint(
                condition=Q(adjudicator__in=["anyone", "third", "lead"]), name="protocol_adjudicator_known"
            ),
            CheckConstraint(
                condition=Q(different_reasons__in=["first_in_order", "conflict"]),
                name="protocol_reasons_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review}: {self.get_stage_display()}"

    @classmethod
    def of(cls, review: Review, stage: str) -> "Protocol":
        """The settings in force for this stage (an unsaved row of defaults where nothing was set)."""
        return cls.objects.filter(review=review, stage=stage).first() or cls(review=review, stage=stage)


class Criterion(models.Model):
    """One reason to include or to exclude.

    Its words never change (a trigger says so): reword = retire and add.
    """

    class Kind(models.TextChoices):
        INCLUDE = "include", "Inclusion"
        EXCLUDE = "exclude", "Exclusion"

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="criteria")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    label = models.CharField(max_length=80, help_text="short; printed in the PRISMA diagram as the reason")
    text = models.TextField()
    position = models.PositiveSmallIntegerField(
        help_text="declared order; the first that fails is the reason"
    )
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "criteria"
        ordering = ["position", "id"]
        constraints = [
            UniqueConstraint(
                fields=["review", "stage", "label"],
                condition=Q(retired_at__isnull=True),
                name="criterion_label_once_in_force",
            ),
            CheckConstraint(
                condition=Q(stage__in=["title_abstract", "full_text"]), name="criterion_stage_known"
            ),
            CheckConstraint(condition=Q(kind__in=["include", "exclude"]), name="criterion_kind_known"),
            CheckConstraint(condition=~Q(label="") & ~Q(text=""), name="criterion_has_label_and_text"),
        ]

    def __str__(self) -> str:
        return self.label


class CriteriaVersion(models.Model):
    """The criteria in force from a moment on; every decision and run names the version it was made under.

    `criteria` is a list of {"id", "kind", "label", "text", "position"} in declared order.
    """

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="criteria_versions")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    number = models.PositiveIntegerField()
    criteria = models.JSONField()
    made_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["review", "stage", "number"], name="criteria_version_number_once"),
            CheckConstraint(
                condition=Q(stage__in=["title_abstract", "full_text"]), name="criteria_version_stage_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} criteria, version {self.number}"
