"""A study with one included report, and a form with an item of every kind."""

import pytest

from extraction import design, filling
from extraction.models import ConsensusValue, ProposedValue, Sheet, Value
from reviews.models import Event
from screening.models import Protocol, Run
from tests import factories

PAGES = (
    "A trial of plerixafor with bortezomib. We enrolled 58 patients between May 2008 and July 2011.",
    "Of 17 evaluable patients, 10 (59%) had a partial response. The median age was 62.9 years.",
)
TEXT = "\n\n".join(PAGES)
PAGE_MAP = [[1, 0, len(PAGES[0])], [2, len(PAGES[0]) + 2, len(TEXT)]]
ITEMS = (
    {"key": "enrolled", "label": "Patients enrolled", "kind": "number", "unit": "patients"},
    {"key": "response", "label": "Partial response", "kind": "count_of_total"},
    {"key": "phase", "label": "Phase", "kind": "choice", "options": ["I", "II", "I/II"]},
    {"key": "blinded", "label": "Blinded", "kind": "yes_no"},
    {"key": "started", "label": "First patient in", "kind": "date", "required": False},
    {"key": "dose", "label": "Dose", "kind": "text", "required": False, "help": "As the report words it."},
)


@pytest.fixture
def form(review, alice):
    """Version 1, in force: four required items, two optional ones."""
    made = design.draft_form(review=review, by=alice, name="Trial data")
    for item in ITEMS:
        design.add_item(form=made, by=alice, **item)
    return design.publish_form(form=made, by=alice)


@pytest.fixture
def items(form):
    """The form's items by key."""
    return {item.key: item for item in form.items.all()}


@pytest.fixture
def report(record, alice):
    """Record 1's report, included, of the study "Smith 2020"."""
    return factories.included_report(record, by=alice, text=TEXT, page_map=PAGE_MAP, study="Smith 2020")


@pytest.fixture
def study(report):
    return report.study


@pytest.fixture
def give(study, report, items):
    """give(bob, "enrolled", 58, quote="...") takes a value down; value None says not reported."""

    def do(person, key, value=None, quote="", **more):
        state = "not_reported" if value is None else "given"
        answer = filling.Answer(state, value, quote, **more)
        return filling.give_value(
            study=study, item=items[key], extractor=person, report=report, answer=answer
        )

    return do


@pytest.fixture
def fill(give, study, form):
    """fill(bob, enrolled=58, ...) takes every required item down; what is not named is the same for all."""

    def do(person, *, submit=True, **values):
        same = {"enrolled": 58, "response": {"count": 10, "total": 17}, "phase": "I/II", "blinded": None}
        for key, value in (same | values).items():
            give(person, key, value)
        sheet = Sheet.objects.get(study=study, form=form, extractor=person)
        return filling.submit_sheet(sheet=sheet, by=person) if submit else sheet

    return do


@pytest.fixture
def propose(review, report, items, alice):
    """propose("enrolled", 58, quote="...") is what a model proposed for the report, verified unless doubt is given."""

    def do(key, value=None, quote="", *, model="offline/rule-reader-1", doubt="", **more):
        from reviews import audit, quotes

        run = Run.objects.filter(review=review, model=model).first() or Run.objects.create(
            review=review, stage="extraction", model=model, prompt="extract", prompt_sha256="0" * 64,
            criteria=[], rule_version="1", started_by=alice, started_at=audit.now(),
        )  # fmt: skip
        span = quotes.locate(quote, report.text) if quote and not doubt else None
        place = {"start": span.start, "end": span.end, "tier": str(span.tier)} if span else {}
        return ProposedValue.objects.create(
            run=run, report=report, item=items[key], state="not_reported" if value is None else "given",
            value=value, quote=quote, doubt=doubt, text_sha256=report.text_sha256, made_at=audit.now(),
            **place | more,
        )  # fmt: skip

    return do


@pytest.fixture
def rows():
    """How many rows there are of everything extraction writes: a refused act leaves them as they were."""

    def count():
        live = Value.objects.filter(withdrawn_at__isnull=True).count()
        agreed = ConsensusValue.objects.filter(withdrawn_at__isnull=True).count()
        submitted = Sheet.objects.filter(submitted_at__isnull=False).count()
        counted = (model.objects.count() for model in (Sheet, Value, ConsensusValue, Event))
        return (*counted, live, agreed, submitted)

    return count


@pytest.fixture
def protocol(review):
    """protocol(reviewers_wanted=1) sets how this review extracts."""

    def do(**settings):
        return Protocol.objects.update_or_create(review=review, stage="extraction", defaults=settings)[0]

    return do
