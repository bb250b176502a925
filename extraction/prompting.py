"""The messages that ask a model for a report's data, the schema of its answer, and the check of that answer. Pure.

The same shape as screening's: frame, then the form's items, then the report between sealed lines.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from screening import prompting as screening

FOLDER = Path(__file__).parent / "prompts"
STATES = ("given", "not_reported")
TEXT_MOST = 2_000
"""Characters of a text value that are accepted."""

_COUNT_OF_TOTAL = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "total": {"type": "integer"}},
    "required": ["count", "total"],
    "additionalProperties": False,
}
_TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "text": {"type": "string"},
    "choice": {"type": "string"},
    "date": {"type": "string"},
    "yes_no": {"type": "boolean"},
    "count_of_total": _COUNT_OF_TOTAL,
}
_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?\Z", re.ASCII)


def prompt_sha256(name: str = "extract") -> str:
    """The SHA-256 (64 hexadecimal digits) of a prompt file's text. It stands on every Run."""
    return screening.prompt_sha256(name, FOLDER)


def extraction_messages(
    *, question: str, items: Sequence[dict[str, Any]], text: str, pages: Sequence[Sequence[int]] | None = None
) -> list[dict[str, str]]:
    """The messages for one report.

    Each item is a dict with key, label, kind and, where there are any, help, options and unit. `pages` is the report's
    page map: [number, start, end] in code points of `text`.
    """
    brief = {"question": question, "items": [_item(item) for item in items]}
    return screening.messages_for(screening.frame("extract", FOLDER), brief, screening.delimited(text, pages))


def _item(item: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"key": str(item["key"]), "label": str(item["label"]), "kind": str(item["kind"])}
    for name in ("help", "options", "unit"):
        if item.get(name):
            shown[name] = item[name]
    return shown


def extraction_schema(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The JSON schema of an answer: quote, reasoning, state, value for each item.

    A value is null or of one of the types that the form's kinds need; that each item's value is of its own kind is for
    `check_values` to say.
    """
    kinds = dict.fromkeys(str(item["kind"]) for item in items)
    types = {str(_TYPES[kind]): _TYPES[kind] for kind in kinds}
    value = {
        "type": "object",
        "properties": {
            "item": {"type": "string", "enum": [str(item["key"]) for item in items]},
            "quote": {"type": "string"},
            "reasoning": {"type": "string"},
            "state": {"type": "string", "enum": list(STATES)},
            "value": {"anyOf": [*types.values(), {"type": "null"}]},
        },
        "required": ["item", "quote", "reasoning", "state", "value"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"values": {"type": "array", "items": value}},
        "required": ["values"],
        "additionalProperties": False,
    }


def check_values(items: Sequence[dict[str, Any]]) -> Callable[[dict[str, Any]], None]:
    """A check of an answer that already fits the schema: each item once, each value of its item's kind.

    The check raises ValueError with the reason in plain words.
    """
    by_key = {str(item["key"]): item for item in items}

    def check(data: dict[str, Any]) -> None:
        screening.once_each("item", list(by_key), [entry["item"] for entry in data["values"]])
        for entry in data["values"]:
            name = f"item {entry['item']}"
            screening.within_bounds(name, entry)
            if entry["state"] == "not_reported":
                if entry["value"] is not None or entry["quote"]:
                    raise ValueError(f"{name} is not reported, and yet has a value or a quote")
            elif not entry["quote"].strip():
                raise ValueError(f"{name} has a value without a quote")
            else:
                wrong = what_is_wrong(by_key[entry["item"]], entry["value"])
                if wrong:
                    raise ValueError(f"{name}: {wrong}")

    return check


def what_is_wrong(item: dict[str, Any], value: Any) -> str:
    """Why a value is not of its item's kind, in plain words; "" when it is."""
    kind = str(item["kind"])
    if kind == "number":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if is_number and value == value and abs(value) != float("inf") else "a number is asked for"
    if kind == "yes_no":
        return "" if isinstance(value, bool) else "true or false is asked for"
    if kind == "count_of_total":
        return _wrong_count(value)
    if not isinstance(value, str) or not value.strip():
        return "words are asked for"
    if kind == "choice" and value not in (item.get("options") or []):
        return f"'{value[:60]}' is not one of its options"
    if kind == "date" and not _DATE.match(value):
        return f"'{value[:60]}' is not a date as YYYY-MM-DD, YYYY-MM or YYYY"
    return "" if len(value) <= TEXT_MOST else f"more than {TEXT_MOST} characters"


def _wrong_count(value: Any) -> str:
    count, total = (value.get("count"), value.get("total")) if isinstance(value, dict) else (None, None)
    if (
        not isinstance(count, int)
        or not isinstance(total, int)
        or isinstance(count, bool)
        or isinstance(total, bool)
    ):
        return "a count and its total are asked for"
    return "" if 0 <= count <= total else "a count is at least 0 and at most its total"
