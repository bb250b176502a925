"""The corpus: who, what was found, what is the same, what happened."""

from .corpus import (
    DuplicatePair,
    ImportProblem,
    Record,
    Removal,
    Report,
    Review,
    Search,
    Study,
    TextVersion,
)
from .jobs import Job
from .people import Invitation, Membership, Role, User
from .trail import Event, LLMCall, TrailHead, Verb

__all__ = [
    "DuplicatePair",
    "Event",
    "ImportProblem",
    "Invitation",
    "Job",
    "LLMCall",
    "Membership",
    "Record",
    "Removal",
    "Report",
    "Review",
    "Role",
    "Search",
    "Study",
    "TextVersion",
    "TrailHead",
    "User",
    "Verb",
]
