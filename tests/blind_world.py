"""A review in which bob has spoken and others have not yet: what tests/test_blindness.py looks for.

Every word that bob or a model said is unmistakable (it ends in XYZZY), so that finding one anywhere is finding
a leak. `turn_round` then rewrites what they said to its opposite, behind the database's back: whoever cannot
see it must be shown exactly the same pages as before.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.core.files.base import ContentFile
from django.db import connection, transaction

from extraction import design, filling
from extraction.models import ProposedValue, Value
from reviews import audit, importing, jobs
from reviews.guards import install_on, remove_from
from reviews.models import (
    CarriedJudgement,
    Event,
    ImportProblem,
    Job,
    LLMCall,
    Record,
    Report,
    Review,
    Search,
    Study,
    TrailHead,
    Verb,
)
from reviews.models.corpus import sha256_of
from screening import criteria, decisions, moving, pilot, sampling
from screening.carried_plan import Wish
from screening.models import Decision, Proposal, Run
from tests import factories
from tests.guards import ALL_GUARDS

TA, FT, EX = "title_abstract", "full_text", "extraction"
MARK = "XYZZY"


@dataclass
class World:
    """Records by what became of them, and the words that are bob's or a model's."""

    review: Review
    sealed: Record  # bob voted at title and abstract, a proposal exists
    untouched: Record
    disputed: Record  # bob against carol: alice and carol may see it, olive may not
    at_full_text: Record  # bob voted at full text, a proposal exists
    extracted: Record  # bob took down a value, a proposed value exists
    run: Run
    carried: Record  # its file, of another tool, says that bob excluded it
    brought: Record  # so does this one's, and alice brought it along as bob's vote without seeing it
    piloted: Record  # in a pilot round: alice and bob disagree on it, carol has yet to judge it


def build(review, alice, bob, carol) -> World:
    """The whole scene; the last things said on each record are bob's and the model's."""
    search = factories.search(review, by=alice)
    texts = [f"We gave plerixafor to {n} adults with myeloma." for n in range(10, 15)]
    records = [
        factories.record(search, title=f"Trial {n}", abstract=text, raw=text)
        for n, text in enumerate(texts, 1)
    ]
    sealed, untouched, disputed, at_full_text, extracted = records
    for stage in (TA, FT):
        for label in ("Population", "Intervention"):
            criteria.add_criterion(
                review=review, stage=stage, by=alice, kind="include", label=label, text=f"Fitting {label}."
            )
    for record in (at_full_text, extracted):
        _both(record, TA, alice, carol)
        Report.objects.filter(record=record).update(
            retrieval="retrieved", text=f"Report of {record.title}. {record.abstract}", settled_at=audit.now()
        )
    _both(extracted, FT, alice, carol)
    vote(carol, disputed, TA, "include", "CAROLSCONFLICT")
    vote(bob, disputed, TA, "exclude", f"BOBSCONFLICT{MARK}")
    made = _propose(review, alice, sealed, TA)
    _propose(review, alice, at_full_text, FT)
    vote(bob, sealed, TA, "exclude", f"BOBSNOTE{MARK}")
    vote(bob, at_full_text, FT, "exclude", f"BOBSFULLTEXT{MARK}")
    _extract(review, alice, bob, extracted)
    _work(review, alice)
    _held_tables(review, alice, bob)
    moved = [_carried(review, alice, number) for number in (6, 7)]
    moving.bring(wish=Wish(moved[1].search, TA, {"Bob": bob}), by=alice)
    _rules(review, alice, search)
    piloted = _piloted(review, search, alice, bob, carol)
    return World(review, sealed, untouched, disputed, at_full_text, extracted, made, *moved, piloted)


def _piloted(review, search, alice, bob, carol) -> Record:
    """The one record of a pilot round that waits for carol's vote; alice may see bob's, and nobody else."""
    record = factories.record(
        search, title="Trial 9", abstract="We gave plerixafor to 19 adults with myeloma."
    )
    numbers = list(pilot.open_records(review, TA).values_list("number", flat=True))
    seed = next(n for n in range(1000) if sampling.draw(n, numbers, 1) == [record.number])
    pilot.draw_pilot(review=review, stage=TA, by=alice, size=1, seed=seed, people=[alice, bob, carol])
    vote(alice, record, TA, "include")
    vote(bob, record, TA, "exclude", f"BOBSPILOT{MARK}")
    return record


def _carried(review, alice, number) -> Record:
    """A record whose file carries what bob did in another tool, in everything that is kept of the file."""
    name = f"BOBSFILE{MARK}.ris"
    search = factories.search(review, by=alice, source=f"Moved {number}", file_name=name)
    search.file.save("moved.ris", ContentFile(f"BOBSRAW{MARK}"))
    record = factories.record(
        search, title=f"Trial {number}", abstract="We gave it to all.", raw=f"BOBSRAW{MARK}"
    )
    CarriedJudgement.objects.create(
        search=search,
        record=record,
        tool="rayyan",
        said_by="Bob",
        verdict="exclude",
        reasons=[f"BOBSREASON{MARK}"],
        labels=[f"BOBSLABEL{MARK}"],
        note=f"BOBSCARRIED{MARK}",
    )
    ImportProblem.objects.create(
        search=search, line=1, reason="No title was found.", excerpt=f"BOBSRAW{MARK}"
    )
    with transaction.atomic():
        audit.log(
            review=review,
            verb=Verb.SEARCH_IMPORTED,
            actor=alice,
            subject={"search": search.pk},
            after={"source": search.source, "file_name": name},
        )
    return record


def _rules(review, alice, search) -> None:
    """One more record, that a rule took out, and a rule not applied yet that matches every record there is."""
    old = factories.record(search, title="Trial 8", year=1980)
    factories.removed_by_rule(old, by=alice, rule=factories.rule(review, by=alice))
    factories.rule(review, by=alice, kind="title", settings={"phrases": ["trial"]})


def _work(review, alice) -> None:
    """A job that has long waited for a worker, and one that has ended."""
    waiting, ended = (jobs.start(review=review, kind="duplicates", by=alice) for _ in range(2))
    hour_ago = audit.now() - timedelta(hours=1)
    Job.objects.filter(pk=waiting.pk).update(queued_at=hour_ago)
    result = {"compared": 3, "linked": 0, "queued": 0, "waiting": 0}
    Job.objects.filter(pk=ended.pk).update(finished_at=hour_ago, result=result)


def _held_tables(review, alice, bob) -> None:
    """Tables of another tool that wait for who sent them to look at how they were read; bob's tells of him."""
    for by, label in ((alice, "in"), (bob, f"BOBSTABLE{MARK}")):
        table = f"Title,Abstract,included\nA trial,Some text,{label}\n"
        importing.start_import(
            review=review,
            by=by,
            file=ContentFile(table.encode(), name="x"),
            source="Rayyan",
            kind="database",
            searched_on=audit.now().date(),
            hold=True,
        )


