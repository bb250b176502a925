"""The one way to a language model, and the only file that imports litellm (lazily: it weighs 150 MB).

`ask` sends one conversation, checks the answer against a JSON schema and an optional check of the caller's, retries
what is worth retrying a bounded number of times, and returns every attempt, failed ones too, with its raw text, for
the caller to log. It never raises for what a service does; it raises for mistakes of the caller's. Keys come from the
environment under the names litellm gives them (OPENAI_API_KEY, ...), and are in no answer, error or log.
"""

import asyncio
import json
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from . import failures, offline
from .checked import read_response
from .failures import Failure
from .loop import on_the_loop

__all__ = ["OFFLINE_MODEL", "Answer", "Attempt", "ModelInfo", "ask", "describe", "load", "on_the_loop"]

OFFLINE_MODEL = offline.MODEL
FIRST_WAIT = 0.5
"""Seconds before the second try, at most; doubled before each further one, and shortened at random by up to half."""
LONGEST_WAIT = 30.0
"""A service that asks for a longer pause than this many seconds is not waited for: the question is given up."""

_BEFORE_IMPORT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches its price list over the network on import
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # likewise on the first call to Anthropic
    "LITELLM_MODE": "PRODUCTION",  # else it loads any .env it finds
    "LITELLM_LOG": "ERROR",
}
_import_lock = threading.Lock()
_litellm: Any = None


@dataclass(frozen=True)
class Attempt:
    """One call as it really went.

    `raw` is the model's text, or what the service sent in its place. `cost` is in US dollars, None when the price is
    not known. `error_kind` is '' for a good answer, else one of the kinds in workers/failures.py.
    """

    started_at: datetime
    seconds: float
    raw: str = ""
    model_answered: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: Decimal | None = None
    error_kind: str = ""
    error: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of one question: the checked data, or None, and every attempt in order."""

    data: dict[str, Any] | None
    attempts: tuple[Attempt, ...]
    params_sent: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Is there an answer that fits?"""
        return self.data is not None

    @property
    def failure(self) -> Attempt | None:
        """The last attempt, when no attempt gave an answer that fits."""
        return None if self.ok else self.attempts[-1]


@dataclass(frozen=True)
class ModelInfo:
    """A model's name as it is configured, and how to call it on a page."""

    name: str
    label: str
    is_offline: bool


def describe(model: str) -> ModelInfo:
    """How to name a model to people. The stand-in always says that it is not a language model."""
    if is_offline(model):
        return ModelInfo(model, offline.LABEL, True)
    provider, _, name = model.partition("/")
    return ModelInfo(model, f"{name} (through {provider})" if name else model, False)


def is_offline(model: str) -> bool:
    """Does this name the rule-based stand-in?"""
    return model.partition("/")[0] == offline.PROVIDER


async def ask(
    messages: Sequence[dict[str, Any]],
    *,
    schema: dict[str, Any],
    check: Callable[[dict[str, Any]], None] | None = None,
    model: str,
    api_base: str | None = None,
    timeout: float = 60,
    tries: int = 3,
    params: dict[str, Any] | None = None,
    on_attempt: Callable[[Attempt], None] | None = None,
) -> Answer:
    """Ask one question, at most `tries` times, each at most `timeout` seconds long.

    `check` is given data that fits the schema and raises ValueError with a reason when it will not do. Of `params`
    (temperature, max_tokens, ...) only those are sent that the model takes; what was sent stands in the answer.
    `on_attempt` is called on the loop's thread as each attempt ends, and must not block. A refused `response_format`
    is left out from then on, and the schema is put into the messages; that does not use up a try.
    """
    if tries < 1:
        raise ValueError("At least one try is needed.")
    litellm = load()
    request = _Request(litellm, list(messages), schema, model, api_base, timeout, dict(params or {}))
    attempts: list[Attempt] = []
    tried = 0
    while True:
        attempt, data, failure = await _one_try(request, check)
        attempts.append(attempt)
        if on_attempt is not None:
            on_attempt(attempt)
        if failure is None:
            return Answer(data, tuple(attempts), request.sent())
        if failure.kind == failures.REFUSED and request.can_do_without_format(failure):
            request.put_schema_into_messages()
            continue
        tried += 1
        wait = _wait(failure, tried)
        if tried >= tries or failure.kind not in failures.WORTH_ANOTHER_TRY or wait > LONGEST_WAIT:
            return Answer(None, tuple(attempts), request.sent())
        await asyncio.sleep(wait)


