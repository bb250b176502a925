"""The stand-in model that needs no key and no network: "offline/rule-reader-1".

It is not a language model. It reads the messages it is sent, exactly as a model would get them, and nothing else: the
JSON with the criteria or the data items, and the document between its sealed lines. It answers by the rules in
`workers/rule_reader` and in the schema it was given. `workers/llm.py` registers it as a litellm provider, so its
answers go through the same call, checks and log as any model's. WINNOW_OFFLINE_SECONDS makes it slow, for tests.
"""

import json
import os
import re
from collections.abc import Sequence
from typing import Any

from .rule_reader.extraction import read_items
from .rule_reader.screening import judge_all

PROVIDER = "offline"
MODEL = f"{PROVIDER}/rule-reader-1"
LABEL = "Offline stand-in (rule-based, not a language model)"

_DOCUMENT = re.compile(
    r"-----BEGIN DOCUMENT (?P<seal>[0-9a-f]{64})-----\n(?P<body>.*)\n-----END DOCUMENT (?P=seal)-----\s*\Z",
    re.S,
)


class NotUnderstood(ValueError):
    """The messages are not of the shape that this reader reads."""


def answer(messages: Sequence[dict[str, Any]]) -> str:
    """The answer to one conversation, as JSON text.

    Raises NotUnderstood when there is no brief with "criteria" or "items", or no document.
    """
    brief: dict[str, Any] | None = None
    document: str | None = None
    for message in messages:
        if message.get("role") != "user":
            continue
        content = str(message.get("content") or "")
        sealed = _DOCUMENT.match(content)
        if sealed:
            document = _without_pages(sealed["body"], sealed["seal"])
        elif brief is None:
            brief = _brief(content)
    if brief is None or document is None:
        raise NotUnderstood(
            "The rule-based reader needs a brief with criteria or items, and a document between its lines."
        )
    if "criteria" in brief:
        return json.dumps({"judgements": judge_all(brief["criteria"], document)}, ensure_ascii=False)
    return json.dumps({"values": read_items(brief["items"], document)}, ensure_ascii=False)


def seconds() -> float:
    """How long an answer is made to take; 0 unless WINNOW_OFFLINE_SECONDS says otherwise."""
    return float(os.environ.get("WINNOW_OFFLINE_SECONDS") or 0)


def _brief(content: str) -> dict[str, Any] | None:
    try:
        data = json.loads(content)
    except ValueError:
        return None
    return data if isinstance(data, dict) and ("criteria" in data or "items" in data) else None


def _without_pages(body: str, seal: str) -> str:
    return re.sub(rf"\n?-----PAGE \d+ {seal}-----\n", "", body)
