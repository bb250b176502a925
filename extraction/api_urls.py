"""The API of this app, room by room."""

from django.urls import URLPattern

from .api import consensus, forms, sheets

urlpatterns: list[URLPattern] = [
    *forms.urlpatterns,
    *sheets.urlpatterns,
    *consensus.urlpatterns,
]
