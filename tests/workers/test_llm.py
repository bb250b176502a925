"""The way to a model, through real litellm, against a server that behaves and misbehaves on request."""

import json
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.llm_stub import (
    LLMStub,
    Step,
    bad_request,
    broken,
    cut_off,
    dropped,
    malformed,
    ok,
    rate_limited,
    slow,
    wrong_key,
)
from workers import failures, llm

KEY = "sk-test-5f1c9d0e7a"
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
MESSAGES = [{"role": "system", "content": "Count."}, {"role": "user", "content": "How many?"}]
GOOD = {"n": 7}


@pytest.fixture(autouse=True)
def _a_key_and_no_patience(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(llm, "FIRST_WAIT", 0.02)


@pytest.fixture
def stub():
    with LLMStub(default=ok(GOOD)) as server:
        yield server


def ask(server, **more):
    arguments = {"schema": SCHEMA, "model": "openai/x", "api_base": server.api_base, "timeout": 5, **more}
    return llm.on_the_loop(llm.ask(MESSAGES, **arguments))


def kinds(answer):
    return [attempt.error_kind for attempt in answer.attempts]


def test_a_good_answer_comes_back_with_what_it_took(stub):
    before = datetime.now(UTC)
    answer = ask(stub)
    assert answer.ok
    assert answer.data == GOOD
    assert answer.failure is None
    (attempt,) = answer.attempts
    assert (attempt.raw, attempt.model_answered, attempt.error_kind, attempt.error) == (
        '{"n": 7}',
        "x",
        "",
        "",
    )
    assert (attempt.tokens_in, attempt.tokens_out) == (11, 7)
    assert before <= attempt.started_at <= datetime.now(UTC)
    assert 0 < attempt.seconds < 5


def test_the_schema_goes_out_strictly_and_the_messages_as_they_are(stub):
    answer = ask(stub)
    body = stub.requests[0].body
    assert body["messages"] == MESSAGES
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
    }
    assert answer.params_sent == {"timeout": 5, "response_format": "json_schema, strict"}


def test_the_key_goes_to_the_service_and_nowhere_else(stub):
    answer = ask(stub)
    assert stub.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(answer)


