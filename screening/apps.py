"""Django's handle on this app."""

from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    """See screening/README.md."""

    name = "screening"
