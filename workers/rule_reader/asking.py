"""Reads a criterion: what does it ask for.

The text is cut into clauses. A clause with a negation ("... do not qualify", "except ...", "without ...") names what
is *not* wanted; every other clause names what is. Each is searched for the facets the reader knows: diseases, study
designs, kinds of document, age groups, drugs (recognised by their endings). Words that are left over and that tell
papers apart must then be found literally. A negated clause that the reader cannot break down makes it say so and leave
the criterion unclear, rather than judge half of it.
"""

import re
from dataclasses import dataclass

from .designs import DESIGNS, phases
from .documents import AGE_ASKED, KINDS_ASKED
from .lexicon import mentions
from .words import GENERIC, NEGATION, content_words, stem

_CLAUSE = re.compile(
    r"[.;]+(?:\s+|$)|,\s+(?=not\b)"
    r"|,?\s+(?=(?:but not|excluding|except(?: for)?|other than|rather than|unless|without)\b)",
    re.I,
)
_UNWANTED = re.compile(
    rf"{NEGATION.pattern}|\b(?:excluding|excluded|except|other than|rather than|ineligible|unless)\b", re.I
)
_ALTERNATIVES = re.compile(r"\s*(?:,|/|\bor\b|\band\b)\s*", re.I)
_OR_WORD = re.compile(r"\bor\b|/", re.I)
_OR = re.compile(r"\s*(?:,|/|\bor\b)\s*", re.I)
_DRUG = re.compile(
    r"\b(?!(?:combine|peptide|april|accept|concept|except|intercept|cancel|excel|parcel|provide|outside|include|side|program"
    r"|decide|guide|inside|suicide|peptides?|carbine|telegram|exam)\b)[a-z]{2,}(?:mab|nib|zomib|ciclib|parib|gli(?:flozin|ptin|tazone|nide)"
    r"|glutide|natide|statin|sartan|pril|olol|dipine|azole|cillin|mycin|cycline|floxacin|[aio]vir|afor|fibrate|platin"
    r"|taxel|rubicin|abine|arabine|fosfamide|phosphamide|trexate|domide|asone|olone|formin|setron|triptan|oxetine|azepam"
    r"|xaban|gatran|grel|lukast|terol|tropium|cept|kinra|leucel|grastim|poetin|melphalan|melan|insulin|aspirin|warfarin"
    r"|heparin|lithium|ketamine|methadone|metformin|venetoclax|stim|toclax|nexor|dustat|farnib|degib|retinoin|parin)s?\b",
    re.I,
)


@dataclass(frozen=True)
class Ask:
    """What one criterion asks for. Empty facets ask for nothing.

    `designs` are alternatives, each a set of designs that must all hold. `words` are alternatives too, each a set of
    stems. `unread` is true when a part of the criterion could not be broken down.
    """

    diseases: tuple[str, ...] = ()
    designs: tuple[frozenset[str], ...] = ()
    unwanted_designs: frozenset[str] = frozenset()
    phases: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()
    unwanted_kinds: frozenset[str] = frozenset()
    ages: frozenset[str] = frozenset()
    drugs: tuple[str, ...] = ()
    all_drugs: bool = False
    words: tuple[frozenset[str], ...] = ()
    unread: bool = False


def read_criterion(label: str, text: str) -> Ask:
    """What a criterion asks for; its label is read only when its text is empty."""
    text = text.strip() or label
    wanted: list[str] = []
    unwanted: list[str] = []
    for clause in _CLAUSE.split(text):
        if clause.strip():
            (unwanted if _UNWANTED.search(clause) else wanted).append(clause)
    asked = "; ".join(wanted)
    diseases = tuple(dict.fromkeys(mention.name for mention in mentions(asked, asked.lower())))
    kinds = frozenset(name for name, pattern in KINDS_ASKED.items() if pattern.search(asked))
    # "Reviews and meta-analyses" are kinds of document; they are not asked for a second time as a design.
    designs = tuple(names for names in _designs(wanted) if not kinds or names != {"evidence synthesis"})
    drugs = _drugs(wanted)
    ages = frozenset(name for name, pattern in AGE_ASKED.items() if pattern.search(asked))
    refused = " ; ".join(unwanted)
    unwanted_designs = frozenset(name for name, pattern in DESIGNS.items() if pattern.search(refused))
    unwanted_kinds = frozenset(name for name, pattern in KINDS_ASKED.items() if pattern.search(refused))
    return Ask(
        diseases=diseases,
        designs=designs,
        unwanted_designs=unwanted_designs,
        phases=phases(asked),
        kinds=kinds,
        unwanted_kinds=unwanted_kinds,
        ages=ages,
        drugs=drugs,
        all_drugs=_all_needed(asked, drugs),
        words=()
        if kinds
        else tuple(stems for stems in _left_over(wanted) if not stems <= {stem(d) for d in drugs}),
        unread=bool(_left_over(unwanted)),
    )


def _designs(clauses: list[str]) -> tuple[frozenset[str], ...]:
    """The designs asked for, as alternatives: "a prospective trial or a cohort study" has two."""
    found: list[frozenset[str]] = []
    for clause in clauses:
        for part in _ALTERNATIVES.split(clause):
            names = frozenset(name for name, pattern in DESIGNS.items() if pattern.search(part))
            if names:
                found.append(names)
    return tuple(dict.fromkeys(found))


def _drugs(clauses: list[str]) -> tuple[str, ...]:
    """The drugs asked for: by their endings, and single words that "or" puts beside such a drug."""
    found: list[str] = []
    for clause in clauses:
        named = [match.group().lower().removesuffix("s") for match in _DRUG.finditer(clause)]
        found += named
        if named and _OR_WORD.search(clause):
            parts = _OR.split(_blanked(clause, _spans_of_facets(clause)))
            beside = [[word for word in content_words(part) if word not in GENERIC] for part in parts]
            found += [words[0] for words in beside if len(words) == 1]
    return tuple(dict.fromkeys(found))


def _all_needed(text: str, drugs: tuple[str, ...]) -> bool:
    """Must all drugs be given? "A or B", "A, B or C": any will do. "A plus B", "A and B": all must."""
    if len(drugs) < 2:
        return False
    start, end = text.lower().find(drugs[0]), text.lower().rfind(drugs[-1])
    between = text[start:end].lower()
    return (
        re.search(r"\bor\b|/", between) is None
        and re.search(r"\b(?:and|plus|with|combined)\b|\+", between) is not None
    )


def _left_over(clauses: list[str]) -> tuple[frozenset[str], ...]:
    """The stems that no facet accounts for, as alternatives."""
    groups: list[frozenset[str]] = []
    for clause in clauses:
        rest = _blanked(clause, _spans_of_facets(clause))
        for part in _OR.split(rest) if _OR_WORD.search(clause) else [rest]:
            stems = frozenset(stem(word) for word in content_words(part) if word not in GENERIC)
            if stems:
                groups.append(stems)
    return tuple(dict.fromkeys(groups))


def _spans_of_facets(clause: str) -> list[tuple[int, int]]:
    spans = [(m.start, m.end) for m in mentions(clause, clause.lower())]
    patterns = [*DESIGNS.values(), *KINDS_ASKED.values(), *AGE_ASKED.values(), _DRUG, _UNWANTED]
    for pattern in patterns:
        spans += [match.span() for match in pattern.finditer(clause)]
    return spans


def _blanked(clause: str, spans: list[tuple[int, int]]) -> str:
    characters = list(clause)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return "".join(characters)
