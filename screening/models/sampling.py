"""Records drawn at random for a purpose, and who judges them."""

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from .protocol import Stage

USER = "reviews.User"


class Sample(models.Model):
    """Records drawn for a purpose; `seed` and the records open at `drawn_at` give the same draw again.

    A pilot round is open until `closed_at`: while it is, everybody with a seat judges each of its records. A row
    is never edited but for closing it (a trigger says so).
    """

    class Purpose(models.TextChoices):
        PILOT = "pilot", "Pilot round"
        TUNE = "tune", "Tune the prompt"
        CONFIRM = "confirm", "Confirm the prompt"
        AUDIT = "audit", "Audit"

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="samples")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    size = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    drawn_from = models.PositiveIntegerField(help_text="how many records were open when it was drawn")
    drawn_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    records = models.ManyToManyField(
        "reviews.Record", through="screening.SampleRecord", related_name="samples"
    )

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(stage__in=Stage.values), name="sample_stage_known"),
            CheckConstraint(
                condition=Q(purpose__in=["pilot", "tune", "confirm", "audit"]), name="sample_purpose_known"
            ),
            CheckConstraint(condition=Q(size__gt=0), name="sample_not_empty"),
            CheckConstraint(condition=Q(size__lte=F("drawn_from")), name="sample_of_open_records"),
            UniqueConstraint(
                fields=["review", "stage"],
                condition=Q(purpose="pilot", closed_at__isnull=True),
                name="sample_one_open_pilot_per_stage",
            ),
            CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("drawn_at")),
                name="sample_closed_after_drawn",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} of {self.size}"


class SampleRecord(models.Model):
    """One record of a sample, with its place in the draw, from 1. Never changed."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="drawn")
    record = models.ForeignKey("reviews.Record", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["sample", "record"], name="sample_record_once"),
            UniqueConstraint(fields=["sample", "position"], name="sample_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.sample}: {self.record}"


class SampleSeat(models.Model):
    """One person who judges every record of a sample. Never changed; who leaves the review is not waited for."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="seats")
    person = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [UniqueConstraint(fields=["sample", "person"], name="sample_seat_once")]

    def __str__(self) -> str:
        return f"{self.sample}: {self.person}"
