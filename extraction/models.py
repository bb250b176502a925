"""The data: forms, what each extractor took down, what models proposed, and what was agreed.

A published form never changes (triggers say so); a new version does. A value is either given or explicitly
*not reported*; it is withdrawn and made anew, never edited.
"""

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint

USER = "reviews.User"


class Form(models.Model):
    """A set of data items (PRISMA item 10): draft -> published. One published version is in force: the newest."""

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="forms")
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["review", "version"], name="form_version_once_per_review"),
            UniqueConstraint(
                fields=["review"], condition=Q(published_at__isnull=True), name="form_one_draft_per_review"
            ),
            CheckConstraint(condition=~Q(name=""), name="form_has_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


class Item(models.Model):
    """One thing to take down. `key` names its column in exports and stays the same across versions."""

    class Kind(models.TextChoices):
        NUMBER = "number", "Number"
        TEXT = "text", "Text"
        CHOICE = "choice", "Choice"
        YES_NO = "yes_no", "Yes / no"
        COUNT_OF_TOTAL = "count_of_total", "Count of total"
        DATE = "date", "Date"

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="items")
    key = models.SlugField(max_length=60)
    label = models.CharField(max_length=160)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    help = models.TextField(blank=True)
    unit = models.CharField(max_length=40, blank=True)
    options = models.JSONField(default=list, blank=True, help_text="for a choice: its answers, in order")
    required = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            UniqueConstraint(fields=["form", "key"], name="item_key_once_per_form"),
            CheckConstraint(
                condition=Q(kind__in=["number", "text", "choice", "yes_no", "count_of_total", "date"]),
                name="item_kind_known",
            ),
            CheckConstraint(condition=~Q(key="") & ~Q(label=""), name="item_has_key_and_label"),
        ]

    def __str__(self) -> str:
        return self.label


class State(models.TextChoices):
    """Whether the report says it. *Not reported* is an answer, never a gap."""

    GIVEN = "given", "Given"
    NOT_REPORTED = "not_reported", "Not reported"


class Sheet(models.Model):
    """One extractor's copy of a form for one study: open -> submitted (-> reopened with a reason)."""

    study = models.ForeignKey("reviews.Study", on_delete=models.PROTECT, related_name="sheets")
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="sheets")
    extractor = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="sheets")
    opened_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["study", "form", "extractor"], name="sheet_once_per_person")]

    def __str__(self) -> str:
        return f"{self.study} by {self.extractor}"


VALUE_RULE = Q(state="given", value__isnull=False) | Q(state="not_reported", value__isnull=True, quote="")
SPAN_RULE = Q(start__isnull=True, end__isnull=True) | (
    Q(start__isnull=False, end__isnull=False) & Q(end__gt=F("start"))
)


class Value(models.Model):
    """What one extractor took down for one item. `value` by kind: a number, a string, true/false,
    {"count": n, "total": n} or an ISO date. start and end are code points of the report's text."""

    sheet = models.ForeignKey(Sheet, on_delete=models.PROTECT, related_name="values")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="values")
    arm = models.CharField(max_length=120, blank=True, default="")
    outcome = models.CharField(max_length=120, blank=True, default="")
    report = models.ForeignKey("reviews.Report", on_delete=models.PROTECT, related_name="values")
    state = models.CharField(max_length=20, choices=State.choices)
    value = models.JSONField(null=True, blank=True)
    quote = models.TextField(blank=True)
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    page = models.PositiveIntegerField(null=True, blank=True)
    text_sha256 = models.CharField(max_length=64, blank=True)
    from_proposal = models.ForeignKey(
        "extraction.ProposedValue",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="accepted_as",
    )
    seen_proposal = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["sheet", "item", "arm", "outcome"],
                condition=Q(withdrawn_at__isnull=True),
                name="value_one_live_per_item_and_person",
            ),
            CheckConstraint(condition=VALUE_RULE, name="value_given_or_not_reported"),
            CheckConstraint(condition=SPAN_RULE, name="value_span_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.value if self.state == State.GIVEN else 'not reported'}"


class ProposedValue(models.Model):
    """What a model proposed for one item of one report. tier "" means its quote was not found: unverified."""

    run = models.ForeignKey("screening.Run", on_delete=models.PROTECT, related_name="proposed_values")
    report = models.ForeignKey("reviews.Report", on_delete=models.PROTECT, related_name="proposed_values")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="proposed_values")
    arm = models.CharField(max_length=120, blank=True, default="")
    outcome = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=20, choices=State.choices)
    value = models.JSONField(null=True, blank=True)
    quote = models.TextField(blank=True)
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    tier = models.CharField(max_length=20, blank=True)
    page = models.PositiveIntegerField(null=True, blank=True)
    reasoning = models.TextField(blank=True)
    doubt = models.CharField(max_length=200, blank=True, help_text="why it is not verified, in words")
    text_sha256 = models.CharField(max_length=64)
    call = models.ForeignKey(
        "reviews.LLMCall", null=True, on_delete=models.PROTECT, related_name="proposed_values"
    )
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["run", "report", "item", "arm", "outcome"], name="proposed_value_once_per_run"
            ),
            CheckConstraint(condition=VALUE_RULE, name="proposed_value_given_or_not_reported"),
            CheckConstraint(condition=SPAN_RULE, name="proposed_value_span_whole"),
            CheckConstraint(
                condition=Q(tier="", start__isnull=True) | (~Q(tier="") & Q(start__isnull=False)),
                name="proposed_value_verified_has_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.value}"


class ConsensusValue(models.Model):
    """The agreed value of an item for a study, with the values it came from. Withdrawn and made anew."""

    class How(models.TextChoices):
        AGREEMENT = "agreement", "Both took down the same"
        SINGLE = "single", "One extractor, as the protocol says"
        CHOSEN = "chosen", "One of the two was chosen"
        WRITTEN = "written", "A third value was written"

    study = models.ForeignKey("reviews.Study", on_delete=models.PROTECT, related_name="consensus_values")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="consensus_values")
    arm = models.CharField(max_length=120, blank=True, default="")
    outcome = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=20, choices=State.choices)
    value = models.JSONField(null=True, blank=True)
    quote = models.TextField(blank=True)
    page = models.PositiveIntegerField(null=True, blank=True)
    value_a = models.ForeignKey(Value, null=True, on_delete=models.PROTECT, related_name="+")
    value_b = models.ForeignKey(Value, null=True, on_delete=models.PROTECT, related_name="+")
    how = models.CharField(max_length=20, choices=How.choices)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["study", "item", "arm", "outcome"],
                condition=Q(withdrawn_at__isnull=True),
                name="consensus_one_live_per_study_and_item",
            ),
            CheckConstraint(condition=VALUE_RULE, name="consensus_given_or_not_reported"),
            CheckConstraint(
                condition=Q(how__in=["agreement", "single", "chosen", "written"]), name="consensus_how_known"
            ),
            CheckConstraint(
                condition=Q(how__in=["agreement", "single"]) | ~Q(reason=""),
                name="consensus_choice_explained",
            ),
        ]
        indexes = [Index(fields=["study", "item"], name="consensus_by_study")]  # the export

    def __str__(self) -> str:
        return f"{self.study}, {self.item}"
