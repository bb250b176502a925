"""The judgement: criteria, independent opinions, disagreement, the settled answer, what models propose."""

from .judging import Conflict, Decision, Resolution, Sample, SampleRecord
from .proposing import Proposal, Run, RunItem
from .protocol import CriteriaVersion, Criterion, ModelRole, Protocol, Stage, Verdict

__all__ = [
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
    "Stage",
    "Verdict",
]
