from django.db import migrations

from reviews.guards import GUARDS
from reviews.guards import install


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_corpus_people_and_trail")]
    operations = [migrations.RunPython(*install(GUARDS))]
