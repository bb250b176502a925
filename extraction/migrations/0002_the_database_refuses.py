from django.db import migrations

from extraction.guards import GUARDS
from reviews.guards import install


class Migration(migrations.Migration):
    dependencies = [("extraction", "0001_forms_and_values")]
    operations = [migrations.RunPython(*install(GUARDS))]
