import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from reviews.guards import install
from screening.guards import GUARDS


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0006_carried_judgements'),
        ('screening', '0004_pilot_rounds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='decision',
            name='came_from',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='came_back_as', to='screening.decision'),
        ),
        migrations.CreateModel(
            name='Bringing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(choices=[('title_abstract', 'Title and abstract'), ('full_text', 'Full text'), ('extraction', 'Extraction')], max_length=20)),
                ('people', models.JSONField()),
                ('reasons', models.JSONField(default=dict)),
                ('listed', models.CharField(blank=True, max_length=10)),
                ('made_at', models.DateTimeField()),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('why_undone', models.TextField(blank=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('search', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bringings', to='reviews.search')),
                ('undone_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='decision',
            name='brought',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='screening.bringing'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.UniqueConstraint(condition=models.Q(('came_from__isnull', False), ('withdrawn_at__isnull', True)), fields=('came_from',), name='decision_comes_back_once'),
        ),
        migrations.AddConstraint(
            model_name='bringing',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['title_abstract', 'full_text'])), name='bringing_stage_known'),
        ),
        migrations.AddConstraint(
            model_name='bringing',
            constraint=models.CheckConstraint(condition=models.Q(('listed__in', ['', 'include', 'exclude'])), name='bringing_list_known'),
        ),
        migrations.AddConstraint(
            model_name='bringing',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('undone_at__isnull', True), ('undone_by__isnull', True), ('why_undone', '')), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False), models.Q(('why_undone', ''), _negated=True)), _connector='OR'), name='bringing_undone_by_someone_with_a_reason'),
        ),
        migrations.RunPython(*install(GUARDS)),
    ]
