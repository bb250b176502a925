"""The review's home page, its PRISMA flow, and the records behind every number."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reviews import exporting, flow_rules, prisma
from reviews.flow_diagram import svg
from reviews.flow_files import TYPES, notes, written
from reviews.flow_identities import identities
from reviews.models import Membership
from reviews.pages import page
from reviews.permissions import allows, membership_or_404
from reviews.views.trail import chain_of
from reviews.waiting import waiting

BOX_PAGE = 50


@require_safe
@never_cache
def review(request: HttpRequest, slug: str) -> HttpResponse:
    """The home page: the living flow diagram, and beside it what waits for this person."""
    membership = membership_or_404(request.user, slug, may="read")
    flow = prisma.counts(membership.review).seen_by(membership)
    context: dict[str, Any] = {
        "flow": flow,
        "diagram": diagram(flow),
        "waiting": (lines := waiting(membership, flow)),
        "anything": any(line.n for line in lines),
        **progress(flow),
        "works": allows(membership, "screen"),
        "chain": chain_of(membership.review, at_most=1000),
    }
    return page(request, "reviews/review.html", membership, **context)


def progress(flow: prisma.Flow) -> dict[str, int]:
    """How far the review is, both arms together, from the flow's own numbers."""
    n = flow.n
    to_screen = n("records_screened") + n("other_records_screened")
    sought = n("dbr_sought_reports") + n("other_sought_reports")
    unread = sum(n(f"{arm}_awaiting_{what}") for arm in prisma.ARMS for what in ("retrieval", "full_text"))
    return {
        "to_screen": to_screen,
        "settled": to_screen - n("dbr_in_screening") - n("other_in_screening"),
        "sought": sought,
        "read": sought - unread,
        "studies": n("new_studies"),
    }


@require_safe
@never_cache
def flow_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The diagram with its identities and notes; `?as=csv`, `json` or `svg` gives it as a file."""
    membership = membership_or_404(request.user, slug, may="read")
    if "as" in request.GET:
        return flow_file(membership_or_404(request.user, slug, may="export"), request.GET["as"])
    flow = prisma.counts(membership.review).seen_by(membership)
    context: dict[str, Any] = {
        "flow": flow,
        "diagram": diagram(flow),
        "identities": identities(flow),
        "notes": notes(flow),
        "numbers": numbers(flow),
    }
    return page(request, "reviews/prisma.html", membership, **context)


@require_safe
@never_cache
def prisma_box(request: HttpRequest, slug: str, box: str) -> HttpResponse:
    """The records a number counts. Only states that are settled for everybody, or all of what is open together."""
    membership = membership_or_404(request.user, slug, may="read")
    records, words = behind(membership, box)
    if tells := why(box):
        records = flow_rules.with_removals(records)
    listed = Paginator(records.select_related("search", "report__study"), BOX_PAGE)
    return page(
        request,
        "reviews/prisma_box.html",
        membership,
        nav="prisma",
        title=words,
        box=box,
        why=tells,
        page=listed.get_page(request.GET.get("page")),
    )


def behind(membership: Membership, box: str) -> tuple[prisma.QuerySet, str]:
    """The records behind a box, and its words. Raises Http404 where there is no such list for anybody."""
    if not prisma.may_list(box):
        raise Http404("No such list.")
    try:
        return prisma.records_behind(membership.review, box), words_of(membership, box)
    except KeyError as unknown:
        raise Http404("No such box.") from unknown


def why(box: str) -> str:
    """What the list says of each record beside its title: "rule" or "reason" where it was removed, else ""."""
    name = box.partition("-")[0].removeprefix("other_")
    return {"excluded_automatic": "rule", "excluded_other": "reason"}.get(name, "")


def words_of(membership: Membership, box: str) -> str:
    """What the list counts: the box, and the source, the rule or the reason where it is a part of one."""
    if box.startswith("source-"):
        search = membership.review.searches.get(pk=int(box.partition("-")[2]))
        return f"Records identified from {search.source}"
    if why(box) == "rule" and "-" in box:
        rule = membership.review.automation_rules.get(pk=int(box.partition("-")[2]))
        return f"{prisma.title(box)}: {rule.words}"
    if "-" in box:
        reason = membership.review.criteria.get(pk=int(box.partition("-")[2]))
        return f"{prisma.title(box)}: {reason.label}"
    return prisma.title(box)


def flow_file(membership: Membership, form: str) -> HttpResponse:
    """The flow as a file to keep; leaves a line in the trail first, so that the file's head is after it."""
    if form not in TYPES:
        raise Http404("The flow comes as csv, json or svg.")
    exporting.log_export(review=membership.review, by=membership.user, what="prisma", form=form)
    flow = prisma.counts(membership.review).seen_by(membership)
    answer = HttpResponse(written(flow, form), content_type=f"{TYPES[form]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{membership.review.slug}-prisma.{form}"'
    return answer


def diagram(flow: prisma.Flow) -> SafeString:
    """The diagram for a page. It is markup of our own making in which every text is escaped (flow_diagram._safe)."""
    return mark_safe(svg(flow, links_of(flow)))  # noqa: S308


def links_of(flow: prisma.Flow) -> Callable[[str], str]:
    """The address of the list behind each number of this review."""
    return lambda box: reverse("prisma_box", args=[flow.review.slug, box]) if prisma.may_list(box) else ""


def numbers(flow: prisma.Flow) -> list[dict[str, object]]:
    """Every number of the flow as a row of a table, for who cannot or would not read a diagram."""
    boxes = [*flow.counts, *flow.open]
    if not flow.has_other:
        right_arm = ("other_", "website_", "organisation_", "citations_")
        boxes = [box for box in boxes if not box.startswith(right_arm)]
    return [
        {
            "words": prisma.title(box),
            "n": flow.n(box),
            "open": box in flow.open,
            "url": links_of(flow)(box),
        }
        for box in boxes
        if box != "orphaned_duplicates"
    ]


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/", review, name="review"),
    path("r/<slug:slug>/prisma/", flow_page, name="prisma"),
    path("r/<slug:slug>/prisma/<slug:box>/", prisma_box, name="prisma_box"),
]
