"""What was found and what it is: Search, Record, Report, Study, in PRISMA 2020's meanings.

A Record is one entry of a search result. A Report is a document. A Study is the investigation: one study,
many reports. `duplicate_of` is a link, one deep (a trigger in the first migration refuses chains); the linked
record keeps everything it had, so a link can be undone at any time.
"""

import hashlib

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint

from ..parsers.columns import FIELDS
from ..parsers.parsed import FORMAT_NAMES

USER = "reviews.User"


class Review(models.Model):
    """A systematic review. How each stage is judged is in screening.Protocol."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=300)
    question = models.TextField(blank=True)
    registration = models.CharField(
        "registration", max_length=120, blank=True, help_text="PROSPERO number or a link"
    )
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            CheckConstraint(condition=~Q(slug=""), name="review_has_slug"),
            CheckConstraint(condition=~Q(title=""), name="review_has_title"),
        ]

    def __str__(self) -> str:
        return self.title


class SearchKind(models.TextChoices):
    """Where a search was run; PRISMA's left arm is databases and registers, the right arm the rest."""

    DATABASE = "database", "Database"
    REGISTER = "register", "Register"
    WEBSITE = "website", "Website"
    ORGANISATION = "organisation", "Organisation"
    CITATION = "citation", "Citation searching"


class ArrivedSearches(models.Manager["Search"]):
    """Searches whose records are all here."""

    def get_queryset(self) -> models.QuerySet["Search"]:
        """See the class."""
        return super().get_queryset().filter(arrived_at__isnull=False)


class Search(models.Model):
    """One source searched on one date (PRISMA-S), and the file or paste that came of it.

    While its records come in, `arrived_at` is null, and neither it nor any of its records is seen through
    `objects`: for everybody but arriving.py it is not there (ADR 7). `imported_at` then says when it was last
    heard of. An import that is undone sets `withdrawn_at`: its records stay in the table and count nowhere.
    """

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="searches")
    kind = models.CharField(max_length=20, choices=SearchKind.choices)
    source = models.CharField(max_length=120)
    platform = models.CharField(max_length=120, blank=True)
    strategy = models.TextField("search string, as run", blank=True)
    limits = models.TextField(blank=True)
    filters = models.TextField(blank=True)
    searched_on = models.DateField()
    declared_count = models.PositiveIntegerField(null=True, blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    file = models.FileField(upload_to="searches/%Y/%m/", blank=True)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=20)
    encoding = models.CharField(max_length=20)
    read_as = models.JSONField(
        default=dict,
        blank=True,
        help_text="of a table: separator, sheet, header_line, by_row, columns (name, field); "
        "decided: what a person chose (parsers.ReadAs)",
    )
    imported_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    imported_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ArrivedSearches()
    with_arriving = models.Manager["Search"]()

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["review"], condition=Q(arrived_at__isnull=True), name="search_one_arriving_per_review"
            ),
            UniqueConstraint(
                fields=["review", "sha256"],
                condition=Q(withdrawn_at__isnull=True),
                name="search_file_counted_once",
            ),
            CheckConstraint(condition=Q(kind__in=SearchKind.values), name="search_kind_known"),
            CheckConstraint(condition=~Q(source=""), name="search_has_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source}, {self.searched_on}"

    @property
    def format_name(self) -> str:
        """What its file was taken for, in words."""
        return FORMAT_NAMES.get(self.format, self.format)

    @property
    def columns_read(self) -> list[tuple[str, str]]:
        """Of a table: (field in words, name of the column) for each column that was read."""
        columns = self.read_as.get("columns", ())
        return [(FIELDS.get(each["field"], each["field"]), each["name"]) for each in columns if each["field"]]

    @property
    def columns_left(self) -> list[str]:
        """Of a table: the names of the columns that were not read; the raw entries have them."""
        return [each["name"] for each in self.read_as.get("columns", ()) if not each["field"]]


class ImportProblem(models.Model):
    """A row of a file that could not be used, with its line and the reason; the rest was stored."""

    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="problems")
    line = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    excerpt = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class RecordQuerySet(models.QuerySet["Record"]):
    """Reads on records that many doors share."""

    def found(self) -> "RecordQuerySet":
        """Records of searches that were not withdrawn: what PRISMA calls identified."""
        return self.filter(search__withdrawn_at__isnull=True)

    def to_screen(self) -> "RecordQuerySet":
        """Identified, not a duplicate of another, and not removed before screening."""
        removed = Removal.objects.filter(record=models.OuterRef("pk"), withdrawn_at__isnull=True)
        return self.found().filter(duplicate_of__isnull=True).exclude(models.Exists(removed))


