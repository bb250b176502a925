"""Answers each data item from one document, by rule, or says "not reported".

Sentences are scored by the item's own words (stems of its label; its key and help only break ties). The words must
cover most of the label, and where a label names one of a set of contrasting things (overall / progression-free
survival, complete / partial response, mean / median) the sentence must not be about another one of them.

* number: the nearest number of the right shape: a percentage for "%" or "rate", years for an age, a whole number of
  people for a count. Never a bound of a range, a p-value or a number in a name.
* count_of_total: "10 of 17", "10/17", "of 17 evaluable patients, 10 (59%) ...".
* choice: the option that the paper's own sentences name, roman and arabic phases alike; the longest one wins.
* yes_no: all telling words in one sentence: yes; with a negation there: no.
* date: a date beside the item's words, as YYYY, YYYY-MM or YYYY-MM-DD.
* text: registry numbers and phases by their form; else the sentence that has all of the label's words.

The quote is always cut from the document, and a value whose number is not in its quote is not given.
"""

from typing import Any

from .answers import BY_KIND, as_text, is_backed
from .reading import Item, Reader, prepared


def read_items(items: list[dict], raw: str) -> list[dict]:
    """One value for each item, in order: item, quote, reasoning, state, value."""
    reader = Reader(raw)
    return [_read(prepared(item), reader) for item in items]


def _read(item: Item, reader: Reader) -> dict:
    answer = BY_KIND.get(item.kind, as_text)(item, reader)
    value: Any = None
    quote = ""
    reasoning = "No sentence has this item's words and a value of its kind."
    if answer is not None and is_backed(answer.value, answer.quote):
        value, quote, reasoning = answer.value, answer.quote, answer.rule
    return {
        "item": item.key,
        "quote": quote,
        "reasoning": " ".join(reasoning.split()[:40]),
        "state": "not_reported" if value is None else "given",
        "value": value,
    }
