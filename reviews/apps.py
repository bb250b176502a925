"""Django's handle on this app."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """See reviews/README.md."""

    name = "reviews"
