from django.db import migrations

from screening.guards import GUARDS
from reviews.guards import install


class Migration(migrations.Migration):
    dependencies = [("screening", "0001_judgement")]
    operations = [migrations.RunPython(*install(GUARDS))]
