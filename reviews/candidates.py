"""Which pairs of records are worth comparing: those that share a key, so that work grows with the records,
not with their square.

Each record stands in several blocks (same DOI, same PubMed number, same beginning of the title, same longest
words of the title, same first author and year, same volume and first page). A block that is too large to be
about one paper (a congress supplement's DOI, "Introduction") is sorted by title, and each record is compared
with its next neighbours only. Pure: no Django, no database.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from .likeness_fields import Facts

LARGEST_BLOCK = 30
NEIGHBOURS = 8
TITLE_BEGINS = 24  # characters of the title without spaces


def pairs_to_compare(
    facts: Iterable[Facts], *, only: Collection[int] | None = None
) -> Iterator[tuple[Facts, Facts]]:
    """Each pair once, the smaller key first. With `only`, just pairs in which one of these keys takes part."""
    blocks: dict[tuple[str, ...], list[Facts]] = defaultdict(list)
    for each in facts:
        for key in _keys(each):
            blocks[key].append(each)
    wanted = None if only is None else frozenset(only)
    seen: set[tuple[int, int]] = set()
    for members in blocks.values():
        for one, other in _within(members):
            pair = (one, other) if one.key < other.key else (other, one)
            keys = (pair[0].key, pair[1].key)
            if keys in seen or (wanted is not None and wanted.isdisjoint(keys)):
                continue
            seen.add(keys)
            yield pair


def _keys(facts: Facts) -> Iterator[tuple[str, ...]]:
    if facts.doi:
        yield "doi", facts.doi
    if facts.pmid:
        yield "pmid", facts.pmid
    if facts.title:
        yield "title begins", facts.squashed[:TITLE_BEGINS]
        longest = sorted(set(facts.words), key=lambda word: (-len(word), word))[:4]
        yield "longest words", *sorted(longest)
    if facts.people and facts.year:
        yield "author and year", facts.people[0].family, str(facts.year)
    if facts.first_page and facts.volume:
        yield "place", facts.volume, facts.first_page
    if facts.abstract:
        yield "abstract begins", facts.abstract[:60]


def _within(members: list[Facts]) -> Iterator[tuple[Facts, Facts]]:
    """The pairs of one block: all, or of a large one each with its neighbours by title."""
    reach = len(members)
    if reach > LARGEST_BLOCK:
        members = sorted(members, key=lambda facts: (facts.title, facts.first_page, facts.key))
        reach = NEIGHBOURS
    for place, one in enumerate(members):
        for other in members[place + 1 : place + 1 + reach]:
            yield one, other
