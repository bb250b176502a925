from django.db import migrations

from reviews.guards import install
from screening.guards import GUARDS


class Migration(migrations.Migration):
    """A guard on reviews_removal, which the migration of reviews named here rebuilds."""

    dependencies = [("reviews", "0004_rules_before_screening"), ("screening", "0002_the_database_refuses")]
    operations = [migrations.RunPython(*install(GUARDS))]
