"""What the forms of the screening room send, read leniently: the verbs check what it means."""

import math
import uuid
from dataclasses import dataclass, field

from django.http import QueryDict

from reviews.refusals import BadInput
from screening.models import Criterion

LONGEST = 24 * 60 * 60.0  # seconds; a page left open over night says nothing about reading


@dataclass(frozen=True)
class Sent:
    """One decision as it came: also what is shown again when it could not be kept."""

    key: uuid.UUID
    verdict: str = ""
    reason: int | None = None
    judgements: dict[str, str] = field(default_factory=dict)
    note: str = ""
    seconds: float | None = None


def sent(post: QueryDict) -> Sent:
    """The decision in a form's fields: `verdict`, or `exclude_for` with the id of the reason; `c<id>` per criterion.

    Raises:
        BadInput: no key, or one that is not a UUID.
    """
    reason = _number(post.get("exclude_for", ""))
    return Sent(
        key=key_of(post.get("key", "")),
        verdict="exclude" if reason is not None else post.get("verdict", ""),
        reason=reason,
        judgements={
            name[1:]: str(post[name])
            for name in post
            if name[:1] == "c" and name[1:].isdigit() and post[name]
        },
        note=post.get("note", "").replace("\r\n", "\n"),
        seconds=seconds_of(post.get("seconds", "")),
    )


def key_of(text: object) -> uuid.UUID:
    """The idempotency key, or a BadInput that says what it is for."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise BadInput(
            "This decision came without a key of its own.", mend="Reload the page and decide again."
        ) from None


def seconds_of(text: object) -> float | None:
    """Seconds on the page as the browser measured them; None where that is no sensible number."""
    try:
        seconds = float(str(text))
    except ValueError:
        return None
    return round(seconds, 2) if math.isfinite(seconds) and 0 <= seconds <= LONGEST else None


def reason_among(criteria: list[Criterion], pk: int | None) -> Criterion | None:
    """The criterion of that id, or None for None.

    Raises:
        BadInput: an id that is not in the list.
    """
    if pk is None:
        return None
    for criterion in criteria:
        if criterion.pk == pk:
            return criterion
    raise BadInput(
        "That reason is not one of the criteria in force at this stage.", mend="Choose one of the list."
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None
