"""How a verb says no, and how the doors pass it on.

A refusal has three parts: what happened, what was kept, what to do. Pages show them (status 409, or 400 for
bad input); the API answers {"error": {"code", "what", "kept", "mend"}}, the one shape of every API error.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import set_rollback


class Refused(Exception):
    """A verb did not do what was asked, and changed nothing.

    `status` is 409 where the state of things forbids it, 400 where the input is wrong.
    """

    status = 409

    def __init__(self, what: str, *, kept: str = "Nothing was changed.", mend: str = "") -> None:
        super().__init__(what)
        self.what, self.kept, self.mend = what, kept, mend


class BadInput(Refused):
    """What was sent cannot be used as it is."""

    status = 400


class RefusalMiddleware:
    """Turns a Refused that reaches the top of a page into a plain page that says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this for an exception no view caught."""
        if not isinstance(exception, Refused):
            return None
        return render(request, "reviews/refused.html", {"refusal": exception}, status=exception.status)


def api_exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Every API error in one shape (see the module's docstring)."""
    match exception:
        case Refused():
            set_rollback()
            return _error(exception.status, "refused", exception.what, exception.kept, exception.mend)
        case Http404():
            return _error(404, "not_found", "There is nothing here, or you are not a member of this review.")
        case PermissionDenied():
            return _error(403, "forbidden", str(exception) or "Your role does not allow this.")
        case drf.ValidationError():
            return _error(
                400, "invalid", _in_words(exception.detail), "Nothing was changed.", "Mend the fields named."
            )
        case drf.APIException():
            answer = _error(exception.status_code, str(exception.get_codes()), str(exception.detail))
            if wait := getattr(exception, "wait", None):
                answer["Retry-After"] = str(int(wait) + 1)
            return answer
    return None


def _error(status: int, code: str, what: str, kept: str = "Nothing was changed.", mend: str = "") -> Response:
    return Response({"error": {"code": code, "what": what, "kept": kept, "mend": mend}}, status=status)


def _in_words(detail: Any) -> str:
    if isinstance(detail, dict):
        return "; ".join(f"{field}: {_in_words(value)}" for field, value in detail.items())
    if isinstance(detail, list):
        return " ".join(_in_words(value) for value in detail)
    return str(detail)
