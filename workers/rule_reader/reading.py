"""Finds the sentences of a document that may answer a data item, by the item's own words."""

import re
from dataclasses import dataclass

from .findings import own_weight
from .text import Sentence, Text
from .words import PEOPLE, WORD, content_words, stem

READ_AT_MOST = 300_000
"""Characters of a document that are searched."""

_SAME = {
    "person": "patient participant subject people person adult volunteer pt individual case",
    "enrol": "enrol enrolled recruited accrued",
    "age": "age aged",
    "response": "response responder responded responses",
    "death": "death died dead mortality",
    "withdraw": "withdraw withdrew withdrawn dropout discontinued",
}
_CANONICAL = {stem(word): name for name, words in _SAME.items() for word in words.split()}
_LIGHT_WORDS = "number total rate overall study proportion percentage count value level all trial per"
_LIGHT = {stem(word) for word in _LIGHT_WORDS.split()}
_TAKEN_IN = re.compile(
    r"\b(?:was|were|been) (?:included|entered|randomi[sz]ed)\b|\brandomly (?:assigned|allocated)\b"
    r"|\bwe (?:\w+ly )?(?:included|entered|randomi[sz]ed)\b"
)
"""Said of people, this means that they were enrolled; "adverse events included" does not."""
_CONTRASTS = (
    ("overall", "progression-free", "disease-free", "event-free", "relapse-free", "failure-free"),
    ("overall", "complete", "partial", "stable", "objective", "minimal"),
    ("mean", "median"),
    ("minimum", "maximum"),
    ("screened", "enrolled"),
)


@dataclass(frozen=True)
class Item:
    """A data item with its words worked out: `weights` by stem; `hints` from key and help; `whole` the label."""

    key: str
    kind: str
    label: str
    options: tuple[str, ...]
    unit: str
    weights: dict[str, float]
    hints: frozenset[str]


@dataclass(frozen=True)
class Place:
    """A sentence that may answer an item, and (stem, start, end) of the item's telling words in it."""

    sentence: Sentence
    score: float
    anchors: tuple[tuple[str, int, int], ...]

    @property
    def span(self) -> tuple[int, int]:
        """From the first of the item's words to the last, in the sentence."""
        starts, ends = [start for _, start, _ in self.anchors], [end for _, _, end in self.anchors]
        return min(starts, default=0), max(ends, default=1)


class Reader:
    """One document, ready to be asked."""

    def __init__(self, raw: str) -> None:
        self.text = Text(raw[:READ_AT_MOST])
        self.short = _abbreviations(self.text.flat)
        self.words = [self._words(sentence) for sentence in self.text.sentences]

    def _words(self, sentence: Sentence) -> list[tuple[str, int, int]]:
        """(canonical stem, start, end) of each word, abbreviations that the text explains written out."""
        found = []
        for match in WORD.finditer(sentence.low):
            for part in re.finditer(r"[^-]+", match.group()):
                start = match.start() + part.start()
                found.append((canonical(part.group()), start, match.end()))
                if part.group() in PEOPLE:  # women are people, though people are not women
                    found.append(("person", start, match.end()))
            found += [(word, match.start(), match.end()) for word in self.short.get(match.group(), ())]
        found += [("enrol", match.start(), match.end()) for match in _TAKEN_IN.finditer(sentence.low)]
        return found

    def places(self, item: Item, least: float = 0.6) -> list[Place]:
        """Sentences that cover at least `least` of the item's words, best first, then earliest."""
        total = sum(item.weights.values())
        heaviest = max(item.weights.values(), default=0.0)
        found = []
        for sentence, words in zip(self.text.sentences, self.words, strict=True):
            have = {word for word, _, _ in words}
            covered = sum(weight for word, weight in item.weights.items() if word in have)
            if not total or covered / total < least or _about_another(item.label, sentence.low):
                continue
            hints = len(item.hints & have) * 0.02
            own = 0.1 * own_weight(sentence)
            anchors = tuple(
                (word, start, end)
                for word, start, end in words
                if item.weights.get(word) == heaviest and not _qualified(item.label, sentence.low[:start])
            )
            found.append(Place(sentence, covered / total + hints + own, anchors))
        return sorted(found, key=lambda place: (-round(place.score, 3), place.sentence.number))

    def quote(self, sentence: Sentence, start: int, end: int) -> str:
        """The sentence, cut around `start:end` (a span of the sentence) if it is long."""
        return self.text.quote(
            sentence.start, sentence.end, keep=(sentence.start + start, sentence.start + end)
        )


def canonical(word: str) -> str:
    """A word's stem, with the stems that mean the same in this field brought together."""
    stemmed = stem(word)
    return _CANONICAL.get(stemmed, stemmed)


def prepared(item: dict) -> Item:
    """An item as it stands in the prompt (key, kind, label, help, options, unit), with its words worked out."""
    label = str(item.get("label", ""))
    words = content_words(label.replace("-", " "))
    unit_words = {canonical(word) for word in content_words(str(item.get("unit") or ""))}
    weights = {canonical(word): 0.3 if stem(word) in _LIGHT else 1.0 for word in words}
    weights = {word: weight for word, weight in weights.items() if word not in unit_words} or weights
    if len(weights) > 1 and "enrol" in weights:
        weights["person"] = 0.3
    more = content_words(
        f"{str(item.get('key', '')).replace('_', ' ').replace('-', ' ')} {item.get('help') or ''}"
    )
    return Item(
        key=str(item["key"]),
        kind=str(item.get("kind", "text")),
        label=label,
        options=tuple(str(option) for option in item.get("options") or ()),
        unit=str(item.get("unit") or ""),
        weights=weights,
        hints=frozenset(canonical(word) for word in more) - weights.keys(),
    )


def _about_another(label: str, low: str) -> bool:
    """Is the sentence only about a thing that stands in contrast to the one asked for?"""
    label = label.lower()
    for contrast in _CONTRASTS:
        asked = {word for word in contrast if word in label}
        named = {word for word in contrast if word in low}
        if asked and named and not asked & named:
            return True
    return False


def _qualified(label: str, before: str) -> bool:
    """Is the word that follows `before` qualified by a contrasting word ("complete" before "response")?"""
    last = before.rstrip(" -").rsplit(" ", 1)[-1]
    label = label.lower()
    return any(
        last in contrast and last not in label and any(word in label for word in contrast)
        for contrast in _CONTRASTS
    )


def _abbreviations(flat: str) -> dict[str, tuple[str, ...]]:
    """Abbreviations that the text explains, in lower case, with the stems they stand for: "response rate (RR)"."""
    found: dict[str, tuple[str, ...]] = {}
    for match in re.finditer(r"\b((?:[A-Za-z]{1,30}[ -]){1,6})\(([A-Z][A-Za-z]{1,5})\)", flat):
        letters = match.group(2).lower()
        words = re.findall(r"[A-Za-z]+", match.group(1))[-len(letters) :]
        if "".join(word[0].lower() for word in words) == letters:
            found[letters] = tuple(canonical(word.lower()) for word in words)
    return found
