"""Where a text is cut so that quotes can be marked in it. Pure: no HTML here, the template escapes.

Spans are half-open ranges in code points of one text, as `quotes.locate` gives them. They may overlap, and one
may reach over a border between parts (title and abstract, two pages); every piece then says which spans it
belongs to. Nothing of the text is lost: the pieces of all parts, put together, are the parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Span:
    """A named range `text[start:end]`; the name is what a page calls the quote by."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """A stretch of text with the names of the spans that cover it, and of those that begin with it."""

    text: str
    names: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()


def pieces(text: str, spans: Sequence[Span], parts: Sequence[tuple[int, int]]) -> list[list[Piece]]:
    """Cut each part `text[start:end]` where a span begins or ends.

    `parts` are in order and do not overlap. A span that covers nothing of any part is left out; one that
    begins before or between parts begins with the first piece it covers.
    """
    wanted = [span for span in spans if span.start < span.end]
    begun: set[str] = set()
    answer = []
    for start, end in parts:
        inside = [span for span in wanted if span.start < end and span.end > start]
        cuts = {start, end}
        cuts |= {cut for span in inside for cut in (span.start, span.end) if start < cut < end}
        answer.append(_part(text, sorted(cuts), inside, begun))
    return answer


def _part(text: str, cuts: list[int], spans: Sequence[Span], begun: set[str]) -> list[Piece]:
    """The pieces between neighbouring cuts; `begun` collects the names that have begun."""
    made = []
    for left, right in pairwise(cuts):
        names = tuple(span.name for span in spans if span.start <= left and span.end >= right)
        begins = tuple(name for name in names if name not in begun)
        begun.update(begins)
        made.append(Piece(text[left:right], names, begins))
    return made
