"""The verb of taking something out: every file that leaves a review through a page or the API leaves a line."""

from typing import Any

from django.db import transaction

from . import audit
from .models import Event, Review, User, Verb


def log_export(
    *, review: Review, by: User, what: str, form: str, rows: int | None = None, **more: Any
) -> Event:
    """Write down that `by` exported `what` (such as "records") as `form` (such as "csv"), `rows` rows of it."""
    after = {"what": what, "format": form} | ({"rows": rows} if rows is not None else {}) | more
    with transaction.atomic():
        return audit.log(review=review, verb=Verb.EXPORTED, actor=by, after=after)
