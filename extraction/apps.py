"""Django's handle on this app."""

from django.apps import AppConfig


class ExtractionConfig(AppConfig):
    """See extraction/README.md."""

    name = "extraction"
