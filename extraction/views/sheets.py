"""Extraction: the studies, and one person's own sheet beside the report."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from extraction import filling
from extraction.design import published_form
from extraction.desk import Desk, desk, pages_of
from extraction.forms.values import Typed, typed_in, typed_of, value_in
from extraction.models import Form, Item, ProposedValue, Sheet, State
from extraction.shown import Line
from extraction.studies import included_without_study, study_lines
from reviews.models import Membership, Report, Study
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused
from screening import runs
from screening.models import Run, Stage
from workers.starting import start_and_queue

OFFLINE = "offline/"


@require_safe
@never_cache
def extraction(request: HttpRequest, slug: str) -> HttpResponse:
    """The studies to extract, one's own progress, and what to do next where there is nothing to do."""
    membership = membership_or_404(request.user, slug, may="read")
    if request.htmx:  # type: ignore[attr-defined]
        return page(request, "extraction/_run.html", membership, run=newest_run(membership))
    return _extraction(request, membership)


def _extraction(
    request: HttpRequest, membership: Membership, *, status: int = 200, refusal: Refused | None = None
) -> HttpResponse:
    form = published_form(membership.review)
    return page(
        request,
        "extraction/extraction.html",
        membership,
        status=status,
        form=form,
        lines=study_lines(membership, form) if form else [],
        unnamed=included_without_study(membership.review),
        run=newest_run(membership),
        refusal=refusal,
    )


def newest_run(membership: Membership) -> dict[str, Any] | None:
    """The newest run over reports and how it stands; it says nothing of what was proposed."""
    run = Run.objects.filter(review=membership.review, stage=Stage.EXTRACTION).order_by("-pk").first()
    if run is None:
        return None
    return {"run": run, "progress": runs.progress(run), "offline": run.model.startswith(OFFLINE)}


