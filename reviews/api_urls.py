"""The API of this app, room by room."""

from django.urls import URLPattern

from .api import accounts, duplicates, jobs, people, prisma, records, reports, reviews, searches, trail

urlpatterns: list[URLPattern] = [
    *accounts.urlpatterns,
    *reviews.urlpatterns,
    *people.urlpatterns,
    *searches.urlpatterns,
    *jobs.urlpatterns,
    *records.urlpatterns,
    *duplicates.urlpatterns,
    *reports.urlpatterns,
    *prisma.urlpatterns,
    *trail.urlpatterns,
]
