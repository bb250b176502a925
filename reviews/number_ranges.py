"""Many whole numbers said shortly: 3, 17–19, 44. Pure."""

from collections.abc import Iterable, Sequence

Ranges = list[list[int]]
"""[first, last] of each run of numbers that follow each other, in order."""


def ranges_of(numbers: Iterable[int]) -> Ranges:
    """The runs of these numbers.

    >>> ranges_of([3, 19, 17, 18, 3])
    [[3, 3], [17, 19]]
    """
    runs: Ranges = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


def numbers_in(runs: Sequence[Sequence[int]]) -> set[int]:
    """Every number of these runs."""
    return {number for first, last in runs for number in range(first, last + 1)}


def in_words(numbers: Iterable[int]) -> str:
    """The numbers for people to read.

    >>> in_words([3, 17, 18, 19, 44, 45])
    '3, 17–19, 44, 45'
    """
    said = []
    for first, last in ranges_of(numbers):
        said += [str(first)] if first == last else [f"{first}{', ' if last == first + 1 else '–'}{last}"]
    return ", ".join(said)
