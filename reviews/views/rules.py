"""Before screening: the rules, what they would do, applying them, and undoing what they did."""

import io
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews import applying_rules, jobs, uploads
from reviews import rules as verbs
from reviews.forms.rules import FORMS, RuleForm, UndoForm
from reviews.models import (
    AutomationRule,
    Job,
    Membership,
    NoticeList,
    Record,
    Removal,
    Review,
    RuleApplication,
    RuleUndo,
)
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused
from reviews.rule_preview import preview
from workers.tasks import queue_job_on_commit

APPLICATIONS_A_PAGE = 20
AT_ONCE = 20_000  # records up for screening from which on a worker applies the rules
LARGEST_NUMBER = 2**31 - 1


# ---------------------------------------------------------------- reading


def still_out(review: Review) -> QuerySet[Removal]:
    """What rules took out and is out: the live removals of automation."""
    return Removal.objects.filter(
        record__review=review, kind=Removal.Kind.AUTOMATION, withdrawn_at__isnull=True
    ).order_by()


def out_by(review: Review, name: str) -> dict[int, int]:
    """How many removals are live for each `rule` or `application`, by key. One query."""
    return dict(still_out(review).values_list(name).annotate(n=Count("pk")))


def rules_shown(review: Review) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rules in force in their order, and those retired that still keep records out; each with how many."""
    out = out_by(review, "rule")
    in_force = verbs.rules_in_force(review)
    retired = AutomationRule.objects.filter(review=review, retired_at__isnull=False, pk__in=list(out))
    rows = retired.select_related("written_by").order_by("position", "pk")
    return (
        [{"rule": rule, "out": out.get(rule.pk, 0)} for rule in in_force],
        [{"rule": rule, "out": out[rule.pk]} for rule in rows],
    )


def applications_shown(review: Review) -> QuerySet[RuleApplication]:
    """Every application, the latest first, without what it looked at."""
    applications = RuleApplication.objects.filter(review=review).select_related("by")
    return applications.defer("looked_at").order_by("-pk")


@require_safe
@never_cache
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """The rules in order, what each keeps out, and every application."""
    membership = membership_or_404(request.user, slug, may="read")
    return _show(request, membership)


def _show(request: HttpRequest, membership: Membership, *, status: int = 200, **context: Any) -> HttpResponse:
    review = membership.review
    in_force, retired = rules_shown(review)
    applications = Paginator(applications_shown(review), APPLICATIONS_A_PAGE)
    shown = applications.get_page(request.GET.get("page"))
    out = out_by(review, "application")
    shared: dict[str, Any] = {
        "rules": in_force,
        "retired": retired,
        "applications": shown,
        "applied": [(application, out.get(application.pk, 0)) for application in shown],
        "unchecked": len(applying_rules.unchecked(review)),
        "kinds": AutomationRule.Kind.choices,
        "records": Record.objects.filter(review=review).to_screen().exists(),
        "nav": "rules",
    }
    return page(request, "reviews/rules.html", membership, status=status, **(shared | context))


@require_safe
@never_cache
def rule_application(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One application: its rules as they were then, what each took out, what of it is out still."""
    membership = membership_or_404(request.user, slug, may="read")
    application = get_object_or_404(applications_shown(membership.review), pk=pk)
    out = dict(
        still_out(membership.review)
        .filter(application=application)
        .values_list("rule")
        .annotate(n=Count("pk"))
    )
    return page(
        request,
        "reviews/rule_application.html",
        membership,
        application=application,
        entries=[entry | {"out": out.get(entry["rule"], 0)} for entry in application.rules],
        out=sum(out.values()),
        undos=undos_of(application),
        nav="rules",
    )


def undos_of(application: RuleApplication) -> QuerySet[RuleUndo]:
    """What was taken back of one application alone, the latest first."""
    return application.undos.select_related("by", "rule").order_by("-pk")


# ---------------------------------------------------------------- writing rules down


