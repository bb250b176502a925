import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from reviews.guards import GUARDS, install


def all_so_far_have_arrived(apps, schema_editor):
    apps.get_model("reviews", "Search").objects.update(arrived_at=models.F("imported_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0002_the_database_refuses"),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("arguments", models.JSONField(blank=True, default=dict)),
                ("file", models.FileField(blank=True, upload_to="searches/%Y/%m/")),
                ("file_name", models.CharField(blank=True, max_length=255)),
                ("started_at", models.DateTimeField()),
                ("queued_at", models.DateTimeField(blank=True, null=True)),
                ("begun_at", models.DateTimeField(blank=True, null=True)),
                ("cancel_asked_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "phase",
                    models.CharField(blank=True, help_text="what it does just now, in words", max_length=120),
                ),
                ("phase_at", models.DateTimeField(blank=True, null=True)),
                ("done", models.PositiveBigIntegerField(default=0)),
                ("of", models.PositiveBigIntegerField(blank=True, help_text="null: not known", null=True)),
                ("result", models.JSONField(blank=True, default=dict)),
                ("error", models.TextField(blank=True)),
                ("lease", models.CharField(blank=True, max_length=200)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="search",
            name="arrived_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(all_so_far_have_arrived, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="search",
            constraint=models.UniqueConstraint(
                condition=models.Q(("arrived_at__isnull", True)),
                fields=("review",),
                name="search_one_arriving_per_review",
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="reviews.review"
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="search",
            field=models.ForeignKey(
                blank=True,
                help_text="what it brings in, once that has begun",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="reviews.search",
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="started_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["review", "-id"], name="job_latest_of_review"),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", ""), _negated=True), name="job_has_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("cancelled_at__isnull", True),
                        ("failed_at__isnull", True),
                        ("finished_at__isnull", True),
                    ),
                    models.Q(
                        ("cancelled_at__isnull", True),
                        ("failed_at__isnull", True),
                        ("finished_at__isnull", False),
                    ),
                    models.Q(
                        ("cancelled_at__isnull", True),
                        ("failed_at__isnull", False),
                        ("finished_at__isnull", True),
                    ),
                    models.Q(
                        ("cancelled_at__isnull", False),
                        ("failed_at__isnull", True),
                        ("finished_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="job_ends_one_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease", ""), ("leased_until__isnull", True)),
                    models.Q(
                        models.Q(("lease", ""), _negated=True),
                        ("cancelled_at__isnull", True),
                        ("failed_at__isnull", True),
                        ("finished_at__isnull", True),
                        ("leased_until__isnull", False),
                        ("queued_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="job_lease_only_while_queued_and_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("error", ""), ("failed_at__isnull", True)),
                    models.Q(("failed_at__isnull", False), models.Q(("error", ""), _negated=True)),
                    _connector="OR",
                ),
                name="job_failed_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cancelled_at__isnull", True),
                    models.Q(("cancel_asked_at__isnull", False), ("file", "")),
                    _connector="OR",
                ),
                name="job_cancelled_was_asked_and_keeps_no_file",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lease", ""), _negated=True),
                fields=("review",),
                name="job_one_at_a_time_per_review",
            ),
        ),
        migrations.RunPython(*install(GUARDS)),
    ]
