"""What the tests of the screening room share: votes, proposals, what a form sends, the words of a page."""

import html
import re
import uuid

from reviews.models import CarriedJudgement, Event
from reviews.models.corpus import sha256_of
from screening import criteria, decisions
from screening.models import Conflict, Decision, Proposal, Resolution
from tests import blind_world

TA, FT = "title_abstract", "full_text"
ROOM = "/r/myeloma/screen/title_abstract/"
FULL = "/r/myeloma/screen/full_text/"
HTMX = {"HTTP_HX_REQUEST": "true"}


def vote(person, record, verdict="include", stage=TA, **more):
    return decisions.decide(
        record=record, stage=stage, reviewer=person, verdict=verdict, key=uuid.uuid4(), **more
    )


def propose(record, by, judgements, stage=TA, model="stub/model", sha256=None, verdict="include"):
    run = blind_world.run(record.review, by, stage, model)
    text = record.text if stage == TA else record.report.text
    return Proposal.objects.create(
        run=run,
        record=record,
        verdict=verdict,
        judgements=judgements,
        text_sha256=sha256 or sha256_of(text),
        made_at=run.started_at,
    )


def judged(criterion, verdict="met", quote="", start=None, end=None):
    return {
        "criterion": criterion.pk,
        "kind": criterion.kind,
        "label": criterion.label,
        "said": verdict,
        "verdict": verdict,
        "quote": quote,
        "start": start,
        "end": end,
        "tier": "exact" if start is not None else "",
        "reasoning": "As it says.",
    }


def sent(record, verdict="include", **more):
    return {"record": record.number, "verdict": verdict, "key": str(uuid.uuid4()), "seconds": "4.2"} | more


def text_of(answer) -> str:
    """The words of a page, without tags and with single spaces."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", html.unescape(bare))


def counts():
    return (
        Decision.objects.count(),
        Resolution.objects.count(),
        Conflict.objects.count(),
        Event.objects.count(),
    )


def criterion_of(review, alice, label, stage=TA, kind="include"):
    return criteria.add_criterion(
        review=review, stage=stage, by=alice, kind=kind, label=label, text=f"About {label.lower()}."
    )


def carried(record, said_by="Ann", verdict="include", *, tool="rayyan", **more):
    """A row of what the file of another tool says."""
    return CarriedJudgement.objects.create(
        search=record.search, record=record, tool=tool, said_by=said_by, verdict=verdict, **more
    )