@csrf_exempt  # only until the size is known: reading the token would read all of the body (see _write)
@require_http_methods(["GET", "HEAD", "POST"])
def rule_new(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Write a rule of one kind down."""
    membership = membership_or_404(request.user, slug, may="rules")
    if kind not in FORMS:
        raise Http404("There is no such kind of rule.")
    return _sized(request, membership, kind, None)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def rule_replace(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put another rule of the same kind in the place of one."""
    membership = membership_or_404(request.user, slug, may="rules")
    rule = get_object_or_404(AutomationRule, review=membership.review, pk=pk)
    return _sized(request, membership, rule.kind, rule)


def _sized(
    request: HttpRequest, membership: Membership, kind: str, rule: AutomationRule | None
) -> HttpResponse:
    try:
        if not uploads.too_large(request):
            return _write(request, membership, kind, rule)
    except RequestDataTooBig:  # a pasted text beyond what Django keeps in memory
        pass
    return page(request, "413.html", membership, status=413)


@csrf_protect
def _write(
    request: HttpRequest, membership: Membership, kind: str, rule: AutomationRule | None
) -> HttpResponse:
    review, refusal, status = membership.review, None, 200
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = FORMS[kind](*sent, review=review, rule=rule)
    if sent:
        status = 422
        if form.is_valid():
            try:
                written = _written(membership, kind, rule, form)
            except Refused as no:
                refusal, status = no, no.status
            else:
                messages.success(request, f"Written down: {written.words}. Nothing was taken out yet.")
                return redirect("rules", review.slug)
    return page(
        request,
        "reviews/rule_write.html",
        membership,
        status=status,
        form=form,
        refusal=refusal,
        kind=AutomationRule.Kind(kind),
        rule=rule,
        lost=bool(request.FILES),
        limit_mb=settings.MAX_UPLOAD_MB,
        nav="rules",
    )


def _written(
    membership: Membership, kind: str, rule: AutomationRule | None, form: RuleForm
) -> AutomationRule:
    given: dict[str, Any] = {"settings": form.settings_given(), "notice_list": _list_of(membership, form)}
    if rule is None:
        return verbs.add_rule(review=membership.review, by=membership.user, kind=kind, **given)
    return verbs.replace_rule(rule=rule, by=membership.user, **given)


def _list_of(membership: Membership, form: RuleForm) -> NoticeList | None:
    """The list a form names or brings."""
    data = form.cleaned_data
    file, text = data.get("file"), (data.get("text") or "").strip()
    if not file and not text:
        return data.get("notice_list")
    return verbs.add_list(
        review=membership.review,
        by=membership.user,
        name=data["list_name"],
        data=file.file if file else io.BytesIO(text.encode("utf-8", "replace")),
    )


@require_POST
def rule_retire(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a rule out of force."""
    membership = membership_or_404(request.user, slug, may="rules")
    rule = get_object_or_404(AutomationRule, review=membership.review, pk=pk)
    try:
        verbs.retire_rule(rule=rule, by=membership.user, reason=request.POST.get("reason", "")[:300])
    except Refused as no:
        return _show(request, membership, status=no.status, refusal=no)
    out = out_by(membership.review, "rule").get(rule.pk, 0)
    stays = f" The {out:,} records it took out stay out until you bring them back." if out else ""
    messages.success(request, f"Retired: {rule.words}.{stays}")
    return redirect("rules", slug)


@require_POST
def rule_move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One place up or down. Moving what has no further to go is no error: somebody may have been quicker."""
    membership = membership_or_404(request.user, slug, may="rules")
    order = [rule.pk for rule in verbs.rules_in_force(membership.review)]
    place = order.index(pk) if pk in order else 0
    target = place + {"up": -1, "down": 1}.get(request.POST.get("direction", ""), 0)
    if pk in order and target != place and 0 <= target < len(order):
        order[place], order[target] = order[target], order[place]
        verbs.reorder_rules(review=membership.review, by=membership.user, order=order)
        messages.success(request, f"That rule is now number {target + 1}.")
    return redirect("rules", slug)


# ---------------------------------------------------------------- applying, undoing


@require_safe
@never_cache
def rules_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the rules would do now."""
    membership = membership_or_404(request.user, slug, may="rules")
    return page(request, "reviews/rules_preview.html", membership, preview=preview(membership), nav="rules")


@require_POST
def rules_apply(request: HttpRequest, slug: str) -> HttpResponse:
    """Apply the rules of the preview that was seen; in a large review a worker does it."""
    membership = membership_or_404(request.user, slug, may="rules")
    review, by = membership.review, membership.user
    seen = [int(key) for key in request.POST.getlist("rule") if key.isascii() and key.isdigit()]
    up_to = request.POST.get("up_to", "")
    last = int(up_to) if up_to.isascii() and up_to.isdigit() and len(up_to) < 10 else 0
    if wants_a_worker(review):
        job = apply_in_a_worker(membership, expected=seen, up_to=last)
        return redirect("job", slug, job.pk)
    try:
        done = applying_rules.apply_rules(review=review, by=by, expected=seen, up_to=last)
    except Refused as no:
        return _show(request, membership, status=no.status, refusal=no)
    messages.success(request, in_words(done.removed, done.records))
    return redirect("rule_application", slug, done.pk)


def wants_a_worker(review: Review) -> bool:
    """Whether the review is so large that a worker had better apply its rules."""
    return Record.objects.filter(review=review).to_screen().count() > AT_ONCE


def apply_in_a_worker(membership: Membership, *, expected: list[int] | None, up_to: int | None) -> Job:
    """Start the job that applies the rules; one that waits to do just this is taken instead."""
    job = jobs.start_unless_waiting(
        review=membership.review,
        kind=Job.Kind.RULES,
        by=membership.user,
        arguments={"expected": expected, "up_to": up_to},
    )
    queue_job_on_commit(job.pk)
    return Job.objects.select_related("review", "started_by", "search").get(pk=job.pk)


def in_words(removed: int, records: int) -> str:
    """What an application did, in a sentence."""
    if not removed:
        return f"No rule took out any of {records:,} records."
    verb = "was" if removed == 1 else "were"
    return f"{removed:,} of {records:,} records {verb} marked as ineligible. Each can be brought back."


@require_POST
def rules_undo(request: HttpRequest, slug: str) -> HttpResponse:
    """Bring back what an application, a rule, or a rule in an application took out."""
    membership = membership_or_404(request.user, slug, may="rules")
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _show(request, membership, status=422, undo_form=form)
    wanted = {name: _chosen(membership, name, form.cleaned_data[name]) for name in ("application", "rule")}
    try:
        undo = applying_rules.undo_rules(
            review=membership.review, by=membership.user, reason=form.cleaned_data["reason"], **wanted
        )
    except Refused as no:
        return _show(request, membership, status=no.status, refusal=no)
    messages.success(
        request,
        f"{undo.restored:,} record{'s are' if undo.restored != 1 else ' is'} back and wait to be screened.",
    )
    if wanted["application"]:
        return redirect("rule_application", slug, wanted["application"].pk)
    return redirect("rules", slug)


def _chosen(membership: Membership, name: str, pk: int | None) -> Any:
    """The application or the rule of this review with this key; None where none was named."""
    if pk is None:
        return None
    table = {"application": RuleApplication, "rule": AutomationRule}[name]
    return get_object_or_404(table, review=membership.review, pk=min(pk, LARGEST_NUMBER))


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/rules/", rules, name="rules"),
    path("r/<slug:slug>/rules/new/<slug:kind>/", rule_new, name="rule_new"),
    path("r/<slug:slug>/rules/preview/", rules_preview, name="rules_preview"),
    path("r/<slug:slug>/rules/apply/", rules_apply, name="rules_apply"),
    path("r/<slug:slug>/rules/undo/", rules_undo, name="rules_undo"),
    path("r/<slug:slug>/rules/<int:pk>/replace/", rule_replace, name="rule_replace"),
    path("r/<slug:slug>/rules/<int:pk>/retire/", rule_retire, name="rule_retire"),
    path("r/<slug:slug>/rules/<int:pk>/move/", rule_move, name="rule_move"),
    path("r/<slug:slug>/rules/applications/<int:pk>/", rule_application, name="rule_application"),
]
