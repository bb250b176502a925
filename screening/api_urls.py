"""The API of this app, room by room."""

from django.urls import URLPattern

from .api import agreement, conflicts, criteria, moving, protocol, runs, screen

urlpatterns: list[URLPattern] = [
    *protocol.urlpatterns,
    *criteria.urlpatterns,
    *runs.urlpatterns,
    *screen.urlpatterns,
    *conflicts.urlpatterns,
    *agreement.urlpatterns,
    *moving.urlpatterns,
]