@require_POST
def extraction_propose(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the model about every included report it was not asked about yet."""
    membership = membership_or_404(request.user, slug, may="propose")
    try:
        run = start_and_queue(review=membership.review, stage=Stage.EXTRACTION, by=membership.user)
        if run is None:
            raise Refused(
                "There is nothing left to ask: no included report with a text, or all were asked about already.",
                mend="Include a report and give it a text first.",
            )
    except Refused as no:
        return _extraction(request, membership, status=no.status, refusal=no)
    return redirect("extraction", slug)


@require_safe
@never_cache
def sheet(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One's own sheet for a study; `?report=` is the record number of the report to read."""
    membership = membership_or_404(request.user, slug, may="extract")
    study, form = study_and_form(membership, pk)
    return _sheet(request, membership, study, form)


@require_POST
@never_cache
def sheet_value(request: HttpRequest, slug: str, pk: int, item_pk: int) -> HttpResponse:
    """Keep one item: `do` is give, not_reported or withdraw; `accept` is the id of a proposal."""
    membership = membership_or_404(request.user, slug, may="extract")
    study, form = study_and_form(membership, pk)
    item = get_object_or_404(Item, pk=item_pk, form__review=membership.review)
    typed = typed_in(request.POST)
    before = desk(membership.user, study, form, number=_number(request.POST.get("report", "")))
    try:
        _keep(request, before, item, membership, typed)
    except BadInput as no:
        failed = typed_in(request.POST, no)
        if not request.htmx:  # type: ignore[attr-defined]
            return _sheet(request, membership, study, form, typed={item.pk: failed}, status=422)
        return _item(request, membership, before, before, item, failed, status=422)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{_address(slug, study, before.report)}#item-{item.pk}")
    after = desk(membership.user, study, form, number=before.report.record.number if before.report else None)
    return _item(request, membership, before, after, item)


def _keep(request: HttpRequest, desk: Desk, item: Item, membership: Membership, typed: Typed) -> None:
    """Call the one verb the form's button asks for."""
    wanted, accept = request.POST.get("do", ""), request.POST.get("accept", "")
    line = next((line for line in desk.lines if line.item.pk == item.pk), None)
    if accept:
        said = get_object_or_404(
            ProposedValue.objects.select_related("report"),
            pk=_number(accept) or 0,
            item=item,
            report__study=desk.study,
        )
        answer = filling.Answer(said.state, said.value, said.quote, typed.note, from_proposal=said)
        report = said.report
    elif wanted == "withdraw":
        if line is None or line.value is None:
            raise BadInput("There is nothing to take back.", mend="Reload the page.")
        filling.withdraw_value(value=line.value, by=membership.user)
        return
    else:
        if desk.report is None:
            raise BadInput("This study has no included report.", mend="Link an included report to it first.")
        report = desk.report
        if wanted == "not_reported":
            answer = filling.Answer(State.NOT_REPORTED, note=typed.note)
        else:
            answer = filling.Answer(State.GIVEN, value_in(item, typed), typed.quote, typed.note)
    filling.give_value(study=desk.study, item=item, extractor=membership.user, report=report, answer=answer)


def _item(
    request: HttpRequest,
    membership: Membership,
    before: Desk,
    after: Desk,
    item: Item,
    typed: Typed | None = None,
    status: int = 200,
) -> HttpResponse:
    """The item as it is now and, out of band, what changed with it: progress, foot, the pages its quotes stand on."""
    line = next((line for line in after.lines if line.item.pk == item.pk), Line(item))
    touched = [each for desk in (before, after) for each in desk.lines if each.item.pk == item.pk]
    changed = []
    if after.report is not None and typed is None:
        places = {page.anchor for page in pages_of(after.report, touched) if page.has_value or page.has_model}
        changed = [page for page in pages_of(after.report, after.lines) if page.anchor in places]
    return page(
        request,
        "extraction/_kept.html",
        membership,
        status=status,
        desk=after,
        line=line,
        typed=typed or typed_of(line.value),
        changed=changed,
    )


@require_POST
def sheet_submit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Hand in one's sheet; required items that are open are named instead."""
    membership = membership_or_404(request.user, slug, may="extract")
    study, form = study_and_form(membership, pk)
    mine = get_object_or_404(Sheet, study=study, form=form, extractor=membership.user)
    try:
        filling.submit_sheet(sheet=mine, by=membership.user)
    except Refused as no:
        status = 422 if isinstance(no, BadInput) else no.status
        return _sheet(request, membership, study, form, refusal=no, status=status)
    return redirect("consensus", slug, study.pk)


@require_POST
def sheet_reopen(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Open one's submitted sheet again, with a reason."""
    membership = membership_or_404(request.user, slug, may="extract")
    study, form = study_and_form(membership, pk)
    mine = get_object_or_404(Sheet, study=study, form=form, extractor=membership.user)
    try:
        filling.reopen_sheet(sheet=mine, by=membership.user, reason=request.POST.get("reason", ""))
    except Refused as no:
        status = 422 if isinstance(no, BadInput) else no.status
        return _sheet(request, membership, study, form, refusal=no, status=status)
    return redirect("sheet", slug, study.pk)


def _sheet(
    request: HttpRequest,
    membership: Membership,
    study: Study,
    form: Form,
    *,
    typed: dict[int, Typed] | None = None,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    wanted = request.GET.get("report") or request.POST.get("report", "")
    shown = desk(membership.user, study, form, number=_number(wanted))
    fields = typed or {}
    return page(
        request,
        "extraction/sheet.html",
        membership,
        status=status,
        nav="extraction",
        desk=shown,
        rows=[(line, fields.get(line.item.pk) or typed_of(line.value)) for line in shown.lines],
        pages=pages_of(shown.report, shown.lines) if shown.report else [],
        refusal=refusal,
    )


def study_and_form(membership: Membership, pk: int) -> tuple[Study, Form]:
    """The study of this review, and the form in force. Raises Http404 and, without a form, Refused."""
    study = get_object_or_404(Study.objects.select_related("review"), pk=pk, review=membership.review)
    form = published_form(membership.review)
    if form is None:
        raise Refused("No form is published yet.", mend="Publish the form first, then take data down.")
    return study, form


def _address(slug: str, study: Study, report: Report | None) -> str:
    address = reverse("sheet", args=[slug, study.pk])
    return f"{address}?report={report.record.number}" if report else address


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/extraction/", extraction, name="extraction"),
    path("r/<slug:slug>/extraction/propose/", extraction_propose, name="extraction_propose"),
    path("r/<slug:slug>/extraction/<int:pk>/", sheet, name="sheet"),
    path("r/<slug:slug>/extraction/<int:pk>/items/<int:item_pk>/", sheet_value, name="sheet_value"),
    path("r/<slug:slug>/extraction/<int:pk>/submit/", sheet_submit, name="sheet_submit"),
    path("r/<slug:slug>/extraction/<int:pk>/reopen/", sheet_reopen, name="sheet_reopen"),
]
