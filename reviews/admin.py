"""The operator's window: people's names and whether they may sign in. Everything else has its own door.

No password hash and no API token is shown here; nobody is made or deleted here (their decisions point to
them). The trail and the tables of reviews are not editable from the admin at all.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from rest_framework.authtoken.models import TokenProxy

from .models import User

for _shows_more_than_it_should in (Group, TokenProxy):
    if admin.site.is_registered(_shows_more_than_it_should):
        admin.site.unregister(_shows_more_than_it_should)


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Change a name, close or reopen an account."""

    list_display = ("name", "email", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("name", "email")
    fields = ("email", "name", "is_active", "date_joined", "last_login")
    readonly_fields = ("email", "date_joined", "last_login")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People sign up themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a person decided stays, so the person does."""
        return False
