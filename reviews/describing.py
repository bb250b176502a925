"""What is said of a search (PRISMA-S): checked when it is imported, and corrected afterwards with a reason."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from . import audit
from .models import Review, Search, User, Verb
from .models.corpus import SearchKind
from .record_rows import storable
from .refusals import BadInput

# What may be said and corrected; the rest of a Search is what came of it.
DESCRIBED = (
    "kind", "source", "platform", "searched_on", "strategy", "limits", "filters", "declared_count",
)  # fmt: skip
LONGEST = 120  # of the name of a source or platform
LONGEST_TEXT = 200_000  # of a strategy; the longest published ones have some tens of thousands


def described(**given: Any) -> dict[str, Any]:
    """These of DESCRIBED as they are stored.

    Raises:
        BadInput: one of them is missing or impossible.
    """
    return {name: _CHECKS[name](given[name]) for name in DESCRIBED if name in given}


def describe_search(*, search: Search, by: User, reason: str, **given: Any) -> Search:
    """Correct what is said of a search (any of DESCRIBED); what was said before stands in the trail.

    Raises:
        BadInput: no reason, nothing that differs, or something that cannot be.
    """
    if not reason.strip():
        raise BadInput(
            "No reason was given for the correction.", mend="Say in a few words why; it stands in the trail."
        )
    if unknown := [name for name in given if name not in DESCRIBED]:
        raise BadInput(
            f"“{unknown[0][:60]}” cannot be corrected.", mend=f"These can: {', '.join(DESCRIBED)}."
        )
    wanted = described(**given)
    with transaction.atomic():
        Review.objects.select_for_update(no_key=True).get(pk=search.review_id)
        search = Search.objects.select_for_update(no_key=True).get(pk=search.pk)
        changed = {name: value for name, value in wanted.items() if getattr(search, name) != value}
        if not changed:
            raise BadInput("Nothing in this correction differs from what is said of the search.")
        before = {name: getattr(search, name) for name in changed}
        for name, value in changed.items():
            setattr(search, name, value)
        search.save(update_fields=list(changed))
        audit.log(
            review=search.review,
            verb=Verb.SEARCH_DESCRIBED,
            actor=by,
            subject={"search": search.pk},
            before=before,
            after=changed,
            reason=storable(reason).strip(),
        )
    return search


def _kind(value: str) -> str:
    if value not in SearchKind.values:
        raise BadInput(
            f"“{value}” is no kind of search.", mend=f"Use one of: {', '.join(SearchKind.values)}."
        )
    return value


def _name(value: str) -> str:
    value = storable(value).strip()
    if len(value) > LONGEST:
        raise BadInput(
            "The name of the source or platform is too long.", mend=f"Use at most {LONGEST} characters each."
        )
    return value


def _source(value: str) -> str:
    value = _name(value)
    if not value:
        raise BadInput("The search has no source.", mend="Name the database, register or website.")
    return value


def _searched_on(value: date) -> date:
    if value > (audit.now() + timedelta(days=1)).date():  # a day's grace for time zones
        raise BadInput("The date of the search lies in the future.", mend="Give the day it was run.")
    return value


def _text(value: str) -> str:
    value = storable(value).replace("\r\n", "\n").strip()
    if len(value) > LONGEST_TEXT:
        raise BadInput(
            "What is said of the search is too long.", mend=f"Use at most {LONGEST_TEXT:,} characters."
        )
    return value


def _declared_count(value: int | None) -> int | None:
    if value is not None and not 0 <= value < 2**31:
        raise BadInput("The number of records the source named is impossible.", mend="Give a whole number.")
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "kind": _kind,
    "source": _source,
    "platform": _name,
    "searched_on": _searched_on,
    "strategy": _text,
    "limits": _text,
    "filters": _text,
    "declared_count": _declared_count,
}
