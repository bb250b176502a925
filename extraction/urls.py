"""The pages of this app, room by room."""

from django.urls import URLPattern

from .views import consensus, exports, forms, sheets

urlpatterns: list[URLPattern] = [
    *forms.urlpatterns,
    *sheets.urlpatterns,
    *consensus.urlpatterns,
    *exports.urlpatterns,
]
