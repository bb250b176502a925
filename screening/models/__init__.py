"""The judgement: criteria, independent opinions, disagreement, the settled answer, what models propose."""

from .judging import Conflict, Decision, Resolution
from .moving import Bringing
from .proposing import Proposal, Run, RunItem
from .protocol import CriteriaVersion, Criterion, ModelRole, Protocol, Stage, Verdict
from .sampling import Sample, SampleRecord, SampleSeat

__all__ = [
    "Bringing",
    "Conflict",
    "CriteriaVersion",
    "Criterion",
    "Decision",
    "ModelRole",
    "Proposal",
    "Protocol",
    "Resolution",
    "Run",
    "RunItem",
    "Sample",
    "SampleRecord",
    "SampleSeat",
    "Stage",
    "Verdict",
]
