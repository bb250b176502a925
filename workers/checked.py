"""From a response that arrived to data that may be used: text, JSON, schema, and the caller's own check."""

import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema

from . import failures
from .failures import Failure

_MISFIT, _WRONG, _DECLINED = (
    "The answer does not fit the schema:",
    "The answer will not do:",
    "The model declined to answer:",
)
_FENCE = re.compile(r"\s*```(?:json)?[ \t]*\n(?P<inner>.*?)\n?[ \t]*```\s*\Z", re.S | re.I)


def repeats_the_model(words: str) -> bool:
    """Whether the words of a failure may repeat what the model said of the document, so that they are to be sealed
    from whoever may not see its proposal."""
    return words.startswith((_MISFIT, _WRONG, _DECLINED))


def read_response(
    response: Any, schema: dict[str, Any], check: Callable[[dict[str, Any]], None] | None
) -> tuple[str, dict[str, Any] | None, Failure | None]:
    """(raw text, data, failure) of a response that arrived."""
    choices = getattr(response, "choices", None) or []
    if not choices:
        return "", None, Failure(failures.RUBBISH, "The service sent an answer without any text.")
    message = choices[0].message
    raw = failures.redact(message.content or "")
    refusal = (getattr(message, "provider_specific_fields", None) or {}).get("refusal")
    if refusal or choices[0].finish_reason == "content_filter":
        words = f"{_DECLINED} {failures.redact(str(refusal or 'content filter'))[:300]}"
        return raw or str(refusal or ""), None, Failure(failures.REFUSED, words)
    if choices[0].finish_reason == "length":
        words = "The answer was cut off at the model's length limit. Allow more tokens, or ask about fewer criteria."
        return raw, None, Failure(failures.CUT_OFF, words)
    try:
        data = _parsed(raw)
        # Not jsonschema.validate(), which checks the schema itself anew for each answer.
        misfit = next(jsonschema.Draft202012Validator(schema).iter_errors(data), None)
        if misfit is not None:
            return (
                raw,
                None,
                Failure(failures.RUBBISH, f"{_MISFIT} {misfit.message[:300]}"),
            )
        if check is not None:
            check(data)
    except (ValueError, RecursionError) as error:
        return raw, None, Failure(failures.RUBBISH, f"{_WRONG} {str(error)[:300]}")
    return raw, data, None


def _parsed(raw: str) -> dict[str, Any]:
    """The JSON object of an answer; one fence around all of it is taken off. Raises ValueError."""
    fenced = _FENCE.match(raw)
    data = json.loads(fenced["inner"] if fenced else raw, parse_constant=_no_constant)
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    return data


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
