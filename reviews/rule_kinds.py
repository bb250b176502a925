"""The kinds of rules applied before screening: their settings, their words, and whether a record matches one.

What a record does not say never counts against it: without a language, a publication type or a year, no rule about
these removes it. Nor does what we cannot read: a language that is none known here stays. Pure: no Django, no
database; languages.py and retractions.py know the words.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .languages import languages_in, one_name
from .retractions import NOTICE, PAPER, said_by

LANGUAGE, PUBLICATION_TYPE, YEAR, RETRACTION, TITLE = KINDS = (
    "language",
    "publication_type",
    "year",
    "retraction",
    "title",
)
ONLY, NOT = MODES = ("only", "not")
YEARS = range(1400, 2101)
MOST_VALUES, LONGEST_VALUE, SHORTEST_PHRASE = 500, 200, 3

Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may look at: what the record that stays says, as it stands after corrections."""

    title: str = ""
    language: str = ""
    publication_types: tuple[str, ...] = ()
    year: int | None = None
    doi: str = ""
    pmid: str = ""


@dataclass(frozen=True, slots=True)
class Lists:
    """DOIs and PubMed numbers a rule about retractions may be given."""

    name: str = ""
    papers: frozenset[str] = frozenset()
    notices: frozenset[str] = frozenset()


NO_LISTS = Lists()
Matcher = Callable[[Facts], str]
"""The words of a record that a rule matches, or "" where it does not."""


class Unusable(ValueError):
    """Settings that are no rule. The message says what is wrong."""


# ---------------------------------------------------------------- settings


def checked(kind: str, given: Mapping[str, Any]) -> Settings:
    """The settings of a rule as they are stored: known keys only, values in one spelling, in order, once.

    language: {"mode": "only" or "not", "languages": [...]}; publication_type: {"types": [...], "unless": [...]};
    year: {"from": year or None, "to": year or None}, both ends kept; retraction: {"papers": bool,
    "notices": bool}; title: {"phrases": [...]}.

    Raises:
        Unusable: an unknown kind or key, a value of the wrong type, or a rule that could remove nothing.
    """
    if kind not in KINDS:
        raise Unusable(f"“{kind}” is no kind of rule.")
    if not isinstance(given, Mapping):
        raise Unusable("The settings of a rule are an object.")
    if unknown := set(given) - set(_KEYS[kind]):
        raise Unusable(f"A rule of this kind has no setting “{min(map(str, unknown))[:60]}”.")
    return _CHECKS[kind](given)


def _checked_language(given: Mapping[str, Any]) -> Settings:
    mode = given.get("mode", ONLY)
    if mode not in MODES:
        raise Unusable("A rule about languages keeps “only” these, or “not” these.")
    languages = list(dict.fromkeys(one_name(word) for word in _words(given, "languages")))
    if not languages:
        raise Unusable("Name at least one language.")
    if mode == ONLY and (unread := [name for name in languages if not languages_in(name).known]):
        raise Unusable(f"“{unread[0]}” is no language known here; records that say it stay in any case.")
    return {"mode": mode, "languages": languages}


def _checked_types(given: Mapping[str, Any]) -> Settings:
    types, unless = _once(_words(given, "types")), _once(_words(given, "unless"))
    if not types:
        raise Unusable("Name at least one publication type.")
    if both := {type_key(each) for each in types} & {type_key(each) for each in unless}:
        raise Unusable(f"“{min(both)}” cannot be both removed and kept.")
    return {"types": types, "unless": unless}


def _checked_year(given: Mapping[str, Any]) -> Settings:
    first, last = given.get("from"), given.get("to")
    for year in (first, last):
        if year is not None and (not isinstance(year, int) or isinstance(year, bool) or year not in YEARS):
            raise Unusable("A year has four figures.")
    if first is None and last is None:
        raise Unusable("Give the first year, the last, or both.")
    if first is not None and last is not None and first > last:
        raise Unusable(f"No year is from {first} and to {last}: exchange them.")
    return {"from": first, "to": last}


def _checked_retraction(given: Mapping[str, Any]) -> Settings:
    papers, notices = given.get("papers", False), given.get("notices", False)
    if not isinstance(papers, bool) or not isinstance(notices, bool):
        raise Unusable("“papers” and “notices” are true or false.")
    if not papers and not notices:
        raise Unusable("Choose retracted papers, notices of retraction, or both.")
    return {"papers": papers, "notices": notices}


def _checked_title(given: Mapping[str, Any]) -> Settings:
    phrases = _once(_words(given, "phrases"))
    if not phrases:
        raise Unusable("Give at least one word or phrase.")
    if short := [each for each in phrases if len(type_key(each)) < SHORTEST_PHRASE]:
        raise Unusable(f"“{short[0]}” is too short: it would be found in too many titles.")
    return {"phrases": phrases}


_KEYS = {
    LANGUAGE: ("mode", "languages"),
    PUBLICATION_TYPE: ("types", "unless"),
    YEAR: ("from", "to"),
    RETRACTION: ("papers", "notices"),
    TITLE: ("phrases",),
}
_CHECKS: dict[str, Callable[[Mapping[str, Any]], Settings]] = {
    LANGUAGE: _checked_language,
    PUBLICATION_TYPE: _checked_types,
    YEAR: _checked_year,
    RETRACTION: _checked_retraction,
    TITLE: _checked_title,
}


