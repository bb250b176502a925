"""Long work: how it says how far it is, and how it learns that somebody cancelled it."""

from typing import Protocol


class Cancelled(Exception):
    """Somebody cancelled the work. Raised by a Report; whoever works lets it through and leaves nothing behind."""


class Report(Protocol):
    """What long work calls now and then, at least once a second: `phase` in words, `done` of `of` things.

    `of` is None while it is not known. Raises Cancelled when the work should stop.
    """

    def __call__(self, phase: str, done: int, of: int | None = None) -> None: ...


def quietly(phase: str, done: int, of: int | None = None) -> None:
    """A Report for work that nobody watches: says nothing, never stops."""
