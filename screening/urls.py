"""The pages of this app, room by room."""

from django.urls import URLPattern

from .views import conflicts, criteria, duplicate, protocol, runs, screen

urlpatterns: list[URLPattern] = [
    *protocol.urlpatterns,
    *criteria.urlpatterns,
    *runs.urlpatterns,
    *screen.urlpatterns,
    *duplicate.urlpatterns,
    *conflicts.urlpatterns,
]
