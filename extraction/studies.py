"""The studies whose data are taken down, and how far each is, as far as one person may know. Reads only."""

from dataclasses import dataclass, field

from django.db.models import Count

from reviews.models import Membership, Report, Review, Study
from screening.retrieval import included_reports

from . import visibility
from .models import ConsensusValue, Form, Item, Sheet, Value
from .standing import all_in, standing_sheets, wanted_in


@dataclass(frozen=True)
class StudyLine:
    """One study. `settled`, `differing`, `sheets` say nothing (0, 0, []) until this person may see the sheets."""

    study: Study
    reports: list[Report]
    items: int
    own: Sheet | None
    given: int
    free: bool
    seen: bool = False
    sheets: list[Sheet] = field(default_factory=list)
    all_in: bool = False
    settled: int = 0
    differing: int = 0


def study_lines(membership: Membership, form: Form) -> list[StudyLine]:
    """Every study with an included report, by name. The number of queries does not depend on how many there are."""
    review, user = membership.review, membership.user
    reports = _reports_by_study(review)
    studies = list(Study.objects.filter(pk__in=list(reports)).order_by("label"))
    ids = [study.pk for study in studies]
    sheets, wanted = standing_sheets(form, ids), wanted_in(review)
    seen = visibility.sees_sheets_of(user, review, form, ids)
    own = {s.study_id: s for s in Sheet.objects.filter(form=form, study__in=ids, extractor=user)}
    given = _given(list(own.values()))
    settled, differing = _settled(form, seen), _differing(form, {pk: sheets[pk] for pk in seen})
    items = Item.objects.filter(form=form).count()
    made = []
    for study in studies:
        mine = own.get(study.pk)
        of_study = sheets[study.pk]
        others = [sheet for sheet in of_study if sheet.extractor_id != user.pk]
        made.append(
            StudyLine(
                study=study,
                reports=reports[study.pk],
                items=items,
                own=mine,
                given=given.get(mine.pk, 0) if mine else 0,
                free=mine in of_study or len(others) < wanted,
                seen=study.pk in seen,
                sheets=of_study if study.pk in seen else [],
                all_in=study.pk in seen and all_in(of_study, wanted),
                settled=settled.get(study.pk, 0),
                differing=differing.get(study.pk, 0),
            )
        )
    return made


def included_without_study(review: Review) -> list[Report]:
    """Included reports that belong to no study yet, by number: they must be given one before data are taken."""
    reports = included_reports(review).filter(study__isnull=True).select_related("record")
    return list(reports.defer("text", "page_map").order_by("record__number"))


def _reports_by_study(review: Review) -> dict[int, list[Report]]:
    found: dict[int, list[Report]] = {}
    reports = included_reports(review).filter(study__isnull=False).select_related("record")
    for report in reports.defer("text", "page_map").order_by("record__number"):
        found.setdefault(report.study_id or 0, []).append(report)
    return found


def _given(sheets: list[Sheet]) -> dict[int, int]:
    values = Value.objects.filter(sheet__in=sheets, withdrawn_at__isnull=True)
    return dict(values.values_list("sheet_id").annotate(n=Count("pk")))


def _settled(form: Form, seen: set[int]) -> dict[int, int]:
    agreed = ConsensusValue.objects.filter(study__in=seen, item__form=form, withdrawn_at__isnull=True)
    return dict(agreed.values_list("study_id").annotate(n=Count("pk")))


def _differing(form: Form, sheets: dict[int, list[Sheet]]) -> dict[int, int]:
    """Items somebody took down that are not agreed, by study; only where every sheet is in."""
    done = {s.pk: study for study, many in sheets.items() for s in many if all(x.submitted_at for x in many)}
    values = Value.objects.filter(sheet__in=list(done), withdrawn_at__isnull=True)
    taken = {(done[sheet], item) for sheet, item in values.values_list("sheet_id", "item_id")}
    agreed = ConsensusValue.objects.filter(study__in=list(sheets), item__form=form, withdrawn_at__isnull=True)
    left = taken - set(agreed.values_list("study_id", "item_id"))
    found: dict[int, int] = {}
    for study, _item in left:
        found[study] = found.get(study, 0) + 1
    return found
