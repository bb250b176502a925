"""Every URL starts at a review (/r/<slug>/), except people's own pages, the health check and the admin."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("reviews.urls")),
    path("", include("screening.urls")),
    path("", include("extraction.urls")),
    path("api/", include("reviews.api_urls")),
    path("api/", include("screening.api_urls")),
    path("api/", include("extraction.api_urls")),
    path("account/", include("config.account_urls")),
    path(
        "admin/login/", secure_admin_login(admin.site.login)
    ),  # so the operator's second step counts there too
    path("admin/", admin.site.urls),
]
