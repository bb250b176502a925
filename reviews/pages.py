"""Rendering a page of a review: every such page knows the review and who is reading."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .models import Membership
from .permissions import MAY


def page(
    request: HttpRequest, template: str, membership: Membership, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Render `template` with `review`, `membership` and `may` (the acts this person may do) in its context."""
    shared = {"review": membership.review, "membership": membership, "may": MAY[membership.role]}
    return render(request, template, shared | context, status=status)