def test_a_local_server_needs_no_key(stub, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert ask(stub).data == GOOD


def test_a_missing_key_is_told_apart_from_a_broken_service(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    answer = llm.on_the_loop(llm.ask(MESSAGES, schema=SCHEMA, model="openai/gpt-4o"))
    assert kinds(answer) == ["wrong_key"]
    assert answer.failure.error.startswith("There is no key for openai/gpt-4o in the worker's environment")


def test_the_price_is_unknown_for_a_model_without_one(stub):
    assert ask(stub).attempts[0].cost is None


def test_the_price_is_known_for_a_model_on_the_list(stub):
    cost = ask(stub, model="openai/gpt-4o").attempts[0].cost
    assert isinstance(cost, Decimal)
    assert Decimal(0) < cost < Decimal("0.01")


def test_tokens_and_price_are_unknown_when_the_service_does_not_count(stub):
    stub.script(ok(GOOD, usage=None))
    attempt = ask(stub, model="openai/gpt-4o").attempts[0]
    assert (attempt.tokens_in, attempt.tokens_out, attempt.cost) == (None, None, None)


def test_the_name_that_answered_is_kept(stub):
    stub.script(ok(GOOD, model="x-2026-10-01"))
    assert ask(stub).attempts[0].model_answered == "x-2026-10-01"


@pytest.mark.parametrize(
    "content", ['```json\n{"n": 7}\n```', '```\n{"n": 7}\n```\n', ' \n```JSON\n{"n": 7}```']
)
def test_a_fence_around_the_whole_answer_is_taken_off(stub, content):
    stub.script(ok(content))
    answer = ask(stub)
    assert answer.data == GOOD
    assert answer.attempts[0].raw == content


RUBBISH = {
    "nothing": "",
    "prose": "There are seven.",
    "half": '{"n": 7',
    "wrong type": '{"n": "7"}',
    "a field too many": '{"n": 7, "m": 1}',
    "a list": "[7]",
    "not a number": '{"n": NaN}',
    "prose before a fence": 'Sure:\n```json\n{"n": 7}\n```',
    "bottomless": "[" * 100_000,
}


@pytest.mark.parametrize("content", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_is_kept_with_its_text_and_asked_again(stub, content):
    stub.script(malformed(content))
    answer = ask(stub)
    assert kinds(answer) == ["rubbish", ""]
    assert answer.attempts[0].raw == content
    assert answer.attempts[0].tokens_out == 7
    assert answer.data == GOOD


def test_rubbish_for_ever_ends_after_the_tries_allowed(stub):
    stub.default = malformed("no")
    answer = ask(stub, tries=3)
    assert not answer.ok
    assert answer.data is None
    assert kinds(answer) == ["rubbish"] * 3
    assert answer.failure is answer.attempts[-1]
    assert len(stub.requests) == 3


def test_the_callers_check_has_the_last_word(stub):
    def check(data):
        if data["n"] == 7:
            raise ValueError("seven is not allowed")

    stub.script(ok({"n": 7}), ok({"n": 8}))
    answer = ask(stub, check=check)
    assert kinds(answer) == ["rubbish", ""]
    assert answer.attempts[0].error == "The answer will not do: seven is not allowed"
    assert answer.data == {"n": 8}


def test_a_bug_in_the_callers_check_is_not_hidden(stub):
    def check(data):
        raise KeyError("typo")

    with pytest.raises(KeyError):
        ask(stub, check=check)


def test_a_cut_answer_is_not_used_even_when_it_happens_to_parse(stub):
    stub.script(cut_off('{"n": 7}'))
    answer = ask(stub)
    assert kinds(answer) == ["cut_off", ""]
    assert answer.attempts[0].raw == '{"n": 7}'


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (rate_limited(), "rate_limited"),
        (broken(500), "server_error"),
        (broken(503), "server_error"),
        (dropped(), "unreachable"),
        (Step(body=b"<html>gateway</html>"), "rubbish"),
        (Step(body=b'{"hello": 1}'), "rubbish"),
    ],
    ids=["429", "500", "503", "dropped", "html", "other json"],
)
def test_what_may_pass_is_tried_again(stub, step, kind):
    stub.script(step)
    answer = ask(stub)
    assert kinds(answer) == [kind, ""]
    assert answer.data == GOOD
    assert len(stub.requests) == 2


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (wrong_key(), "wrong_key"),
        (bad_request(status=403), "wrong_key"),
        (bad_request("Too many tokens."), "refused"),
        (bad_request("No such model.", status=404), "refused"),
        (rate_limited(code="insufficient_quota"), "refused"),
        (Step(refusal="I will not."), "refused"),
        (Step(content="", finish_reason="content_filter"), "refused"),
    ],
    ids=["401", "403", "400", "404", "no credit", "refusal", "filter"],
)
def test_what_a_second_try_cannot_mend_is_asked_once(stub, step, kind):
    stub.script(step)
    answer = ask(stub)
    assert kinds(answer) == [kind]
    assert len(stub.requests) == 1


def test_the_libraries_retry_nothing_behind_our_back(stub):
    stub.default = broken(500)
    answer = ask(stub, tries=2)
    assert kinds(answer) == ["server_error", "server_error"]
    assert len(stub.requests) == 2


def test_a_slow_answer_times_out_as_a_whole(stub):
    stub.script(slow(GOOD, seconds=5))
    started = time.monotonic()
    answer = ask(stub, timeout=0.3, tries=1)
    assert time.monotonic() - started < 2
    assert kinds(answer) == ["timeout"]
    assert (
        answer.failure.error
        == f"No answer from {stub.api_base} within 0.3 s. Run it again, or allow more time."
    )


