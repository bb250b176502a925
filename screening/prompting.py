"""The messages that ask a model to judge a document, the schema of its answer, and the check of that answer. Pure.

The parts that stay the same come first (the frame, then the review's criteria, then the document), so that services
which cache the beginning of a prompt can. The document is data: it stands in a message of its own between lines that
carry the SHA-256 of the very text, which no text can contain of itself.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "prompts"
VERDICTS = ("met", "not_met", "unclear")
QUOTE_MOST = 2_000
"""Characters of a quote that are still accepted; the frame asks for 300."""
REASONING_MOST = 160
"""Words of reasoning that are still accepted; the frame asks for 40."""


@lru_cache(maxsize=8)
def frame(name: str, folder: Path = FOLDER) -> str:
    """The text of a prompt file, by its name without ".md". Raises FileNotFoundError when there is none."""
    return (folder / f"{name}.md").read_text(encoding="utf-8")


def prompt_sha256(name: str = "screen", folder: Path = FOLDER) -> str:
    """The SHA-256 (64 hexadecimal digits) of a prompt file's text. It stands on every Run."""
    return hashlib.sha256(frame(name, folder).encode()).hexdigest()


def text_sha256(text: str) -> str:
    """The SHA-256 (64 hexadecimal digits) of a text as UTF-8. A lone surrogate counts as a question mark."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def delimited(text: str, pages: Sequence[Sequence[int]] | None = None) -> str:
    """The document between its BEGIN and END lines.

    `pages` lists [number, start, end] in code points of `text`; each page's beginning is then marked by a line of its
    own, which carries the checksum too.
    """
    seal = text_sha256(text)
    if pages:
        starts = [(int(page[0]), int(page[1])) for page in pages]
        ends = [start for _, start in starts[1:]] + [len(text)]
        parts = [text[: starts[0][1]]] if starts[0][1] else []
        parts += [
            f"-----PAGE {number} {seal}-----\n{text[start:end]}"
            for (number, start), end in zip(starts, ends, strict=True)
        ]
        body = "\n".join(parts)
    else:
        body = text
    return f"-----BEGIN DOCUMENT {seal}-----\n{body}\n-----END DOCUMENT {seal}-----"


def messages_for(frame_text: str, brief: dict[str, Any], document: str) -> list[dict[str, str]]:
    """System frame, the team's brief as JSON, the document: what changes least first."""
    return [
        {"role": "system", "content": frame_text},
        {"role": "user", "content": json.dumps(brief, ensure_ascii=False, indent=1)},
        {"role": "user", "content": document},
    ]


def screening_messages(
    *, question: str, stage: str, criteria: Sequence[dict[str, Any]], text: str
) -> list[dict[str, str]]:
    """The messages for one document. A criterion is a dict with id, kind, label and text; other keys are left out."""
    brief = {
        "question": question,
        "stage": stage,
        "criteria": [
            {"id": str(c["id"]), "kind": str(c["kind"]), "label": str(c["label"]), "text": str(c["text"])}
            for c in criteria
        ],
    }
    return messages_for(frame("screen"), brief, delimited(text))


def screening_schema(criteria: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The JSON schema of an answer: the quote before the reasoning before the verdict, for each criterion.

    Only keywords that strict structured output accepts everywhere; what it cannot say, `check_judgements` does.
    """
    judgement = {
        "type": "object",
        "properties": {
            "criterion": {"type": "string", "enum": [str(criterion["id"]) for criterion in criteria]},
            "quote": {"type": "string"},
            "reasoning": {"type": "string"},
            "verdict": {"type": "string", "enum": list(VERDICTS)},
        },
        "required": ["criterion", "quote", "reasoning", "verdict"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"judgements": {"type": "array", "items": judgement}},
        "required": ["judgements"],
        "additionalProperties": False,
    }


def check_judgements(criteria: Sequence[dict[str, Any]]) -> Callable[[dict[str, Any]], None]:
    """A check of an answer that already fits the schema: each criterion exactly once, nothing beyond measure.

    The check raises ValueError with the reason in plain words.
    """
    asked = [str(criterion["id"]) for criterion in criteria]

    def check(data: dict[str, Any]) -> None:
        judgements = data["judgements"]
        once_each("criterion", asked, [judgement["criterion"] for judgement in judgements])
        for judgement in judgements:
            within_bounds(f"criterion {judgement['criterion']}", judgement)

    return check


def once_each(what: str, asked: Sequence[str], answered: Sequence[str]) -> None:
    """Raises ValueError unless every name asked for is answered exactly once."""
    missing = [name for name in asked if name not in answered]
    twice = sorted({name for name in answered if answered.count(name) > 1})
    if missing:
        raise ValueError(f"no answer for {what} {', '.join(missing)}")
    if twice:
        raise ValueError(f"more than one answer for {what} {', '.join(twice)}")


def within_bounds(name: str, entry: dict[str, Any]) -> None:
    """Raises ValueError when the quote or the reasoning of one entry is far longer than was asked for."""
    if len(entry["quote"]) > QUOTE_MOST:
        raise ValueError(
            f"the quote for {name} has {len(entry['quote'])} characters, at most {QUOTE_MOST} are accepted"
        )
    words = len(entry["reasoning"].split())
    if words > REASONING_MOST:
        raise ValueError(f"the reasoning for {name} has {words} words, at most {REASONING_MOST} are accepted")