def _words(given: Mapping[str, Any], name: str) -> list[str]:
    values = given.get(name, [])
    if not isinstance(values, list | tuple) or not all(isinstance(each, str) for each in values):
        raise Unusable(f"“{name}” is a list of words.")
    words = [word for each in values if (word := " ".join(_storable(each).split()))]
    if len(words) > MOST_VALUES or any(len(word) > LONGEST_VALUE for word in words):
        raise Unusable(f"At most {MOST_VALUES} entries, of at most {LONGEST_VALUE} characters each.")
    return words


def _storable(text: str) -> str:
    return re.sub("[\x00\ud800-\udfff]", "", text)


def _once(words: Iterable[str]) -> list[str]:
    """The words, of those that are spelling variants of each other only the first."""
    found: dict[str, str] = {}
    for word in words:
        if key := type_key(word):
            found.setdefault(key, word)
    return list(found.values())


@lru_cache(maxsize=8192)
def type_key(word: str) -> str:
    """What two spellings of one publication type share: case, signs and a plural s are passed over.

    >>> type_key("Case Reports") == type_key("case-report")
    True
    """
    folded = unicodedata.normalize("NFKC", word).casefold()
    key = " ".join(re.sub(r"[\W_]+", " ", folded).split())
    return key[:-1] if len(key) > 4 and key.endswith("s") and not key.endswith("ss") else key


# ---------------------------------------------------------------- in words


def in_words(kind: str, settings: Settings, list_name: str = "") -> str:
    """A rule as its sentence goes on after "removed, because its ...": short, for lists, PRISMA and the trail.

    >>> in_words("language", {"mode": "only", "languages": ["English", "French"]})
    'language is not English or French'
    """
    match kind:
        case "language":
            names = _either(settings["languages"])
            return f"language is not {names}" if settings["mode"] == ONLY else f"language is {names}"
        case "publication_type":
            kept = f", unless it is also {_either(settings['unless'])}" if settings["unless"] else ""
            return f"publication type is {_either(settings['types'])}{kept}"
        case "year":
            sides = [("before", settings["from"]), ("after", settings["to"])]
            return "year is " + " or ".join(f"{side} {year}" for side, year in sides if year is not None)
        case "retraction":
            what = [PAPER] * settings["papers"] + [NOTICE] * settings["notices"]
            listed = f" (also by the list “{list_name}”)" if list_name else ""
            return f"{_either(what)}{listed}"
        case "title":
            return f"title contains {_either([f'“{phrase}”' for phrase in settings['phrases']])}"
    raise KeyError(kind)


def _either(words: Collection[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


# ---------------------------------------------------------------- matching


def matcher(kind: str, settings: Settings, lists: Lists = NO_LISTS) -> Matcher:
    """The rule as a function: what of a record it matches, in the record's own words, "" where it does not."""
    match kind:
        case "language":
            return _language_matcher(settings)
        case "publication_type":
            return _type_matcher(settings)
        case "year":
            return _year_matcher(settings)
        case "retraction":
            return _retraction_matcher(settings, lists)
        case "title":
            return _title_matcher(settings)
    raise KeyError(kind)


def _language_matcher(settings: Settings) -> Matcher:
    """Removed only where every language it names is ruled out: "English; French" stays where either may."""
    named = {name.casefold() for name in settings["languages"]}

    def matches(facts: Facts) -> str:
        said = languages_in(facts.language)
        if settings["mode"] == ONLY:
            out = bool(said.known) and not said.unknown and not any(n.casefold() in named for n in said.known)
        else:
            each = [*said.known, *said.unknown]
            out = bool(each) and all(name.casefold() in named for name in each)
        return facts.language if out else ""

    return matches


def _type_matcher(settings: Settings) -> Matcher:
    """One type that is named is enough, unless another of the record's types keeps it."""
    types, unless = {type_key(t) for t in settings["types"]}, {type_key(t) for t in settings["unless"]}

    def matches(facts: Facts) -> str:
        found = [said for said in facts.publication_types if type_key(said) in types]
        if found and any(type_key(said) in unless for said in facts.publication_types):
            return ""
        return "; ".join(found)

    return matches


def _year_matcher(settings: Settings) -> Matcher:
    first, last = settings["from"], settings["to"]

    def matches(facts: Facts) -> str:
        year = facts.year
        early = year is not None and first is not None and year < first
        late = year is not None and last is not None and year > last
        return str(year) if early or late else ""

    return matches


def _retraction_matcher(settings: Settings, lists: Lists) -> Matcher:
    wanted = {what for what, name in ((PAPER, "papers"), (NOTICE, "notices")) if settings[name]}
    listed = [(what, ids) for what, ids in ((PAPER, lists.papers), (NOTICE, lists.notices)) if what in wanted]

    def matches(facts: Facts) -> str:
        for said in said_by(facts.title, facts.publication_types):
            if said.what in wanted:
                return said.words
        for what, identifiers in listed:
            for name, value in (("DOI", facts.doi.lower()), ("PMID", facts.pmid.lstrip("0"))):
                if value and value in identifiers:
                    return f"{name} {value} is in the list as a {what}"
        return ""

    return matches


def _title_matcher(settings: Settings) -> Matcher:
    """Whole words only, blanks and case aside: “protocol” is not found in “protocols”."""
    phrases = (r"\s+".join(map(re.escape, phrase.split())) for phrase in settings["phrases"])
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)

    def matches(facts: Facts) -> str:
        found = pattern.search(facts.title)
        return " ".join(found[0].split()) if found else ""

    return matches
