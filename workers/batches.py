"""Asking a model about a batch of records: fetch the leased items, ask, store each answer as it arrives.

No database connection or transaction is held while the model thinks, and an answer is in the database before
the next one is waited for, so that killing the worker loses at most what was still being thought about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection

from extraction import prompting as extracting
from extraction import proposals as extraction_proposals
from reviews.models.corpus import sha256_of
from screening import prompting as judging
from screening import proposals, runs
from screening.models import Run, RunItem, Stage

from . import llm
from .identity import lease_name

BATCH = 25
# What makes asking on pointless until a person has mended it.
HOPELESS = frozenset({"wrong_key", "unreachable", "refused"})


@dataclass(frozen=True)
class Question:
    """What is sent for one item, and the text its quotes will be looked up in."""

    item: RunItem
    text: str
    messages: list[dict[str, str]]
    schema: dict[str, Any]
    check: Callable[[dict[str, Any]], None]


def question_for(item: RunItem) -> Question:
    """The prompt for one record of a run, by its stage."""
    run = item.run
    text, _sha256 = runs.text_to_read(item.record, run.stage)
    if run.stage == Stage.EXTRACTION:
        pages = item.record.report.page_map
        messages = extracting.extraction_messages(
            question=run.review.question, items=run.criteria, text=text, pages=pages
        )
        schema, check = extracting.extraction_schema(run.criteria), extracting.check_values(run.criteria)
    else:
        messages = judging.screening_messages(
            question=run.review.question, stage=run.stage, criteria=run.criteria, text=text
        )
        schema, check = judging.screening_schema(run.criteria), judging.check_judgements(run.criteria)
    return Question(item, text, messages, schema, check)


def work_on_batch(run: Run, *, size: int = BATCH) -> int:
    """Claim up to `size` records of `run`, ask about them, keep what comes. Returns how many were claimed."""
    lease = lease_name()
    tries, timeout = settings.WINNOW_MODEL_TRIES, settings.WINNOW_MODEL_TIMEOUT
    waves = -(-size // settings.WINNOW_MODEL_WIDTH)  # a batch wider than the width goes in several
    seconds = waves * tries * (timeout + 35) + 60  # every try, its back-off, and some air
    items = runs.claim(run=run, lease=lease, n=size, seconds=seconds)
    try:
        questions = []
        for item in items:
            if proposals.needs_no_model(item):
                proposals.keep_unasked(item=item)
            else:
                questions.append(question_for(item))
        failures = _ask(run, questions)
    finally:
        runs.give_back(items=items, lease=lease)
    if failures and len(failures) == len(questions) and {kind for kind, _why in failures} <= HOPELESS:
        kind, why = failures[0]
        runs.halt(run=run, kind=kind, why=why)
    return len(items)


def _ask(run: Run, questions: Sequence[Question]) -> list[tuple[str, str]]:
    """Ask all, keep each answer on arrival; (kind, words) of every failure."""
    failures: list[tuple[str, str]] = []

    def store(index: int, answer: llm.Answer) -> None:
        close_old_connections()
        question = questions[index]
        calls = [_call(question, attempt, answer) for attempt in answer.attempts]
        if answer.ok and answer.data is not None:
            _keep(question, answer.data, calls)
        else:
            last = answer.failure
            kind, why = (last.error_kind, last.error) if last else ("server_error", "No answer came.")
            failures.append((kind, why))
            proposals.keep_failure(item=question.item, text=question.text, calls=calls, kind=kind, why=why)

    jobs = [
        {
            "messages": question.messages,
            "schema": question.schema,
            "check": question.check,
            "model": run.model,
            "api_base": run.api_base or None,
            "timeout": settings.WINNOW_MODEL_TIMEOUT,
            "tries": settings.WINNOW_MODEL_TRIES,
            "params": run.parameters,
        }
        for question in questions
    ]
    if jobs:
        if not connection.in_atomic_block:  # (a test's own transaction must live on)
            connection.close()
        llm.ask_many(jobs, width=settings.WINNOW_MODEL_WIDTH, on_answer=store)
    return failures


def _keep(question: Question, data: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    if question.item.run.stage == Stage.EXTRACTION:
        extraction_proposals.keep_answer(
            item=question.item, values=data["values"], text=question.text, calls=calls
        )
    else:
        proposals.keep_answer(
            item=question.item, judgements=data["judgements"], text=question.text, calls=calls
        )


def _call(question: Question, attempt: llm.Attempt, answer: llm.Answer) -> dict[str, Any]:
    """One attempt as the fields of an LLMCall."""
    return {
        "model_answered": attempt.model_answered,
        "messages": question.messages,
        "parameters": answer.params_sent,
        "schema_sha256": sha256_of(repr(question.schema)),
        "raw": attempt.raw,
        "tokens_in": attempt.tokens_in,
        "tokens_out": attempt.tokens_out,
        "cost_usd": attempt.cost,
        "started_at": attempt.started_at,
        "seconds": attempt.seconds,
        "error_kind": attempt.error_kind,
        "error": attempt.error,
    }
