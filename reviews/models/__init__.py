"""The corpus: who, what was found, what is the same, what happened."""

from .carried import CarriedJudgement
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
from .rules import AutomationRule, NoticeList, RuleApplication, RuleUndo
from .trail import Event, LLMCall, TrailHead, Verb

__all__ = [
    "AutomationRule",
    "CarriedJudgement",
    "DuplicatePair",
    "Event",
    "ImportProblem",
    "Invitation",
    "Job",
    "LLMCall",
    "Membership",
    "NoticeList",
    "Record",
    "Removal",
    "Report",
    "Review",
    "Role",
    "RuleApplication",
    "RuleUndo",
    "Search",
    "Study",
    "TextVersion",
    "TrailHead",
    "User",
    "Verb",
]
