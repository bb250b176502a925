"""A small OpenAI-compatible server for tests, on the standard library alone.

It runs on its own thread and event loop, on a free port of the loopback address, and plays a script: one `Step` for
each request in the order they arrive, then `default` for all that follow. It keeps every request and counts the
answers it sent, so that a test can say both "asked once" and "answered once".

    with LLMStub(steps=[rate_limited(retry_after=0.1), ok({"judgements": []})]) as stub:
        ...  api_base=stub.api_base
    assert [r.path for r in stub.requests] == ["/v1/chat/completions"] * 2
"""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
REASONS |= {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Step:
    """What the server does with one request. `latency` is in seconds, before the first byte."""

    content: str | None = ""
    status: int = 200
    latency: float = 0.0
    finish_reason: str = "stop"
    headers: tuple[tuple[str, str], ...] = ()
    error: dict[str, Any] | None = None
    body: bytes | None = None  # sent as it is, in place of a completion
    drop: bool = False  # close the connection without a byte
    refusal: str | None = None
    model: str | None = None  # the name the server says it answered with; None echoes the one asked for
    usage: tuple[int, int] | None = (11, 7)


@dataclass(frozen=True)
class Request:
    """One request as it arrived. `body` is the parsed JSON, or None when it was not JSON."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any] | None
    number: int = field(default=0)


def ok(data: Any, *, latency: float = 0.0, **more: Any) -> Step:
    """A good answer: `data` as JSON, or as it is when it is already a string."""
    return Step(content=data if isinstance(data, str) else json.dumps(data), latency=latency, **more)


def slow(data: Any, *, seconds: float) -> Step:
    """A good answer that comes after `seconds`."""
    return ok(data, latency=seconds)


def rate_limited(*, retry_after: float | str | None = None, code: str = "rate_limit_exceeded") -> Step:
    """429, with a Retry-After header (seconds or an HTTP date) when one is given."""
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return Step(status=429, headers=headers, error={"message": "Slow down.", "type": code, "code": code})


def broken(status: int = 500) -> Step:
    """The server fails by its own fault."""
    return Step(status=status, error={"message": "Something broke inside.", "type": "server_error"})


def malformed(content: str = '{"judgements": [') -> Step:
    """An ordinary 200 whose content is not the JSON that was asked for."""
    return Step(content=content)


def cut_off(content: str = '{"judgements": [{"criterion"') -> Step:
    """An ordinary 200 that stopped at the length limit."""
    return Step(content=content, finish_reason="length")


def wrong_key(echo: str = "sk-*****") -> Step:
    """401; `echo` is repeated in the message, as some services do with the key they were sent."""
    message = f"Incorrect API key provided: {echo}."
    return Step(
        status=401, error={"message": message, "type": "invalid_request_error", "code": "invalid_api_key"}
    )


def bad_request(message: str = "Unknown parameter.", status: int = 400) -> Step:
    """The service understood, and refuses."""
    return Step(status=status, error={"message": message, "type": "invalid_request_error"})


def dropped(*, latency: float = 0.0) -> Step:
    """The connection closes without an answer."""
    return Step(drop=True, latency=latency)


class LLMStub:
    """The server as a context manager. `default` is a Step, or a function from the Request to a Step."""

    def __init__(
        self, steps: Sequence[Step] = (), default: Step | Callable[[Request], Step] = Step(content="{}")
    ) -> None:
        self.default = default
        self.requests: list[Request] = []
        self.answered = 0
        self.most_at_once = 0
        self._steps = list(steps)
        self._in_hand = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="llm-stub", daemon=True)
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def api_base(self) -> str:
        """The address to give to litellm."""
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *steps: Step) -> None:
        """Add steps for the next requests."""
        self._steps.extend(steps)

    def __enter__(self) -> "LLMStub":
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("The stub server did not start within 10 seconds.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.close()

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one_request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request, play its step. False: this connection is finished."""
        first = (await reader.readline()).decode("latin-1")
        if not first.strip():
            return False
        headers: dict[str, str] = {}
        while line := (await reader.readline()).decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(
            path=first.split(" ")[1], headers=headers, body=_parsed(raw), number=len(self.requests)
        )
        self.requests.append(request)
        step = self._next(request)
        self._in_hand += 1
        self.most_at_once = max(self.most_at_once, self._in_hand)
        try:
            if step.latency:
                await asyncio.sleep(step.latency)
        finally:
            self._in_hand -= 1
        if step.drop:
            writer.transport.abort()
            return False
        self.answered += 1  # before it is sent: whoever has the answer finds it counted
        writer.write(_response(step, request))
        await writer.drain()
        return True

    def _next(self, request: Request) -> Step:
        if self._steps:
            return self._steps.pop(0)
        return self.default(request) if callable(self.default) else replace(self.default)


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _response(step: Step, request: Request) -> bytes:
    body = step.body if step.body is not None else json.dumps(_payload(step, request)).encode()
    head = [f"HTTP/1.1 {step.status} {REASONS.get(step.status, 'Status')}", "Content-Type: application/json"]
    head += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in step.headers)]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def _payload(step: Step, request: Request) -> dict[str, Any]:
    if step.error is not None:
        return {"error": step.error}
    message: dict[str, Any] = {"role": "assistant", "content": step.content}
    if step.refusal is not None:
        message |= {"content": None, "refusal": step.refusal}
    payload: dict[str, Any] = {
        "id": f"stub-{request.number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": step.model or (request.body or {}).get("model", "stub"),
        "choices": [{"index": 0, "message": message, "finish_reason": step.finish_reason}],
    }
    if step.usage is not None:
        prompt, answer = step.usage
        payload["usage"] = {
            "prompt_tokens": prompt,
            "completion_tokens": answer,
            "total_tokens": prompt + answer,
        }
    return payload
