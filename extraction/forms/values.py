"""A value as a form's fields hold it: read from them, and put back into them. The verbs check what it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from extraction.models import Item, State, Value
from reviews.refusals import BadInput

_NUMBER = re.compile(r"[-+−]?(?:\d+(?:\.\d*)?|\.\d+)\Z", re.ASCII)
_LONGEST = 40  # characters of a number that anybody writes


@dataclass(frozen=True)
class Typed:
    """What stands in an item's fields: what was kept, or what was sent and could not be kept."""

    value: str = ""
    total: str = ""
    quote: str = ""
    note: str = ""
    error: BadInput | None = None


def typed_of(value: Value | None) -> Typed:
    """The fields of a value that was kept; empty ones where there is none."""
    if value is None:
        return Typed()
    if value.state == State.NOT_REPORTED:
        return Typed(note=value.note)
    kept = value.value
    if isinstance(kept, dict):
        return Typed(str(kept["count"]), str(kept["total"]), value.quote, value.note)
    words = {True: "yes", False: "no"}[kept] if isinstance(kept, bool) else str(kept)
    return Typed(words, "", value.quote, value.note)


def typed_in(post: Mapping[str, Any], error: BadInput | None = None) -> Typed:
    """The fields as they were sent."""
    return Typed(
        value=str(post.get("value", "")),
        total=str(post.get("total", "")),
        quote=_lines(post.get("quote", "")),
        note=_lines(post.get("note", "")),
        error=error,
    )


def value_in(item: Item, typed: Typed) -> Any:
    """The value the fields hold, of the item's kind.

    Raises:
        BadInput: no value, or a number that is not written as one.
    """
    text = " ".join(typed.value.split())
    if not text and not (item.kind == Item.Kind.COUNT_OF_TOTAL and typed.total.strip()):
        raise BadInput(
            f"{item.label}: no value was given.",
            kept="What you typed is still in the form.",
            mend='Give the value, or answer "not reported".',
        )
    match item.kind:
        case Item.Kind.NUMBER:
            return _number(item, text)
        case Item.Kind.COUNT_OF_TOTAL:
            return {"count": _whole(item, text, "count"), "total": _whole(item, typed.total, "total")}
        case Item.Kind.YES_NO:
            return {"yes": True, "no": False}.get(text.casefold(), text)
        case _:
            return text


def _number(item: Item, text: str) -> int | float:
    plain = text.replace(" ", "").replace("−", "-")
    if not _NUMBER.match(plain) or len(plain) > _LONGEST:
        raise BadInput(
            f"{item.label}: “{text[:_LONGEST]}” is not a number as it is written here.",
            kept="What you typed is still in the form.",
            mend="Write it with a decimal point and without a separator for thousands, such as 1204 or 12.6.",
        )
    return float(plain) if "." in plain else int(plain)


def _whole(item: Item, text: str, what: str) -> int:
    plain = text.strip()
    if not (plain.isascii() and plain.isdecimal()) or len(plain) > 12:
        raise BadInput(
            f"{item.label}: the {what} must be a whole number.",
            kept="What you typed is still in the form.",
            mend="Give both the count and its total, such as 17 of 18.",
        )
    return int(plain)


def _lines(text: Any) -> str:
    return str(text).replace("\r\n", "\n")
