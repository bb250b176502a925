"""Records: the list, one record, and what may be done to it before and beside judging.

Nothing here shows a decision or a proposal, and no list can be asked for one.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from reviews import correcting, dedup, newness, removing
from reviews.best_fields import Best
from reviews.flow_rules import with_removals
from reviews.forms.records import CorrectionForm, OriginalForm, WhyForm
from reviews.linked_groups import group_of
from reviews.merged import found_by, merged
from reviews.models import DuplicatePair, Membership, Record, Removal, Review, Search
from reviews.pages import page
from reviews.permissions import allows, membership_or_404
from reviews.record_search import LARGEST_NUMBER, matching, number_in
from reviews.refusals import BadInput, Refused
from screening.visibility import sees_carried

RECORDS_A_PAGE = 50
ONLY = {
    "": "All that were found",
    "unique": "Without duplicates and removed ones",
    "new": "New with their search",
    "there": "There before, from an earlier search",
    "duplicates": "Duplicates of others",
    "removed": "Removed before screening",
    "no_abstract": "Without an abstract",
    "no_title": "Without a title",
    "undone": "Of undone imports",
}


def records_shown(review: Review, params: Mapping[str, str]) -> QuerySet[Record]:
    """The records of a list, by number, as its address asks for them.

    q: words that must all occur in title, abstract, authors or journal; or a number (#12), DOI or PubMed
    number. search: the key of a search. rule, application: the key of a rule before screening, or of an
    application of them, that took the record out. year_from, year_to. only: a key of ONLY. What makes no sense
    is passed over. Records of undone imports are shown with only=undone and no other way.
    """
    only = params.get("only", "")
    records = Record.objects.filter(review=review)
    records = records.filter(search__withdrawn_at__isnull=False) if only == "undone" else records.found()
    removed = Removal.objects.filter(record=OuterRef("pk"), withdrawn_at__isnull=True)
    match only:
        case "unique":
            records = records.filter(duplicate_of__isnull=True).exclude(Exists(removed))
        case "new":
            records = newness.first_of_their_papers(records)
        case "there":
            records = newness.there_before(records)
        case "duplicates":
            records = records.filter(duplicate_of__isnull=False)
        case "removed":
            records = records.filter(Exists(removed), duplicate_of__isnull=True)
        case "no_abstract":
            records = records.filter(abstract="")
        case "no_title":
            records = records.filter(title="")
    for name in ("rule", "application"):
        if (value := number_in(params.get(name, ""))) is not None:
            records = records.filter(Exists(removed.filter(**{f"{name}_id": value})))
    for name, lookup in (("search", "search_id"), ("year_from", "year__gte"), ("year_to", "year__lte")):
        if (value := number_in(params.get(name, ""))) is not None:
            records = records.filter(**{lookup: value})
    return matching(records, params.get("q", "")).order_by("number")


@require_safe
def records(request: HttpRequest, slug: str) -> HttpResponse:
    """The list of records, searched and filtered."""
    membership = membership_or_404(request.user, slug, may="read")
    return _list(request, membership, request.GET)


def _list(
    request: HttpRequest, membership: Membership, asked: QueryDict, *, status: int = 200, **context: Any
) -> HttpResponse:
    shown = with_removals(records_shown(membership.review, {name: str(asked[name]) for name in asked}))
    rows = shown.select_related("search", "duplicate_of").defer("raw", "abstract", "duplicate_of__raw")
    shown_page = Paginator(rows, RECORDS_A_PAGE).get_page(asked.get("page"))
    listed = list(shown_page.object_list)
    sources = found_by(listed)
    shared: dict[str, Any] = {
        "records": shown_page,
        "rows": [(record, sources[record.pk]) for record in listed],
        "searches": Search.objects.filter(review=membership.review).order_by("searched_on", "pk"),
        "only": ONLY,
        "asked": asked,
        "choosing": bool(asked.get("choose")) and allows(membership, "import"),
        "chosen": [],
        "nav": "records",
    }
    return page(request, "reviews/records.html", membership, status=status, **(shared | context))


@require_POST
def records_remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Take several records of the list out before screening, for one reason; back to the list as it was."""
    membership = membership_or_404(request.user, slug, may="import")
    asked, reason = QueryDict(request.POST.get("query", "")[:2000]), request.POST.get("reason", "")
    chosen = [number for each in request.POST.getlist("number") if (number := number_in(each)) is not None]
    try:
        removed = removing.remove_records(
            review=membership.review, numbers=chosen, by=membership.user, reason=reason
        )
    except Refused as no:
        return _list(
            request, membership, asked, status=no.status, refusal=no, chosen=chosen, reason=reason[:300]
        )
    n = len(removed)
    messages.success(request, f"{n} record{'s were' if n > 1 else ' was'} removed before screening: {reason}")
    return redirect(f"{reverse('records', args=[slug])}?{asked.urlencode()}")


def _record(membership: Membership, number: int) -> Record:
    if number > LARGEST_NUMBER:
        number = 0
    return get_object_or_404(
        Record.objects.select_related("search", "duplicate_of", "duplicate_of__search"),
        review=membership.review,
        number=number,
    )


@require_safe
def record(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Everything a record says, where it was found, and what it is linked to."""
    membership = membership_or_404(request.user, slug, may="read")
    return _show(request, membership, _record(membership, number))


def _show(
    request: HttpRequest, membership: Membership, shown: Record, *, status: int = 200, **context: Any
) -> HttpResponse:
    root = shown.duplicate_of or shown
    paper = merged(root)
    whole = paper if root is shown else merged(shown)
    removals = list(shown.removals.select_related("by", "rule").order_by("-pk"))
    shared: dict[str, Any] = {
        "record": shown,
        "root": root,
        "best": whole.best,
        "borrowed": whole.borrowed,
        "heading": whole.heading,
        "group": group_of(shown),
        "found_by": paper.found_by,
        "removal": next((each for each in removals if each.withdrawn_at is None), None),
        "removed_before": [each for each in removals if each.withdrawn_at],
        "raw_is_open": shown.pk in sees_carried(membership.user, membership.review, [shown.pk]),
        "versions": shown.text_versions.select_related("replaced_by").order_by("-replaced_at"),
        "pairs": _pairs(shown),
        "links": _links(whole.best),
        "correction_form": CorrectionForm.of(shown),
        "why_form": WhyForm(),
        "nav": "records",
    }
    return page(request, "reviews/record.html", membership, status=status, **(shared | context))


def _pairs(shown: Record) -> list[dict[str, Any]]:
    """The other records that this one was compared with and is not linked to by what was said: other and pair."""
    pairs = (
        DuplicatePair.objects.filter(Q(a=shown) | Q(b=shown))
        .exclude(verdict=DuplicatePair.Verdict.SAME)
        .select_related("a", "b", "decided_by")
        .order_by("-score", "pk")
    )
    return [{"pair": pair, "other": pair.b if pair.a_id == shown.pk else pair.a} for pair in pairs]


def _links(shown: Best) -> list[tuple[str, str]]:
    """(words, address) of where the paper can be found. Only addresses made here, or that begin with http."""
    links = []
    if shown.doi:
        links.append((f"DOI {shown.doi}", f"https://doi.org/{shown.doi}"))
    if shown.pmid.isdigit():
        links.append((f"PMID {shown.pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{shown.pmid}/"))
    for registered in shown.registry_ids:
        if re.fullmatch(r"NCT\d{8}", registered):
            links.append((registered, f"https://clinicaltrials.gov/study/{registered}"))
        elif re.fullmatch(r"ISRCTN\d{8}", registered):
            links.append((registered, f"https://www.isrctn.com/{registered}"))
        else:
            links.append((registered, ""))
    if re.match(r"https?://", shown.url, re.I):
        links.append(("Link", shown.url))
    return links


@require_POST
def record_correct(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Correct what a record says, with a reason."""
    membership = membership_or_404(request.user, slug, may="import")
    shown = _record(membership, number)
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _show(request, membership, shown, status=422, correction_form=form)
    try:
        correcting.correct_record(
            record=shown, by=membership.user, reason=form.cleaned_data["reason"], **form.changes(shown)
        )
    except Refused as no:
        return _show(request, membership, shown, status=no.status, correction_form=form, refusal=no)
    messages.success(request, "The record was corrected. The raw entry stays as found.")
    return redirect("record", slug, number)


@require_POST
def record_remove(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Take a record out before screening, with a reason."""
    membership = membership_or_404(request.user, slug, may="import")
    shown = _record(membership, number)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _show(request, membership, shown, status=422, why_form=form)
    try:
        removing.remove_record(record=shown, by=membership.user, reason=form.cleaned_data["reason"])
    except Refused as no:
        return _show(request, membership, shown, status=no.status, refusal=no)
    messages.success(request, f"#{number} was removed before screening.")
    return redirect("record", slug, number)


@require_POST
def record_restore(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Undo a removal."""
    membership = membership_or_404(request.user, slug, may="import")
    shown = _record(membership, number)
    try:
        removing.restore_record(record=shown, by=membership.user, reason=request.POST.get("reason", "")[:300])
    except Refused as no:
        return _show(request, membership, shown, status=no.status, refusal=no)
    messages.success(request, f"#{number} is back and waits to be screened.")
    return redirect("record", slug, number)


@require_POST
def record_link(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Say that this record is a duplicate of another."""
    membership = membership_or_404(request.user, slug, may="dedup")
    shown = _record(membership, number)
    form = OriginalForm(request.POST)
    if not form.is_valid():
        problems = " ".join(str(words) for of_field in form.errors.values() for words in of_field)
        return _show(request, membership, shown, status=422, refusal=BadInput(problems))
    try:
        original = Record.objects.filter(
            review=membership.review, number=form.cleaned_data["original"]
        ).first()
        if original is None:
            raise BadInput(f"There is no record #{form.cleaned_data['original']} in this review.")
        stays = dedup.link_records(
            record=shown, original=original, by=membership.user, reason=form.cleaned_data["reason"]
        )
    except Refused as no:
        return _show(request, membership, shown, status=no.status, refusal=no)
    messages.success(request, linked_in_words(shown, original, stays))
    return redirect("record", slug, number)


def linked_in_words(record: Record, original: Record, stays: Record) -> str:
    """What became of "this is a duplicate of that": which one stays, and why where it is not the one named."""
    if stays.pk == record.pk:
        return (
            f"#{original.number} is linked to #{record.number}, which stays, because it was judged further. "
            "Votes on both are kept."
        )
    return f"#{record.number} is linked to #{stays.number}. Votes on it are kept."


@require_POST
def record_unlink(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Undo the link of this record; back to where it was asked from."""
    membership = membership_or_404(request.user, slug, may="dedup")
    shown = _record(membership, number)
    try:
        dedup.unlink_record(record=shown, by=membership.user, reason=request.POST.get("reason", "")[:300])
    except Refused as no:
        return _show(request, membership, shown, status=no.status, refusal=no)
    messages.success(request, f"#{number} stands by itself again, with the votes it had.")
    if request.POST.get("back") == "groups":
        return redirect("duplicates_groups", slug)
    return redirect("record", slug, number)


_RECORD = "r/<slug:slug>/records/<int:number>/"
urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/records/", records, name="records"),
    path("r/<slug:slug>/records/remove/", records_remove, name="records_remove"),
    path(_RECORD, record, name="record"),
    path(f"{_RECORD}correct/", record_correct, name="record_correct"),
    path(f"{_RECORD}remove/", record_remove, name="record_remove"),
    path(f"{_RECORD}restore/", record_restore, name="record_restore"),
    path(f"{_RECORD}link/", record_link, name="record_link"),
    path(f"{_RECORD}unlink/", record_unlink, name="record_unlink"),
]
