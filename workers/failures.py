"""Why a call to a model failed, in plain words, and whether it is worth another try. Knows no client library.

A service's own words are quoted, shortened, with every secret of the environment taken out.
"""

import email.utils
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

WRONG_KEY, UNREACHABLE, TIMEOUT = "wrong_key", "unreachable", "timeout"
RATE_LIMITED, REFUSED, SERVER_ERROR = "rate_limited", "refused", "server_error"
RUBBISH, CUT_OFF = "rubbish", "cut_off"
WORTH_ANOTHER_TRY = frozenset({UNREACHABLE, TIMEOUT, RATE_LIMITED, SERVER_ERROR, RUBBISH, CUT_OFF})

RAW_MOST = 20_000
"""Characters of a failed response that are kept."""
WORDS_MOST = 300
"""Characters of the service's own words in a message."""

_SECRET_NAMES = ("_API_KEY", "_TOKEN", "_SECRET", "_SECRET_KEY", "_ACCESS_KEY", "_PASSWORD")
_KEY_SHAPES = re.compile(r"\bsk-[\w*-]{4,}|(?<=Bearer )\S+|(?<=://)[^/\s@]+:[^/\s@]+(?=@)", re.I)
_NO_KEY = re.compile(r"missing credentials|missing (?:\w+ )?api key|api_key client option must be set", re.I)
_CONNECTION = (
    "APIConnectionError",
    "ConnectError",
    "ReadError",
    "WriteError",
    "RemoteProtocolError",
    "ConnectionError",
)
_TIMEOUTS = ("APITimeoutError", "ReadTimeout", "ConnectTimeout", "PoolTimeout", "TimeoutError", "Timeout")


@dataclass(frozen=True)
class Failure:
    """One failed call. `retry_after` is in seconds when the service named a time; `raw` is what it sent, redacted."""

    kind: str
    words: str
    raw: str = ""
    retry_after: float | None = None


def redact(text: str) -> str:
    """The text without any secret of the environment and without anything shaped like a key."""
    for name, value in os.environ.items():
        if name.endswith(_SECRET_NAMES) and len(value) >= 6:
            text = text.replace(value, "[key removed]")
    return _KEY_SHAPES.sub("[key removed]", text)


def from_exception(error: BaseException, *, model: str, api_base: str | None, timeout: float) -> Failure:
    """What an exception of the client library means. Looks at status codes and at the chain of causes."""
    chain = list(_causes(error))
    names = {kind.__name__ for cause in chain for kind in type(cause).__mro__}
    said = _said(chain)
    raw = redact(_body(chain) or str(error))[:RAW_MOST]
    status = next(
        (code for cause in chain if isinstance(code := getattr(cause, "status_code", None), int)), None
    )
    where = redact(api_base) if api_base else "the model's service"
    answered = "HTTPStatusError" in names or (status is not None and _body(chain) != "")
    if isinstance(error, TimeoutError) or (names & set(_TIMEOUTS) and not answered):
        return Failure(
            TIMEOUT, f"No answer from {where} within {timeout:g} s. Run it again, or allow more time.", raw
        )
    if not answered and _NO_KEY.search(str(error)):
        words = f"There is no key for {model} in the worker's environment: {said}."
        return Failure(WRONG_KEY, f"{words} Set it there, then run it again.", raw)
    if not answered and names & set(_CONNECTION):
        mend = "Check WINNOW_API_BASE and that the service runs, then run it again."
        return Failure(UNREACHABLE, f"{where} cannot be reached: {said}. {mend}", raw)
    if status in (401, 403):
        words = f"{where} did not accept the key for {model} ({status}): {said}."
        return Failure(
            WRONG_KEY, f"{words} Set the right key in the worker's environment, then run it again.", raw
        )
    if status == 429:
        return _rate_limited(chain, where, said, raw)
    if status == 408:
        return Failure(TIMEOUT, f"{where} gave up waiting (408). Run it again.", raw)
    if status is not None and 400 <= status < 500:
        return Failure(REFUSED, f"{where} refused the request for {model} ({status}): {said}", raw)
    if not answered and names & {"JSONDecodeError", "APIError", "APIResponseValidationError"}:
        return Failure(RUBBISH, f"{where} sent something that is not a model's answer: {said}", raw)
    return Failure(SERVER_ERROR, f"{where} failed by its own fault ({status or 'no status'}): {said}", raw)


def retry_after(headers: object) -> float | None:
    """The seconds that a Retry-After header asks for (given as seconds or as an HTTP date); None without one."""
    try:
        value = dict(headers or {})  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None
    written = next(
        (str(text) for name, text in value.items() if str(name).lower() == "retry-after"), ""
    ).strip()
    if re.fullmatch(r"\d{1,7}(?:\.\d+)?", written):
        return float(written)
    try:
        moment = email.utils.parsedate_to_datetime(written)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - time.time())


def _rate_limited(chain: list[BaseException], where: str, said: str, raw: str) -> Failure:
    spent = (
        any(getattr(cause, "code", None) == "insufficient_quota" for cause in chain)
        or "insufficient_quota" in raw
    )
    if spent:
        return Failure(REFUSED, f"The account at {where} has no credit left: {said}", raw)
    found = [retry_after(getattr(cause, "litellm_response_headers", None)) for cause in chain]
    found += [retry_after(getattr(getattr(cause, "response", None), "headers", None)) for cause in chain]
    wait = next((seconds for seconds in found if seconds is not None), None)
    return Failure(RATE_LIMITED, f"{where} asks to slow down (429): {said}", raw, wait)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _body(chain: list[BaseException]) -> str:
    """The body of the response that caused this, if there was one."""
    for cause in chain:
        try:
            text = getattr(getattr(cause, "response", None), "text", "")
        except Exception:  # a response whose body was never read
            text = ""
        if isinstance(text, str) and text:
            return text
    return ""


def _said(chain: list[BaseException]) -> str:
    """The most telling words: the message in the response, else the first error's without the library's prefixes."""
    words = _message_in(_body(chain)) or str(chain[0])
    words = re.sub(r"(?:litellm\.)?\w*(?:Error|Exception|Timeout)\s*(?::|-)\s*", "", words)
    words = re.sub(r"\.? ?Handle with `litellm\.\w+`\.?", "", words).strip(" .")
    if words.lower() in ("connection error", ""):
        last = chain[-1]
        words = f"{type(last).__name__}: {last}" if str(last) else type(last).__name__
    return " ".join(redact(words).split())[:WORDS_MOST].rstrip(".")


def _message_in(body: str) -> str:
    """The message of an error body as most services write it; "" when it is written otherwise."""
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    error = data.get("error") if isinstance(data, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else ""
