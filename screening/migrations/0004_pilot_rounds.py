import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from reviews.guards import install
from screening.guards import GUARDS


def of_at_least_their_size(apps, schema_editor):
    """No verb drew a sample before this migration; a row made otherwise was of its own size at least."""
    apps.get_model("screening", "Sample").objects.update(drawn_from=models.F("size"))


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0005_pilot_rounds'),
        ('screening', '0003_a_vote_wins_over_a_rule'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='sample',
            name='closed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='sample',
            name='drawn_from',
            field=models.PositiveIntegerField(default=0, help_text='how many records were open when it was drawn'),
            preserve_default=False,
        ),
        migrations.RunPython(of_at_least_their_size, migrations.RunPython.noop),
        migrations.CreateModel(
            name='SampleSeat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sample', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seats', to='screening.sample')),
            ],
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.CheckConstraint(condition=models.Q(('size__lte', models.F('drawn_from'))), name='sample_of_open_records'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True), ('purpose', 'pilot')), fields=('review', 'stage'), name='sample_one_open_pilot_per_stage'),
        ),
        migrations.AddConstraint(
            model_name='sample',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), ('closed_at__gte', models.F('drawn_at')), _connector='OR'), name='sample_closed_after_drawn'),
        ),
        migrations.AddConstraint(
            model_name='sampleseat',
            constraint=models.UniqueConstraint(fields=('sample', 'person'), name='sample_seat_once'),
        ),
        migrations.RunPython(*install(GUARDS)),
    ]
