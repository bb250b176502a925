"""Check how a file was read: what a guess rests on, the first records, and the ways to read it otherwise."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reviews import checking
from reviews.forms.checking import ReadingForm
from reviews.models import Job, Membership
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused
from workers.tasks import queue_job_on_commit


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def job_check(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """How a held file is read. POST with `import`: let it in like this; without: read it again as was decided."""
    membership = membership_or_404(request.user, slug, may="import")
    job = get_object_or_404(
        Job.objects.select_related("review", "started_by"), pk=pk, review=membership.review
    )
    if job.kind != Job.Kind.IMPORT or job.state != "held":
        return redirect("job", slug, pk)
    checking.refuse_others(job, membership.user)
    looked = checking.look(job)
    if request.method != "POST":
        return _show(request, membership, job, looked, ReadingForm(None, job=job, looked=looked))
    form = ReadingForm(request.POST, job=job, looked=looked)
    if form.is_stale:
        changed = Refused(
            "How this file is read was changed meanwhile, perhaps in another window.",
            mend="This is how it stands now.",
        )
        fresh = ReadingForm(None, job=job, looked=looked)
        return _show(request, membership, job, looked, fresh, status=changed.status, refusal=changed)
    if not form.is_valid():
        return _show(request, membership, job, looked, form, status=422)
    try:
        job = checking.decide(
            job=job,
            by=membership.user,
            read_as=form.read_as(),
            kind=form.cleaned_data.get("kind", ""),
        )
        if "import" in request.POST and not form.shows_something_new:
            job = checking.let_it_in(job=job, by=membership.user)
            queue_job_on_commit(job.pk)
            return redirect("job", slug, pk)
    except Refused as no:
        return _show(request, membership, job, looked, form, status=no.status, refusal=no)
    if "import" in request.POST:
        messages.info(request, "The file was read again as you said. Nothing is imported before you see it.")
    return redirect("job_check", slug, pk)


def _show(
    request: HttpRequest,
    membership: Membership,
    job: Job,
    looked: checking.Looked,
    form: ReadingForm,
    **context: Any,
) -> HttpResponse:
    status = context.pop("status", 200)
    declared = job.argument("declared_count")
    shared: dict[str, Any] = {
        "job": job,
        "looked": looked,
        "form": form,
        "declared": declared,
        "differs": declared is not None and looked.found is not None and declared != looked.found,
        "kind": job.argument("kind"),
        "source": job.argument("source", ""),
        "nav": "searches",
    }
    return page(request, "reviews/job_check.html", membership, status=status, **(shared | context))


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/jobs/<int:pk>/check/", job_check, name="job_check"),
]