class ArrivedRecords(models.Manager.from_queryset(RecordQuerySet)):  # type: ignore[misc]
    """Records of searches that have arrived: the one place where this is asked (ADR 7).

    As "not in the searches still arriving", of which there is hardly ever one: databases plan that as if it
    were not there.
    """

    def get_queryset(self) -> RecordQuerySet:
        """See the class."""
        arriving = Search.with_arriving.filter(arrived_at__isnull=True)
        return super().get_queryset().exclude(search__in=arriving)


class Record(models.Model):
    """One entry of a search result. `raw` is as found and never edited; the other fields may be corrected.

    `text` is what a model is sent and what every quote's offsets refer to at title and abstract; a correction
    to title or abstract keeps the text before it as a TextVersion, so that older offsets stay readable.
    """

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="records")
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="records")
    position = models.PositiveIntegerField(help_text="place in the file, from 1")
    line = models.PositiveIntegerField(default=1)
    number = models.PositiveIntegerField(help_text="place in the review, from 1; what people call it by")
    raw = models.TextField()
    raw_sha256 = models.CharField(max_length=64)
    title = models.TextField(blank=True)
    abstract = models.TextField(blank=True)
    authors = models.JSONField(default=list, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    journal = models.CharField(max_length=500, blank=True)
    volume = models.CharField(max_length=60, blank=True)
    issue = models.CharField(max_length=60, blank=True)
    pages = models.CharField(max_length=120, blank=True)
    doi = models.CharField(max_length=300, blank=True)
    pmid = models.CharField(max_length=20, blank=True)
    registry_ids = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=60, blank=True)
    keywords = models.JSONField(default=list, blank=True)
    mesh = models.JSONField(default=list, blank=True)
    publication_types = models.JSONField(default=list, blank=True)
    url = models.TextField(blank=True)
    duplicate_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="duplicates"
    )

    objects = ArrivedRecords()
    with_arriving = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["review", "number"], name="record_number_once_per_review"),
            UniqueConstraint(fields=["search", "position"], name="record_position_once_per_search"),
            CheckConstraint(condition=~Q(duplicate_of=F("id")), name="record_not_its_own_duplicate"),
        ]
        indexes = [
            Index(fields=["review", "doi"], name="record_by_doi"),  # dedup: blocking by DOI
            Index(fields=["review", "pmid"], name="record_by_pmid"),  # dedup: blocking by PMID
            Index(fields=["review", "raw_sha256"], name="record_by_content"),  # re-import: votes come back
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.heading}"

    @property
    def text(self) -> str:
        """The stored text that models read and quotes point into: title, blank line, abstract."""
        return f"{self.title}\n\n{self.abstract}" if self.title else self.abstract

    @property
    def text_sha256(self) -> str:
        """Which version of the text this is."""
        return sha256_of(self.text)

    @property
    def heading(self) -> str:
        """The title, or the first words where none was found (in brackets, so that nobody cites it)."""
        return self.title or f"[no title] {' '.join(self.abstract.split()[:12])}…"


class TextVersion(models.Model):
    """A record's text as it stood before a correction; proposals made on it stay readable."""

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="text_versions")
    sha256 = models.CharField(max_length=64)
    title = models.TextField(blank=True)
    abstract = models.TextField(blank=True)
    replaced_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    replaced_at = models.DateTimeField()

    class Meta:
        constraints = [UniqueConstraint(fields=["record", "sha256"], name="text_version_once_per_record")]

    def __str__(self) -> str:
        return f"{self.record} until {self.replaced_at:%Y-%m-%d}"


class Removal(models.Model):
    """Taken out before screening: by a rule (PRISMA's automation tools box) or by a person for another reason.

    Of one by a rule, `said` is what in the record the rule matched. How it ended is told by `withdrawn_how`: a
    person brought this one record back, and no rule takes it again; or what the rule did was undone as a whole.
    """

    class Kind(models.TextChoices):
        AUTOMATION = "automation", "Marked as ineligible by automation tools"
        OTHER = "other", "Removed for other reasons"

    class Withdrawn(models.TextChoices):
        BROUGHT_BACK = "brought_back", "Brought back by a person"
        RULE_UNDONE = "rule_undone", "What the rule did was undone"

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="removals")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    reason = models.CharField(max_length=300)
    rule = models.ForeignKey(
        "reviews.AutomationRule", null=True, blank=True, on_delete=models.PROTECT, related_name="removals"
    )
    application = models.ForeignKey(
        "reviews.RuleApplication", null=True, blank=True, on_delete=models.PROTECT, related_name="removals"
    )
    said = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_how = models.CharField(max_length=20, choices=Withdrawn.choices, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["record"], condition=Q(withdrawn_at__isnull=True), name="removal_one_live_per_record"
            ),
            CheckConstraint(condition=~Q(reason=""), name="removal_has_reason"),
            CheckConstraint(condition=Q(kind__in=["automation", "other"]), name="removal_kind_known"),
            CheckConstraint(
                condition=Q(kind="automation", rule__isnull=False, application__isnull=False)
                | Q(kind="other", rule__isnull=True, application__isnull=True, said=""),
                name="removal_by_automation_names_its_rule",
            ),
            CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_how="")
                | Q(withdrawn_at__isnull=False, withdrawn_how__in=["brought_back", "rule_undone"]),
                name="removal_withdrawn_says_how",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record}: {self.reason}"


