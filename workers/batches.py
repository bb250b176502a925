"""Asking a model about a batch of records: claim, ask, store each answer as it arrives.

No database connection or transaction is held while the model thinks, and an answer is in the database before
the next one is waited for, so that killing the worker loses at most what was still being thought about.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from extraction import prompting as extracting
from extraction import proposals as extraction_proposals
from reviews.models import LLMCall
from reviews.models.corpus import sha256_of
from screening import leases, proposals, reading
from screening import prompting as judging
from screening.models import Run, RunItem, Stage

from . import failures, llm
from .identity import lease_name
from .many import ask_many

logger = logging.getLogger(__name__)

BATCH = 25
LEASE = 180.0  # seconds; renewed while the batch is worked on, so a dead worker's records wait no longer than this
RENEW_EVERY = 60.0  # seconds
LOOK_EVERY = 5.0  # seconds between two looks at whether somebody cancelled the run
# What makes asking on pointless until a person has mended it.
HOPELESS = frozenset({failures.WRONG_KEY, failures.UNREACHABLE})
INTERNAL = "internal"


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
    text, _sha256 = reading.judged_text(item.record, run.stage)
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


def work_on_batch(run: Run, *, size: int = BATCH, queue_next: Callable[[], None] = lambda: None) -> int:
    """Claim up to `size` records of `run`, ask about them, keep what comes. Returns how many were claimed.

    `queue_next` is called, before this batch is worked on, when there may be more: another thread or worker takes
    the next one meanwhile. Until the model has answered anything in this run, one record is asked about alone,
    so that a wrong key costs one call and not twenty-five.
    """
    if run.prompt_sha256 != _prompt_sha256(run):
        why = "Winnow's prompt was changed by an update since this run began. Start a new run."
        leases.halt(run=run, kind="prompt_changed", why=why)
        return 0
    lease = lease_name()
    items = leases.claim(run=run, lease=lease, n=size, seconds=LEASE)
    hopeless: llm.Attempt | None = None
    try:
        questions = _questions(items)
        alone = [] if _was_reached(run) else questions[:1]
        with _holding(run, items, lease) as stop:
            hopeless = _ask(run, alone, stop)
            if hopeless is None:
                if len(items) == size:
                    queue_next()
                hopeless = _ask(run, questions[len(alone) :], stop)
    finally:
        leases.give_back(items=items, lease=lease)
    if hopeless is not None:
        leases.halt(run=run, kind=hopeless.error_kind, why=hopeless.error)
    return len(items)


def _prompt_sha256(run: Run) -> str:
    return (extracting if run.stage == Stage.EXTRACTION else judging).prompt_sha256(run.prompt)


def _was_reached(run: Run) -> bool:
    """Whether the model's service ever answered in this run, be it rubbish: then the key is right."""
    calls = LLMCall.objects.filter(run_key=run.key)
    return calls.exclude(error_kind__in=HOPELESS).exists()


def _questions(items: Sequence[RunItem]) -> list[Question]:
    """What to send for each item; those that need no model are answered here."""
    questions = []
    for item in items:
        try:
            if item.run.stage != Stage.EXTRACTION and proposals.needs_no_model(item):
                proposals.keep_unasked(item=item)
            else:
                questions.append(question_for(item))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # one record must not keep the others of its batch from being asked
            _own_fault(item, error)
    return questions


def _own_fault(item: RunItem, error: Exception) -> None:
    """Show a record as failed by a mistake of this program, which no other try would mend by itself."""
    logger.exception("run %s, record %s", item.run_id, item.record_id)
    why = f"Winnow made a mistake over this record ({type(error).__name__}); the worker's log says more."
    leases.fail_item(item=item, kind=INTERNAL, why=why)


@contextmanager
def _holding(run: Run, items: Sequence[RunItem], lease: str) -> Iterator[threading.Event]:
    """Renew the leases while the batch is worked on. The event is set once somebody has cancelled the run."""
    stop, done = threading.Event(), threading.Event()

    def hold() -> None:
        looks = 0
        while not done.wait(LOOK_EVERY):
            looks += 1
            try:
                if looks * LOOK_EVERY >= RENEW_EVERY:
                    looks = 0
                    leases.renew(items=items, lease=lease, seconds=LEASE)
                if Run.objects.filter(pk=run.pk, cancelled_at__isnull=False).exists():
                    stop.set()
            except Exception:  # the database may be away for a moment; the lease outlasts two of these
                logger.exception("run %s: its leases were not renewed", run.pk)
            finally:
                connection.close()

    holder = threading.Thread(target=hold, name=f"run-{run.pk}-leases", daemon=True)
    if items:
        holder.start()
    try:
        yield stop
    finally:
        done.set()
        if items:
            holder.join()


def _ask(run: Run, questions: Sequence[Question], stop: threading.Event) -> llm.Attempt | None:
    """Ask all, keep each answer on arrival. The failure, if every answer failed for a reason that is HOPELESS."""
    answered = 0
    hopeless: list[llm.Attempt] = []

    def store(index: int, answer: llm.Answer) -> None:
        nonlocal answered
        if not connection.in_atomic_block:
            close_old_connections()  # a server may have dropped it while the model was thinking
        answered += 1
        _store(questions[index], answer)
        if answer.failure is not None and answer.failure.error_kind in HOPELESS:
            hopeless.append(answer.failure)

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
        ask_many(jobs, width=settings.WINNOW_MODEL_WIDTH, on_answer=store, stop=stop)
    return hopeless[0] if hopeless and len(hopeless) == answered else None


def _store(question: Question, answer: llm.Answer) -> None:
    """Keep one answer, or why there is none, with every call it took."""
    calls = [_call(question, attempt, answer) for attempt in answer.attempts]
    failure = answer.failure
    if answer.data is None:
        kind, why = (failure.error_kind, failure.error) if failure else (failures.SERVER_ERROR, "No answer.")
        proposals.keep_failure(item=question.item, text=question.text, calls=calls, kind=kind, why=why)
        return
    try:
        _keep(question, _clean(answer.data), calls)
    except (OperationalError, InterfaceError):
        raise
    except (
        Exception
    ) as error:  # an answer that passed every check and yet cannot be used must not stop the rest
        _own_fault(question.item, error)
        proposals.keep_calls(question.item, calls, question.text)


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
        "model_answered": _clean(attempt.model_answered)[:200],
        "messages": question.messages,
        "parameters": answer.params_sent,
        "schema_sha256": sha256_of(repr(question.schema)),
        "raw": _clean(attempt.raw),
        "tokens_in": attempt.tokens_in,
        "tokens_out": attempt.tokens_out,
        "cost_usd": attempt.cost,
        "started_at": attempt.started_at,
        "seconds": attempt.seconds,
        "error_kind": attempt.error_kind,
        "error": _clean(attempt.error),
    }


def _clean(said: Any) -> Any:
    """What a model said, with U+FFFD for what no database stores: NUL and halves of surrogate pairs."""
    if isinstance(said, str):
        return said.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(said, list):
        return [_clean(part) for part in said]
    if isinstance(said, dict):
        return {_clean(key): _clean(part) for key, part in said.items()}
    return said
