"""Many questions at once: how many under way, in whose thread the answers arrive, what stops the rest."""

import threading
import time

import pytest

from tests.llm_stub import LLMStub, ok, wrong_key
from workers.many import ask_many

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
GOOD = {"n": 7}


@pytest.fixture(autouse=True)
def _a_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-5f1c9d0e7a")


@pytest.fixture
def stub():
    with LLMStub(default=ok(GOOD)) as server:
        yield server


def job(server, **more):
    fixed = {
        "messages": said("How many?"),
        "schema": SCHEMA,
        "model": "openai/x",
        "api_base": server.api_base,
        "timeout": 5,
    }
    return {**fixed, **more}


def said(text):
    return [{"role": "user", "content": text}]


def test_many_are_asked_at_once_but_not_more_than_allowed(stub):
    stub.default = lambda request: ok({"n": int(request.body["messages"][-1]["content"])}, latency=0.1)
    jobs = [job(stub, messages=said(str(n))) for n in range(20)]
    found = {}
    ask_many(jobs, width=5, on_answer=lambda index, answer: found.setdefault(index, answer.data))
    assert found == {n: {"n": n} for n in range(20)}
    assert stub.most_at_once == 5


def test_each_answer_is_handed_over_in_the_callers_thread_as_it_comes(stub):
    latency = {"slow": 0.6, "quick": 0.0}
    stub.default = lambda request: ok(GOOD, latency=latency[request.body["messages"][-1]["content"]])
    jobs = [job(stub, messages=said(pace)) for pace in ("slow", "quick")]
    seen = []

    def store(index, answer):
        seen.append((index, threading.current_thread(), stub.answered))

    ask_many(jobs, width=2, on_answer=store)
    here = threading.current_thread()
    assert seen == [(1, here, 1), (0, here, 2)]


def test_one_failure_does_not_disturb_the_others(stub):
    stub.default = lambda request: wrong_key() if request.body["messages"][-1]["content"] == "1" else ok(GOOD)
    jobs = [job(stub, messages=said(str(n))) for n in range(4)]
    found = {}
    ask_many(jobs, width=2, on_answer=lambda index, answer: found.setdefault(index, answer.ok))
    assert found == {0: True, 1: False, 2: True, 3: True}


def test_an_exception_while_storing_stops_the_rest(stub):
    stub.default = ok(GOOD, latency=0.05)

    def store(index, answer):
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="the database is gone"):
        ask_many([job(stub) for _ in range(30)], width=1, on_answer=store)
    time.sleep(0.3)
    assert len(stub.requests) <= 2


def test_a_mistake_in_one_job_is_raised_after_the_others_are_stored(stub):
    found = {}
    jobs = [job(stub), job(stub, tries=0), job(stub)]
    with pytest.raises(ValueError, match="At least one try"):
        ask_many(jobs, width=3, on_answer=lambda index, answer: found.setdefault(index, answer.ok))
    assert found == {0: True, 2: True}


def test_nothing_to_ask_is_quickly_done():
    ask_many([], width=4, on_answer=lambda index, answer: pytest.fail("there was nothing to ask"))


def test_two_callers_in_one_process_share_the_width(stub):
    stub.default = ok(GOOD, latency=0.05)
    found = []

    def call():
        ask_many(
            [job(stub) for _ in range(8)], width=3, on_answer=lambda index, answer: found.append(answer.ok)
        )

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == [True] * 24
    assert stub.most_at_once == 3


def test_once_stopped_nothing_more_is_sent_and_what_is_under_way_is_handed_over(stub):
    stop = threading.Event()
    stub.default = ok(GOOD, latency=0.1)
    found = []

    def store(index, answer):
        stop.set()
        found.append(answer.ok)

    ask_many([job(stub) for _ in range(20)], width=4, on_answer=store, stop=stop)
    assert len(found) == len(stub.requests)
    assert 4 <= len(found) <= 8


def test_no_further_question_is_sent_while_answers_wait_to_be_stored(stub):
    """So that a worker killed at any moment has at most `width` answers that are not in the database."""
    ahead = []

    def store(index, answer):
        time.sleep(0.1)
        ahead.append(len(stub.requests) - len(ahead))

    ask_many([job(stub) for _ in range(8)], width=2, on_answer=store)
    assert len(ahead) == 8
    assert max(ahead) == 2
