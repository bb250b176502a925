"""The pages of this app, room by room."""

from django.urls import URLPattern

from .views import (
    agreement,
    conflicts,
    criteria,
    duplicate,
    moving,
    pilots,
    protocol,
    rescreening,
    runs,
    screen,
)

urlpatterns: list[URLPattern] = [
    *protocol.urlpatterns,
    *criteria.urlpatterns,
    *runs.urlpatterns,
    *screen.urlpatterns,
    *duplicate.urlpatterns,
    *conflicts.urlpatterns,
    *pilots.urlpatterns,
    *agreement.urlpatterns,
    *rescreening.urlpatterns,
    *moving.urlpatterns,
]
