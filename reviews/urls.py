"""The pages of this app, room by room."""

from django.urls import URLPattern

from .views import (
    accounts,
    checking,
    duplicates,
    jobs,
    people,
    prisma,
    records,
    reports,
    reviews,
    searches,
    trail,
)

urlpatterns: list[URLPattern] = [
    *accounts.urlpatterns,
    *reviews.urlpatterns,
    *people.urlpatterns,
    *searches.urlpatterns,
    *jobs.urlpatterns,
    *checking.urlpatterns,
    *records.urlpatterns,
    *duplicates.urlpatterns,
    *reports.urlpatterns,
    *prisma.urlpatterns,
    *trail.urlpatterns,
]
