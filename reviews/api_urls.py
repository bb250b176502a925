"""The API of this app, room by room."""

from django.urls import URLPattern

from .api import (
    accounts,
    checking,
    duplicates,
    jobs,
    overlap,
    people,
    prisma,
    records,
    reports,
    reviews,
    rules,
    searches,
    trail,
)

urlpatterns: list[URLPattern] = [
    *accounts.urlpatterns,
    *reviews.urlpatterns,
    *people.urlpatterns,
    *overlap.urlpatterns,
    *searches.urlpatterns,
    *jobs.urlpatterns,
    *checking.urlpatterns,
    *records.urlpatterns,
    *duplicates.urlpatterns,
    *rules.urlpatterns,
    *reports.urlpatterns,
    *prisma.urlpatterns,
    *trail.urlpatterns,
]