def vote(person, record, stage, verdict, note=""):
    """One decision, its first criterion judged to fit the verdict."""
    first = criteria.criteria_in_force(record.review, stage)[0]
    return decisions.decide(
        record=record,
        stage=stage,
        reviewer=person,
        verdict=verdict,
        key=uuid.uuid4(),
        reason=first if verdict == "exclude" else None,
        judgements={str(first.pk): "not_met" if verdict == "exclude" else "met"},
        note=note,
    )


def _both(record, stage, *people) -> None:
    for person in people:
        vote(person, record, stage, "include")


def _propose(review, alice, record, stage) -> Run:
    """A run, its call as it went, and a proposal with a quote that is and one that is not in the text."""
    asked = run(review, alice, stage)
    text = record.text if stage == TA else record.report.text
    call = _call(review, record, asked, text, LLMCall.Purpose.SCREEN)
    found = text.index("We gave")
    judgements = [
        _judged(criterion, quote, span)
        for criterion, quote, span in zip(
            asked.criteria,
            ("We gave plerixafor", f"MODELQUOTE{MARK}"),
            ((found, found + 18), (None, None)),
            strict=True,
        )
    ]
    asked.items.create(record=record, tries=1, done_at=audit.now())
    Proposal.objects.create(
        run=asked,
        record=record,
        verdict="exclude",
        reason_id=asked.criteria[0]["id"],
        judgements=judgements,
        text_sha256=sha256_of(text),
        call=call,
        made_at=audit.now(),
    )
    return asked


def run(review, alice, stage, model="stub/model") -> Run:
    """A run with the criteria in force."""
    version = criteria.current_version(review, stage)
    return Run.objects.create(
        review=review,
        stage=stage,
        model=model,
        prompt="screen",
        prompt_sha256="0" * 64,
        criteria=version.criteria if version else [],
        criteria_version=version,
        rule_version="any-verified-violation-1",
        started_by=alice,
        started_at=audit.now(),
    )


def _judged(criterion, quote, span):
    return {
        "criterion": criterion["id"],
        "kind": criterion["kind"],
        "label": criterion["label"],
        "said": "not_met",
        "verdict": "not_met" if span[0] is not None else "unclear",
        "quote": quote,
        "start": span[0],
        "end": span[1],
        "tier": "exact" if span[0] is not None else "",
        "reasoning": f"MODELREASON{MARK}",
    }