class DuplicatePair(models.Model):
    """Two records that may be the same, and what was said of them.

    open (verdict "") -> same or different, by a person (`decided_by`) or by a rule safe enough to link by
    itself (`rule`). A person's verdict is never cleared by another run of the detection.
    """

    class Verdict(models.TextChoices):
        OPEN = "", "Open"
        SAME = "same", "Same"
        DIFFERENT = "different", "Different"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="duplicate_pairs")
    a = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="pairs_as_a")
    b = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="pairs_as_b")
    score = models.FloatField(help_text="likeness, 0 to 1")
    why = models.JSONField(default=list, help_text="what speaks for and against, in words")
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True, default="")
    rule = models.CharField(max_length=60, blank=True)
    decided_by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["a", "b"], name="duplicate_pair_once"),
            CheckConstraint(condition=Q(a__lt=F("b")), name="duplicate_pair_in_order"),
            CheckConstraint(condition=Q(score__gte=0) & Q(score__lte=1), name="duplicate_pair_score_0_to_1"),
            CheckConstraint(
                condition=Q(verdict="", decided_at__isnull=True, decided_by__isnull=True, rule="")
                | (
                    Q(verdict__in=["same", "different"], decided_at__isnull=False)
                    & (Q(decided_by__isnull=False, rule="") | (Q(decided_by__isnull=True) & ~Q(rule="")))
                ),
                name="duplicate_pair_verdict_and_decider_together",
            ),
        ]
        indexes = [Index(fields=["review", "verdict", "-score"], name="pair_queue")]  # the side-by-side queue

    def __str__(self) -> str:
        return f"#{self.a.number} and #{self.b.number}"


class Study(models.Model):
    """The investigation itself; one study may have many reports."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="studies")
    label = models.CharField(max_length=120, help_text='such as "Smith 2020"')

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            UniqueConstraint(fields=["review", "label"], name="study_label_once_per_review"),
            CheckConstraint(condition=~Q(label=""), name="study_has_label"),
        ]

    def __str__(self) -> str:
        return self.label


class Report(models.Model):
    """A document sought for retrieval: sought -> retrieved, or not retrieved with why (and back, with a reason).

    `page_map` lists [page number from 1, start, end] in code points of `text`.
    """

    class Retrieval(models.TextChoices):
        SOUGHT = "sought", "Sought"
        RETRIEVED = "retrieved", "Retrieved"
        NOT_RETRIEVED = "not_retrieved", "Not retrieved"

    record = models.OneToOneField(Record, on_delete=models.PROTECT, related_name="report")
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    retrieval = models.CharField(max_length=20, choices=Retrieval.choices, default=Retrieval.SOUGHT)
    why_not = models.CharField("why it could not be retrieved", max_length=300, blank=True)
    opened_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    file = models.FileField(upload_to="reports/%Y/%m/", blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField("sha256 of the file", max_length=64, blank=True)
    text = models.TextField(blank=True)
    page_map = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(retrieval__in=["sought", "retrieved", "not_retrieved"]),
                name="report_retrieval_known",
            ),
            CheckConstraint(
                condition=~Q(retrieval="retrieved") | ~Q(file="") | ~Q(text=""),
                name="report_retrieved_has_file_or_text",
            ),
            CheckConstraint(
                condition=(Q(retrieval="not_retrieved") & ~Q(why_not=""))
                | (~Q(retrieval="not_retrieved") & Q(why_not="")),
                name="report_not_retrieved_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"Report of {self.record}"

    @property
    def text_sha256(self) -> str:
        """Which version of the text this is."""
        return sha256_of(self.text)


def sha256_of(text: str) -> str:
    """Hex sha256 of `text` in UTF-8 (lone surrogates kept, so that it never raises)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
