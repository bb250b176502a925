"""Django's handle on this app."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """See workers/README.md."""

    name = "workers"
