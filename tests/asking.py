"""What tests about asking models share: criteria, runs, answers, a stub answering by the criteria it is sent."""

import json
from typing import Any

from reviews import audit
from screening import criteria, leases, prompting, runs
from screening.models import Run, RunItem
from tests import factories
from tests.llm_stub import Request, Step, ok

TA, FT, EX = "title_abstract", "full_text", "extraction"
MODEL = "openai/x"


def with_criteria(review, by, stage: str = TA):
    """Two inclusion criteria and one exclusion criterion in force, in this order."""
    made = [
        ("include", "Population", "Adults with multiple myeloma."),
        ("include", "Intervention", "Plerixafor was given."),
        ("exclude", "Animals", "Studies in animals."),
    ]
    for kind, label, text in made:
        criteria.add_criterion(review=review, stage=stage, by=by, kind=kind, label=label, text=text)
    return criteria.criteria_in_force(review, stage)


def how(model: str = MODEL, **more: Any) -> runs.HowToAsk:
    fields = {
        "model": model,
        "api_base": "",
        "prompt": "screen",
        "prompt_sha256": prompting.prompt_sha256(),
        "rule_version": "any-verified-violation-1",
        "parameters": {"temperature": 0},
    }
    return runs.HowToAsk(**fields | more)


def records(review, by, n: int):
    search = factories.search(review, by=by)
    return [
        factories.record(
            search, title=f"Trial {k}", abstract=f"We gave plerixafor to {k} adults with myeloma."
        )
        for k in range(1, n + 1)
    ]


def started(review, by, n: int = 3, **more: Any) -> Run:
    """A run at title and abstract over `n` new records."""
    with_criteria(review, by)
    records(review, by, n)
    return runs.start_run(review=review, stage=TA, by=by, how=how(**more))


def claimed(run: Run, n: int = 1, lease: str = "elsewhere:1:token", seconds: float = 60) -> list[RunItem]:
    return leases.claim(run=run, lease=lease, n=n, seconds=seconds)


def said(in_force, *verdicts: str, quote: str = "We gave plerixafor") -> list[dict[str, str]]:
    """A model's judgements, one a criterion; the same quote for each that needs one."""
    kinds = [c["kind"] if isinstance(c, dict) else c.kind for c in in_force]
    ids = [c["id"] if isinstance(c, dict) else c.pk for c in in_force]
    return [
        {
            "criterion": str(pk),
            "quote": "" if kind == "exclude" and verdict == "not_met" else quote,
            "reasoning": f"Because of {verdict}.",
            "verdict": verdict,
        }
        for pk, kind, verdict in zip(ids, kinds, verdicts, strict=True)
    ]


def call(**more: Any) -> dict[str, Any]:
    """The fields of an LLMCall that answered."""
    fields = {
        "model_answered": "x-1",
        "messages": [{"role": "user", "content": "?"}],
        "parameters": {},
        "schema_sha256": "0" * 64,
        "raw": "{}",
        "tokens_in": 11,
        "tokens_out": 7,
        "cost_usd": None,
        "started_at": audit.now(),
        "seconds": 0.1,
    }
    return fields | more


def sent_text(request: Request) -> str:
    """The document of a request, between its sealed lines."""
    document = request.body["messages"][-1]["content"]
    return document.split("-----\n", 1)[1].rsplit("\n-----END", 1)[0]


def answer_to(request: Request, **more: Any) -> Step:
    """Everything met, nothing excluded, each quote taken from the beginning of the abstract sent."""
    brief = json.loads(request.body["messages"][1]["content"])
    quote = sent_text(request).split("\n\n", 1)[-1][:18]
    judged = said(
        brief["criteria"],
        *("met" if c["kind"] == "include" else "not_met" for c in brief["criteria"]),
        quote=quote,
    )
    return ok({"judgements": judged}, **more)
