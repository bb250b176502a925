"""Long work for programs: the list, one job, cancelling it."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import audit
from reviews import jobs as verbs
from reviews.models import Job, Membership, User
from reviews.permissions import membership_or_404

SHOWN = 100


def as_json(job: Job, reader: User | None = None) -> dict[str, Any]:
    """A job (select_related review, started_by, search). Moments are null while they have not come.

    The name of a file may tell what list of another tool it holds: it is for whoever brought the file, and null
    to another `reader` (who may find it on the search, where it is not sealed).
    """
    left = job.seconds_left(audit.now())
    return {
        "id": job.pk,
        "kind": job.kind,
        "state": job.state,
        "started_by": job.started_by.name,
        "started_at": job.started_at,
        "begun_at": job.begun_at,
        "ended_at": job.finished_at or job.failed_at or job.cancelled_at,
        "file_name": job.file_name if reader in (None, job.started_by) else None,
        "phase": job.phase,
        "done": job.done,
        "of": job.of,
        "seconds_left": None if left is None else round(left),
        "search": job.search_id if job.search and job.search.arrived_at else None,
        "result": job.result,
        "error": job.error,
    }


def accepted(job: Job, **more: Any) -> Response:
    """202 with the job, and its address: what a POST that starts one answers."""
    where = reverse("api_job", args=[job.review.slug, job.pk])
    return Response({"job": as_json(job)} | more, status=202, headers={"Location": where})


def _job(membership: Membership, pk: int) -> Job:
    jobs = Job.objects.select_related("review", "started_by", "search")
    return get_object_or_404(jobs, review=membership.review, pk=pk)


class JobsView(APIView):
    """GET -> {"jobs": [...]}, the newest first."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        jobs = Job.objects.filter(review=membership.review).select_related("review", "started_by", "search")
        return Response({"jobs": [as_json(job, membership.user) for job in jobs.order_by("-pk")[:SHOWN]]})


class JobView(APIView):
    """GET -> one job: how far it is, and what came of it.

    Its state is held, waiting, working, cancelling, finished, failed or cancelled.
    """

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        return Response(as_json(_job(membership, pk), membership.user))


class CancelView(APIView):
    """POST: stop a job; an import that is cancelled leaves nothing -> the job."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        verbs.cancel(job=_job(membership, pk))
        return Response(as_json(_job(membership, pk), membership.user))


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/jobs/", JobsView.as_view(), name="api_jobs"),
    path("r/<slug:slug>/jobs/<int:pk>/", JobView.as_view(), name="api_job"),
    path("r/<slug:slug>/jobs/<int:pk>/cancel/", CancelView.as_view(), name="api_job_cancel"),
]