def test_retry_after_in_seconds_is_obeyed(stub):
    stub.script(rate_limited(retry_after=0.4))
    started = time.monotonic()
    assert kinds(ask(stub)) == ["rate_limited", ""]
    assert time.monotonic() - started >= 0.4


def test_a_pause_that_is_too_long_is_left_to_a_later_run(stub):
    stub.script(rate_limited(retry_after=3600))
    started = time.monotonic()
    answer = ask(stub)
    assert kinds(answer) == ["rate_limited"]
    assert time.monotonic() - started < 3
    assert len(stub.requests) == 1


def test_waits_grow_and_are_spread_but_stay_below_the_longest():
    failure = failures.Failure("server_error", "")
    for tried in (1, 2, 3):
        waits = {llm._wait(failure, tried) for _ in range(50)}
        longest = llm.FIRST_WAIT * 2 ** (tried - 1)
        assert longest * 0.5 <= min(waits) < max(waits) <= longest
    assert llm._wait(failure, 40) == llm.LONGEST_WAIT


@pytest.mark.parametrize("model", ["openai/x", "ollama/x"])
def test_nobody_listening_is_unreachable_and_says_where(model):
    with LLMStub() as gone:
        pass
    answer = llm.on_the_loop(llm.ask(MESSAGES, schema=SCHEMA, model=model, api_base=gone.api_base, tries=2))
    assert kinds(answer) == ["unreachable", "unreachable"]
    assert gone.api_base in answer.failure.error
    assert "Check WINNOW_API_BASE" in answer.failure.error


def test_a_name_that_is_no_model_is_refused_once():
    answer = llm.on_the_loop(llm.ask(MESSAGES, schema=SCHEMA, model="nonsense"))
    assert kinds(answer) == ["refused"]


def test_a_key_that_a_service_repeats_is_removed_from_all_that_is_kept(stub):
    stub.script(wrong_key(echo=KEY))
    answer = ask(stub)
    assert kinds(answer) == ["wrong_key"]
    assert KEY not in repr(answer)
    assert "[key removed]" in answer.failure.error
    assert "[key removed]" in answer.failure.raw


def test_neither_the_key_nor_the_messages_are_logged(stub, caplog):
    caplog.set_level("DEBUG")
    stub.script(wrong_key(echo=KEY))
    ask(stub)
    ask(stub)
    assert KEY not in caplog.text
    assert "How many?" not in caplog.text


def test_a_service_that_does_not_know_response_format_is_asked_in_words(stub):
    stub.script(bad_request("response_format is not supported by this model"))
    answer = ask(stub, tries=1)
    assert kinds(answer) == ["refused", ""]
    assert answer.data == GOOD
    second = stub.requests[1].body
    assert "response_format" not in second
    assert json.dumps(SCHEMA) in second["messages"][1]["content"]
    assert [second["messages"][0], *second["messages"][2:]] == MESSAGES
    assert answer.params_sent["response_format"] == "none; the schema stands in the messages"


def test_only_parameters_that_the_model_takes_are_sent(stub):
    answer = ask(stub, params={"temperature": 0, "seed": 5, "banana": 1})
    body = stub.requests[0].body
    assert (body["temperature"], body["seed"]) == (0, 5)
    assert "banana" not in body
    assert answer.params_sent == {
        "temperature": 0,
        "seed": 5,
        "timeout": 5,
        "response_format": "json_schema, strict",
        "left_out": ["banana"],
    }


def test_each_attempt_is_told_as_it_ends(stub):
    seen = []
    stub.script(broken())
    answer = ask(stub, on_attempt=seen.append)
    assert tuple(seen) == answer.attempts
    assert [attempt.error_kind for attempt in seen] == ["server_error", ""]


def test_no_tries_is_a_mistake(stub):
    with pytest.raises(ValueError, match="At least one try"):
        ask(stub, tries=0)
    assert stub.requests == []
