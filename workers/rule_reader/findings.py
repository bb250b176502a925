"""What one document shows: which diseases, designs, kinds of document and ages, in which sentence, how plainly.

Weights are small whole numbers, not probabilities: 3 for a title or a publication type, 2 for a sentence in which the
paper speaks of itself, 1 for a passing mention.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from .designs import DESIGNS, IMPLIES, OTHERS, OWN, PUBLICATION_TYPES, phases
from .documents import AGE_SHOWN, KIND_SIGNS
from .lexicon import BY_NAME, Mention, is_kind_of, mentions
from .text import Sentence, Text
from .words import PEOPLE, WORD, stem

READ_AT_MOST = 60_000
"""Characters of a document that are searched when screening; what a paper is about stands before that."""

_STUDIED = re.compile(
    r"\b(?:patients?|pts?|participants?|subjects?|adults?|children|people|persons|volunteers|women|men|individuals)\b",
    re.I,
)
_TAKEN_IN = re.compile(
    r"\b(?:enrol\w*|eligib\w*|includ\w+|recruit\w*|randomi[sz]\w*|treated|received|accrued|with)\b", re.I
)
_BACKGROUND = re.compile(
    r"\b(?:is|are) (?:a|an|the|approved|characteri[sz]ed|incurable|common|active|often)\b"
    r"|\bremains? a\b|\bhas been shown\b|\bprior\b|\bprevious(?:ly)?\b|\bknown to\b|\brisk of\b|\bhistory of\b",
    re.I,
)
_TRIED_BEFORE = r"\b(?:prior|previous(?:ly)?|earlier|approved|refractory to)\b"
_LEFT_OUT = re.compile(r"\bexclu(?:ded|sion|ding)\b|\bwithout\b", re.I)


@dataclass(frozen=True)
class Evidence:
    """A sentence that shows something. `start:end` is the telling part, a span of `Text.flat`."""

    sentence: Sentence
    start: int
    end: int
    weight: int


class Paper:
    """One document as the rules see it. Everything is worked out once, on first use."""

    def __init__(self, raw: str) -> None:
        self.text = Text(raw)

    @cached_property
    def sentences(self) -> list[Sentence]:
        return [sentence for sentence in self.text.sentences if sentence.start < READ_AT_MOST]

    @cached_property
    def _stems(self) -> list[frozenset[str]]:
        return [
            frozenset(stem(m.group()) for m in WORD.finditer(sentence.low.replace("-", " ")))
            for sentence in self.sentences
        ]

    @cached_property
    def _mentions(self) -> list[tuple[Mention, Sentence]]:
        end = self.sentences[-1].end if self.sentences else 0
        found = mentions(self.text.flat[:end], self.text.low[:end])
        placed = []
        at = 0
        for mention in found:
            while at < len(self.sentences) and self.sentences[at].end <= mention.start:
                at += 1
            if at < len(self.sentences) and self.sentences[at].start <= mention.start:
                placed.append((mention, self.sentences[at]))
        return placed

    def diseases(self, asked: tuple[str, ...]) -> list[Evidence]:
        """Where a disease asked for (or a kind of it) is named, as the studied population rather than in passing."""
        return [
            Evidence(sentence, mention.start, mention.end, self._population_weight(sentence))
            for mention, sentence in self._mentions
            if any(is_kind_of(mention.name, name) for name in asked) and not _LEFT_OUT.search(sentence.low)
        ]

    def disease_counts(self) -> Counter[str]:
        """How often each disease is named; complications are left out."""
        return Counter(m.name for m, _ in self._mentions if not BY_NAME[m.name].complication)

    def evidence_of(self, name: str) -> Evidence | None:
        """The plainest place where exactly this disease is named."""
        found = [
            Evidence(sentence, m.start, m.end, self._population_weight(sentence))
            for m, sentence in self._mentions
            if m.name == name
        ]
        return max(found, key=lambda evidence: evidence.weight, default=None)

    def titled(self) -> list[str]:
        """The diseases named in the title, complications left out."""
        return [
            m.name for m, sentence in self._mentions if sentence.is_title and not BY_NAME[m.name].complication
        ]

    def _population_weight(self, sentence: Sentence) -> int:
        if sentence.is_title:
            return 3
        if OTHERS.search(sentence.low):
            return 1
        studied = _STUDIED.search(sentence.low) is not None and _TAKEN_IN.search(sentence.low) is not None
        if studied and not _BACKGROUND.search(sentence.low):
            return 3 if OWN.search(sentence.low) else 2
        return 1

    @cached_property
    def designs(self) -> dict[str, Evidence]:
        """The plainest evidence for each design that the paper claims for itself, implied designs included."""
        found: dict[str, Evidence] = {}

        def note(name: str, evidence: Evidence) -> None:
            if name not in found or evidence.weight > found[name].weight:
                found[name] = evidence
            for implied in IMPLIES.get(name, ()):
                note(implied, evidence)

        for sentence in self.sentences:
            listed = PUBLICATION_TYPES.get(sentence.low.strip(" *•."))
            if listed:
                note(listed, Evidence(sentence, sentence.start, sentence.end, 3))
                continue
            weight = own_weight(sentence)
            for name, pattern in DESIGNS.items() if weight else ():
                match = pattern.search(sentence.low)
                if match:
                    start = sentence.start + match.start()
                    note(name, Evidence(sentence, start, sentence.start + match.end(), weight))
        return found

    @cached_property
    def phases(self) -> frozenset[int]:
        """The phases that the paper claims for itself."""
        own = [s for s in self.sentences if own_weight(s) >= 2 or s.low.strip(" *•.") in PUBLICATION_TYPES]
        best = [s for s in own if s.is_title and phases(s.low)] or own
        return frozenset().union(*(phases(sentence.low) for sentence in best))

    @cached_property
    def kinds(self) -> dict[str, tuple[int, Evidence]]:
        """For each kind of document: the weight of all its signs together, and the plainest sign."""
        found: dict[str, tuple[int, Evidence]] = {}
        for name, signs in KIND_SIGNS.items():
            total = 0
            best: Evidence | None = None
            for pattern, weight in signs:
                match = pattern.search(self.text.flat[:READ_AT_MOST])
                if match is None:
                    continue
                total += weight
                place = self._placed(match.start(), match.end(), weight)
                if place and (best is None or weight > best.weight):
                    best = place
            if best is not None:
                found[name] = (total, best)
        return found

    @cached_property
    def ages(self) -> dict[str, Evidence]:
        """The plainest evidence for each age group."""
        found: dict[str, Evidence] = {}
        for name, pattern in AGE_SHOWN.items():
            for sentence in self.sentences:
                match = pattern.search(sentence.low)
                if match and not _LEFT_OUT.search(sentence.low):
                    weight = self._population_weight(sentence)
                    if name not in found or weight > found[name].weight:
                        start = sentence.start + match.start()
                        found[name] = Evidence(sentence, start, sentence.start + match.end(), weight)
        return found

    def drug(self, name: str) -> list[Evidence]:
        """Where a drug is named; plainest where the paper's own people are given it."""
        pattern = re.compile(rf"(?<![a-z]){re.escape(name)}(?![a-z])", re.I)
        found = []
        for sentence in self.sentences:
            match = pattern.search(sentence.low)
            if match:
                start = sentence.start + match.start()
                weight = 3 if sentence.is_title else _given_weight(sentence, name)
                found.append(Evidence(sentence, start, sentence.start + match.end(), weight))
        return found

    def words(self, stems: frozenset[str]) -> list[Evidence]:
        """The sentences that have all of these stems."""
        return [
            Evidence(sentence, sentence.start, sentence.end, max(1, own_weight(sentence)))
            for sentence, have in zip(self.sentences, self._stems, strict=True)
            if stems <= have
        ]

    def _placed(self, start: int, end: int, weight: int) -> Evidence | None:
        for sentence in self.sentences:
            if sentence.start < end and start < sentence.end:
                return Evidence(sentence, max(start, sentence.start), min(end, sentence.end), weight)
        return None


def own_weight(sentence: Sentence) -> int:
    """3 in the title, 2 where the paper speaks of itself, 1 where it may, 0 where it speaks of others."""
    if sentence.is_title:
        return 3
    if OTHERS.search(sentence.low):
        return 0
    if OWN.search(sentence.low):
        return 2
    return 1 if re.search(r"\b(?:study|trial)\b|\d", sentence.low) else 0


def _given_weight(sentence: Sentence, drug: str) -> int:
    """3: this paper's people are given the drug; 2: it may be; 1: it is spoken of (approved, tried before)."""
    if re.search(
        rf"\b(?:prior|previous(?:ly)?|earlier|approved|refractory to)\b[^.;,]{{0,40}}{re.escape(drug)}",
        sentence.low,
    ):
        return 1
    given = re.search(
        r"\b(?:combination|combined|treated|treatment|received|receiving|administered|given|plus|dose|mg|using|used|with)\b",
        sentence.low,
    )
    if own_weight(sentence) >= 2 and given:
        return 3
    people = any(word in PEOPLE for word in re.findall(r"[a-z]+", sentence.low))
    return 2 if given and people and not _BACKGROUND.search(sentence.low) else 1
