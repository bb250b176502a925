"""Plain makers of rows, free of surprises: what is not passed is a small constant.

They write rows directly. A test about a rule goes through the verb or the door instead.
"""

import hashlib
import uuid
from datetime import date
from typing import Any

from reviews import audit

PASSWORD = "correct horse battery"


def person(name: str, **fields: Any):
    from reviews.models import User

    return User.objects.create_user(f"{name}@example.org", PASSWORD, name=name.capitalize(), **fields)


def review(*, lead, reviewers=(), observers=(), slug: str = "myeloma", **fields: Any):
    from reviews.models import Membership, Review, Role

    made = Review.objects.create(
        slug=slug,
        **{
            "title": "Plerixafor in myeloma",
            "question": "Does plerixafor help adults with multiple myeloma?",
            "created_by": lead,
            "created_at": audit.now(),
        }
        | fields,
    )
    people = [
        (lead, Role.LEAD),
        *((p, Role.REVIEWER) for p in reviewers),
        *((p, Role.OBSERVER) for p in observers),
    ]
    for user, role in people:
        Membership.objects.create(review=made, user=user, role=role, joined_at=audit.now())
    return made


def search(review, *, by, source: str = "PubMed", **fields: Any):
    from reviews.models import Search

    return Search.objects.create(
        review=review,
        **{
            "kind": "database",
            "source": source,
            "searched_on": date(2026, 1, 15),
            "sha256": uuid.uuid4().hex * 2,
            "format": "ris",
            "encoding": "utf-8",
            "imported_by": by,
            "imported_at": audit.now(),
            "arrived_at": audit.now(),
        }
        | fields,
    )


def record(
    search,
    *,
    title: str = "A trial of plerixafor",
    abstract: str = "We gave plerixafor to 12 adults.",
    **fields,
):
    from reviews.models import Record

    number = Record.objects.filter(review=search.review).count() + 1
    raw = fields.pop("raw", f"{number}: {title}\n{abstract}")
    return Record.objects.create(
        review=search.review,
        search=search,
        number=number,
        title=title,
        abstract=abstract,
        raw=raw,
        raw_sha256=hashlib.sha256(raw.encode()).hexdigest(),
        **{"position": number} | fields,
    )


def criterion(
    review, *, by, stage: str = "title_abstract", kind: str = "include", label: str = "Population", **fields
):
    from screening.models import Criterion

    position = Criterion.objects.filter(review=review, stage=stage).count() + 1
    return Criterion.objects.create(
        review=review,
        stage=stage,
        kind=kind,
        label=label,
        created_by=by,
        created_at=audit.now(),
        **{"text": "Adults with multiple myeloma.", "position": position} | fields,
    )


def rule(review, *, by, kind: str = "year", settings=None, **fields: Any):
    """A rule in force, at the end of the order: by default, everything before 1990 goes."""
    from reviews.models import AutomationRule
    from reviews.rule_kinds import checked, in_words

    kept = checked(kind, settings or {"from": 1990})
    return AutomationRule.objects.create(
        review=review,
        kind=kind,
        settings=kept,
        written_by=by,
        written_at=audit.now(),
        **{
            "words": in_words(kind, kept),
            "position": AutomationRule.objects.filter(review=review).count() + 1,
        }
        | fields,
    )


def removed_by_rule(record, *, by, rule=None, said: str = "1985", **fields: Any):
    """A removal by a rule (by default one of a year), with an application of its own."""
    from reviews.models import AutomationRule, Removal, RuleApplication

    made = rule or AutomationRule.objects.filter(review=record.review).first()
    made = made or globals()["rule"](record.review, by=by)
    application = RuleApplication.objects.create(
        review=record.review,
        by=by,
        at=audit.now(),
        rules=[{"rule": made.pk, "kind": made.kind, "words": made.words, "settings": made.settings,
                "list": None, "removed": 1}],
        looked_at=[[record.number, record.number]],
        records=1,
        removed=1,
    )  # fmt: skip
    return Removal.objects.create(
        record=record, kind="automation", reason=made.words, rule=made, application=application, said=said,
        by=by, at=application.at, **fields,
    )  # fmt: skip


def sought_report(record, *, by, stages=("title_abstract",), study: str = "", **fields):
    """A report of a record that was included at `stages`; sought, unless `fields` say otherwise."""
    from reviews.models import Report, Study
    from screening.models import Resolution

    for stage in stages:
        Resolution.objects.create(
            record=record, stage=stage, verdict="include", how="agreement", by=by, made_at=audit.now()
        )
    made = Study.objects.get_or_create(review=record.review, label=study)[0] if study else None
    return Report.objects.create(record=record, **{"study": made, "opened_at": audit.now()} | fields)


def included_report(record, *, by, text: str = "We enrolled 58 patients.", study: str = "", **fields):
    """A report with its text, included at title and abstract and at full text; `study` names its study."""
    stages = ("title_abstract", "full_text")
    wanted = {"retrieval": "retrieved", "text": text, "settled_at": audit.now()} | fields
    return sought_report(record, by=by, stages=stages, study=study, **wanted)
