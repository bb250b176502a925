"""Drawing a sample of records that anybody can draw again: a pure rule.

Every record gets the sha256 of the seed and its number; those with the smallest are drawn, in that order. So the
draw needs no program of ours to be checked (`printf 'winnow:SEED:NUMBER' | sha256sum`), does not depend on the
order in which records are listed, and a larger sample of the same seed begins with the smaller one.
"""

import hashlib
from collections.abc import Iterable


def draw(seed: int, numbers: Iterable[int], size: int) -> list[int]:
    """The `size` record numbers that `seed` draws from `numbers`, in the order of the draw.

    Raises:
        ValueError: there are fewer than `size`.
    """
    ordered = sorted(set(numbers), key=lambda number: (place(seed, number), number))
    if not 0 < size <= len(ordered):
        raise ValueError(f"cannot draw {size} of {len(ordered)}")
    return ordered[:size]


def place(seed: int, number: int) -> str:
    """What orders a record in the draw of `seed`: a sha256, in hex."""
    return hashlib.sha256(f"winnow:{seed}:{number}".encode()).hexdigest()
