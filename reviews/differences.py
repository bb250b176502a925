"""Two texts side by side: which words differ. Pure; for showing, never for deciding."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
LONGEST = 3000  # tokens; beyond that comparing takes longer than anybody reads


@dataclass(frozen=True)
class Piece:
    """A stretch of one text, and whether the other has it otherwise."""

    text: str
    differs: bool


def marked(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts cut into pieces. Capitals and white space make no difference. Joined, the pieces are the text."""
    tokens = _TOKEN.findall(one), _TOKEN.findall(other)
    if not one or not other:  # nothing to compare with: nothing is marked
        return _whole(one), _whole(other)
    keys = [[_key(token) for token in side[:LONGEST]] for side in tokens]
    left: list[Piece] = []
    right: list[Piece] = []
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        differs = tag != "equal"
        _add(left, "".join(tokens[0][a_from:a_to]), differs)
        _add(right, "".join(tokens[1][b_from:b_to]), differs)
    for pieces, side in ((left, tokens[0]), (right, tokens[1])):
        _add(pieces, "".join(side[LONGEST:]), False)
    return left, right


def _key(token: str) -> str:
    return " " if token.isspace() else token.casefold()


def _add(pieces: list[Piece], text: str, differs: bool) -> None:
    if text:
        pieces.append(Piece(text, differs and not text.isspace()))


def _whole(text: str) -> list[Piece]:
    return [Piece(text, False)] if text else []
