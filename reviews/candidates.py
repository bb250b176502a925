"""Which pairs of records are worth comparing: those that share a key, so that work grows with the records,
not with their square.

Each record stands in several blocks (see `keys_of`): one misspelt word, a missing field or a wrong year takes it
out of some and leaves it in others. A block that is too large to be about one paper (a congress supplement's DOI,
"Introduction") is sorted by title, and each record is compared with its next neighbours only. Pure: no Django, no
database.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from .likeness_fields import Facts

LARGEST_BLOCK = 30
NEIGHBOURS = 8
LETTERS = 24  # of the title without spaces, from its beginning or its end
ABSTRACT_BEGINS = 60

Pair = tuple[Facts, Facts]


def pairs_to_compare(facts: Iterable[Facts], *, only: Collection[int] | None = None) -> Iterator[Pair]:
    """Each pair once, the smaller key first. With `only`, just pairs in which one of these keys takes part.

    What is held in memory beside the facts grows with the records: a number for each of their blocks, and one
    for each pair that was given.
    """
    everybody = sorted(facts, key=lambda each: each.key)
    wanted = None if only is None else frozenset(only)
    seen: set[int] = set()
    for block in _blocks(everybody):
        if wanted is not None and wanted.isdisjoint(everybody[place].key for place in block):
            continue
        for one, other in _within(block, everybody):
            pair = one * len(everybody) + other
            if pair in seen:
                continue
            a, b = everybody[one], everybody[other]
            if wanted is not None and a.key not in wanted and b.key not in wanted:
                continue
            seen.add(pair)
            yield a, b


def those_in_reach(facts: Iterable[Facts], new: Iterable[Facts]) -> list[Facts]:
    """Of a stream of facts those that share a block with a new one: all that new records must be compared with."""
    reach = {key for each in new for key in keys_of(each)}
    return [each for each in facts if any(key in reach for key in keys_of(each))]


def keys_of(facts: Facts) -> list[int]:
    """The blocks a record stands in, as numbers that hold within one process."""
    keys: list[object] = []
    if facts.doi:
        keys.append(("doi", facts.doi))
    if facts.pmid:
        keys.append(("pmid", facts.pmid))
    if facts.abstract:
        keys.append(("abstract begins", facts.abstract[:ABSTRACT_BEGINS]))
    first, last = facts.pages
    if first and facts.volume:
        keys.append(("place", facts.volume, first))
    if last and facts.year:
        keys.append(("pages", facts.year, first, last))
    longest = sorted(set(facts.words), key=lambda word: (-len(word), word))[:4]
    if longest:
        keys.append(("title begins", facts.squashed[:LETTERS]))
        keys.append(("title ends", facts.squashed[-LETTERS:]))
        keys.append(("longest words", *sorted(longest)))
    if facts.people:
        family = facts.people[0].family
        keys.append(("author and year", family, facts.year))
        keys += [("author and word", family, word) for word in longest[:3]]
        if len(facts.people) > 2:
            keys.append(("authors", *(person.family for person in facts.people[:3])))
    return [hash(key) for key in keys]


def _blocks(everybody: Sequence[Facts]) -> Iterator[list[int]]:
    """The places of the records that share a key, for each key that at least two of them have."""
    keys, owners = array("q"), array("l")
    for place, each in enumerate(everybody):
        own = keys_of(each)
        keys.extend(own)
        owners.extend([place] * len(own))
    for _, entries in groupby(sorted(range(len(keys)), key=keys.__getitem__), key=keys.__getitem__):
        block = [owners[entry] for entry in entries]
        if len(block) > 1:
            yield block


def _within(block: list[int], everybody: Sequence[Facts]) -> Iterator[tuple[int, int]]:
    """The pairs of one block: all, or of a large one each with its neighbours by title."""
    reach = len(block)
    if reach > LARGEST_BLOCK:
        block = sorted(block, key=lambda at: (everybody[at].squashed, everybody[at].pages, at))
        reach = NEIGHBOURS
    for place, one in enumerate(block):
        for other in block[place + 1 : place + 1 + reach]:
            yield (one, other) if one < other else (other, one)