def _call(review, record, asked, text, purpose) -> LLMCall:
    return audit.log_call(
        review=review,
        record=record,
        run_key=asked.key,
        purpose=purpose,
        model_asked=asked.model,
        model_answered=asked.model,
        messages=[{"role": "user", "content": text}],
        schema_sha256="0" * 64,
        text_sha256=sha256_of(text),
        raw=json.dumps({"reasoning": f"RAWANSWER{MARK}"}),
        started_at=audit.now(),
        seconds=1.0,
    )


def _extract(review, alice, bob, record) -> None:
    """A published form, bob's value in an open sheet, and a proposed value."""
    form = design.draft_form(review=review, by=alice, name="Data")
    item = design.add_item(form=form, by=alice, label="Setting", kind="text")
    design.publish_form(form=form, by=alice)
    item.form.refresh_from_db()
    study = Study.objects.create(review=review, label="Trial 2026")
    Report.objects.filter(record=record).update(study=study)
    report = Report.objects.get(record=record)
    answer = filling.Answer(state="given", value=f"BOBSVALUE{MARK}", note=f"BOBSVALUENOTE{MARK}")
    filling.give_value(study=study, item=item, extractor=bob, report=report, answer=answer)
    asked = run(review, alice, EX)
    asked.items.create(record=record, tries=1, done_at=audit.now())
    ProposedValue.objects.create(
        run=asked,
        report=report,
        item=item,
        state="given",
        value=f"MODELVALUE{MARK}",
        reasoning=f"MODELVALUEREASON{MARK}",
        text_sha256=report.text_sha256,
        call=_call(review, record, asked, report.text, LLMCall.Purpose.EXTRACT),
        made_at=audit.now(),
    )


def turn_round(world: World, bob, *, the_pilot: bool = True) -> None:
    """Rewrite what bob and the models said on what is sealed to its opposite, in every row that holds it.

    `the_pilot`: on the pilot round's record too, which is not sealed for alice.
    """
    remove_from(connection, ALL_GUARDS)
    try:
        for record, stage in ((world.sealed, TA), (world.at_full_text, FT)):
            theirs = Decision.objects.filter(record=record, stage=stage, reviewer=bob)
            assert theirs.update(verdict="include", reason=None, judgements={}, note="PLUGH") == 1
            proposal = Proposal.objects.get(record=record, run__stage=stage)
            said = [
                j | {"verdict": "met", "said": "met", "quote": "", "start": None, "end": None, "reasoning": "PLUGH"}
                for j in proposal.judgements
            ]  # fmt: skip
            Proposal.objects.filter(pk=proposal.pk).update(verdict="include", reason=None, judgements=said)
            _forget(Event.objects.filter(record=record, stage=stage, actor=bob))
        if the_pilot:
            theirs = Decision.objects.filter(record=world.piloted, reviewer=bob)
            assert theirs.update(verdict="include", reason=None, judgements={}, note="PLUGH") == 1
            _forget(Event.objects.filter(record=world.piloted, actor=bob))
        _turn_the_files_round(world, bob)
        Value.objects.update(value="PLUGH", note="")
        ProposedValue.objects.update(value="PLUGH", reasoning="")
        LLMCall.objects.update(raw="PLUGH")
        _forget(Event.objects.filter(record=world.extracted, actor=bob))
        _chain_anew(world.review)
    finally:
        install_on(connection, ALL_GUARDS)


def _turn_the_files_round(world: World, bob) -> None:
    theirs = Decision.objects.filter(record=world.brought, reviewer=bob)
    assert theirs.update(verdict="include", reason=None, note="PLUGH") == 1
    _forget(Event.objects.filter(record=world.brought))
    CarriedJudgement.objects.update(verdict="include", reasons=[], labels=["PLUGH"], note="PLUGH")
    for record in (world.carried, world.brought):
        Record.objects.filter(pk=record.pk).update(raw="PLUGH", raw_sha256=sha256_of("PLUGH"))
        Search.objects.filter(pk=record.search_id).update(file_name="PLUGH.ris")
        Path(record.search.file.path).write_text("PLUGH")
        ImportProblem.objects.filter(search=record.search_id).update(excerpt="PLUGH")
        events = Event.objects.filter(verb=Verb.SEARCH_IMPORTED, subject={"search": record.search_id})
        assert events.update(after={"source": record.search.source, "file_name": "PLUGH"}) == 1


def _forget(events) -> None:
    assert events.update(after={"verdict": "include", "value": "PLUGH", "outcome": "PLUGH"}) > 0


def _chain_anew(review) -> None:
    """Hashes as if it had been so from the start, or every page that verifies the trail would tell."""
    previous = audit.GENESIS
    for event in Event.objects.filter(review=review).order_by("seq"):
        event.prev_hash = previous
        previous = event.hash = audit.hash_of(event)
        event.save()
    TrailHead.objects.filter(review=review).update(hash=previous)
