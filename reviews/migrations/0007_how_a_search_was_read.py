from django.db import migrations, models

from reviews.guards import GUARDS, install


put_on, take_off = install(GUARDS)


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0006_carried_judgements"),
    ]

    operations = [
        # SQLite makes the table anew, and triggers on other tables name it.
        migrations.RunPython(take_off, put_on),
        migrations.AddField(
            model_name="search",
            name="read_as",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="of a table: separator, sheet, header_line, by_row, columns (name, field); decided: what a "
                "person chose (parsers.ReadAs)",
            ),
        ),
        migrations.RunPython(put_on, take_off),
    ]
