"""The pages of this app, room by room."""

from django.urls import URLPattern

from .views import (
    accounts,
    checking,
    duplicate_of,
    duplicates,
    jobs,
    overlap,
    people,
    prisma,
    records,
    reports,
    reviews,
    rules,
    search_description,
    searches,
    trail,
)

urlpatterns: list[URLPattern] = [
    *accounts.urlpatterns,
    *reviews.urlpatterns,
    *people.urlpatterns,
    *overlap.urlpatterns,
    *searches.urlpatterns,
    *search_description.urlpatterns,
    *jobs.urlpatterns,
    *checking.urlpatterns,
    *records.urlpatterns,
    *duplicates.urlpatterns,
    *duplicate_of.urlpatterns,
    *rules.urlpatterns,
    *reports.urlpatterns,
    *prisma.urlpatterns,
    *trail.urlpatterns,
]