class _Request:
    """What is sent, and what of it the service turned out not to take."""

    def __init__(
        self,
        litellm: Any,
        messages: list[dict[str, Any]],
        schema: dict[str, Any],
        model: str,
        api_base: str | None,
        timeout: float,
        params: dict[str, Any],
    ) -> None:
        self.litellm = litellm
        self.messages = messages
        self.schema = schema
        self.model = model
        self.api_base = api_base
        self.timeout = timeout
        try:
            accepted = set(litellm.get_supported_openai_params(model=model) or params) | {"max_tokens"}
        except Exception:  # a name that litellm does not know; the call itself will say so in better words
            accepted = set(params)
        self.params = {name: value for name, value in params.items() if is_offline(model) or name in accepted}
        self.left_out = sorted(set(params) - set(self.params))
        self.format: dict[str, Any] | None = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }

    def sent(self) -> dict[str, Any]:
        """The parameters that really went out, for the log."""
        how = "json_schema, strict" if self.format else "none; the schema stands in the messages"
        sent = {**self.params, "timeout": self.timeout, "response_format": how}
        return sent | ({"left_out": self.left_out} if self.left_out else {})

    def can_do_without_format(self, failure: Failure) -> bool:
        """Was it the response format that was refused?"""
        said = f"{failure.words} {failure.raw}".lower()
        return self.format is not None and ("response_format" in said or "json_schema" in said)

    def put_schema_into_messages(self) -> None:
        """From now on ask for the schema in words."""
        self.format = None
        words = f"Answer with one JSON object that fits this JSON schema, and nothing else:\n{json.dumps(self.schema)}"
        self.messages = [*self.messages[:1], {"role": "system", "content": words}, *self.messages[1:]]

    async def send(self) -> Any:
        """One call, without the libraries' own hidden retries, and with a limit on the whole of it."""
        more: dict[str, Any] = dict(self.params)
        if self.format is not None:
            more["response_format"] = self.format
        if self.api_base:
            more["api_base"] = self.api_base
            if self.model.startswith("openai/") and not os.environ.get("OPENAI_API_KEY"):
                more["api_key"] = (
                    "none-needed"  # local servers take any; without one the client refuses to start
                )
        async with asyncio.timeout(self.timeout):
            return await self.litellm.acompletion(
                model=self.model,
                messages=self.messages,
                timeout=self.timeout,
                max_retries=0,
                num_retries=0,
                **more,
            )


async def _one_try(
    request: _Request, check: Callable[[dict[str, Any]], None] | None
) -> tuple[Attempt, dict[str, Any] | None, Failure | None]:
    """One call and what came of it; data exactly when there is no failure."""
    started_at, clock = datetime.now(UTC), time.monotonic()
    try:
        response = await request.send()
    except Exception as error:
        failure = failures.from_exception(
            error, model=request.model, api_base=request.api_base, timeout=request.timeout
        )
        seconds = time.monotonic() - clock
        return (
            Attempt(started_at, seconds, failure.raw, error_kind=failure.kind, error=failure.words),
            None,
            failure,
        )
    seconds = time.monotonic() - clock
    raw, data, failed = read_response(response, request.schema, check)
    tokens_in, tokens_out = _tokens(response, request.model)
    attempt = Attempt(
        started_at,
        seconds,
        raw,
        model_answered=str(getattr(response, "model", "") or ""),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=_cost(request.litellm, response, request.model, tokens_in),
        error_kind=failed.kind if failed else "",
        error=failed.words if failed else "",
    )
    return attempt, data, failed


def _tokens(response: Any, model: str) -> tuple[int | None, int | None]:
    """Tokens in and out as the service counted them; litellm writes 0 where the service said nothing."""
    usage = getattr(response, "usage", None)
    tokens_in = getattr(usage, "prompt_tokens", None) or None
    if is_offline(model) or tokens_in is None:
        return None, None
    return int(tokens_in), int(getattr(usage, "completion_tokens", 0) or 0)


def _cost(litellm: Any, response: Any, model: str, tokens_in: int | None) -> Decimal | None:
    """US dollars by litellm's price list; None where the price or the tokens are not known."""
    if is_offline(model):
        return Decimal(0)
    if tokens_in is None:
        return None
    try:
        return Decimal(str(round(litellm.completion_cost(completion_response=response, model=model), 10)))
    except Exception:  # it raises many kinds for a model without a price
        return None


def _wait(failure: Failure, tried: int) -> float:
    """Seconds to wait before the next try: what the service asked for, or longer each time; spread at random."""
    longest: float = FIRST_WAIT * 2 ** (tried - 1)
    spread = random.uniform(0.5, 1.0)  # noqa: S311 (not a secret: it keeps many callers from coming back at once)
    if failure.retry_after is not None:
        return failure.retry_after + longest * (spread - 0.5)
    return min(longest * spread, LONGEST_WAIT)


def load() -> Any:
    """litellm, imported once, quiet, offline, and with the stand-in registered as a provider."""
    global _litellm
    with _import_lock:
        if _litellm is None:
            os.environ.update(_BEFORE_IMPORT)
            import litellm

            for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx", "httpcore"):
                logging.getLogger(name).setLevel(
                    logging.CRITICAL
                )  # what went wrong is in the attempts, redacted
            litellm.suppress_debug_info = True
            litellm.telemetry = False
            litellm.turn_off_message_logging = True
            litellm.drop_params = False
            litellm.custom_provider_map.append(_offline_provider(litellm))
            _litellm = litellm
    return _litellm


def _offline_provider(litellm: Any) -> Any:
    """The stand-in as litellm wants a provider: sync and async."""

    def respond(model: str, messages: list[dict[str, Any]], model_response: Any) -> Any:
        model_response.model = f"{offline.PROVIDER}/{model}"
        model_response.choices[0].message.content = offline.answer(messages)
        model_response.choices[0].finish_reason = "stop"
        return model_response

    class RuleReader(litellm.CustomLLM):
        def completion(
            self, model: str, messages: list[dict[str, Any]], *, model_response: Any, **rest: Any
        ) -> Any:
            time.sleep(offline.seconds())
            return respond(model, messages, model_response)

        async def acompletion(
            self, model: str, messages: list[dict[str, Any]], *, model_response: Any, **rest: Any
        ) -> Any:
            await asyncio.sleep(offline.seconds())
            return await asyncio.to_thread(respond, model, messages, model_response)

    return {"provider": offline.PROVIDER, "custom_handler": RuleReader()}
