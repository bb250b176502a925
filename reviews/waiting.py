"""What waits for a person in a review: a door that only reads, for the home page. Blind like every queue."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from extraction.design import published_form
from extraction.models import Sheet
from reviews.applying_rules import unchecked
from reviews.dedup import waiting_pairs
from reviews.models import Membership, Record, Study
from reviews.permissions import allows
from reviews.prisma import Flow
from screening.models import Conflict, Protocol, Stage
from screening.queue import waiting_for
from screening.retrieval import included_reports


@dataclass(frozen=True)
class Waiting:
    """One line of the list: what waits, how many, and where to do it."""

    words: str
    n: int
    url: str


def waiting(membership: Membership, flow: Flow) -> list[Waiting]:
    """Everything that waits for this person, in the order of the work; what they may not do is left out."""
    review, user, slug = membership.review, membership.user, membership.review.slug
    lines: list[Waiting] = []
    if allows(membership, "dedup"):
        pairs = waiting_pairs(review).count()
        lines.append(Waiting("Possible duplicates to judge", pairs, reverse("duplicates", args=[slug])))
    if allows(membership, "rules"):
        new = len(unchecked(review))
        lines.append(Waiting("Records not checked against the rules", new, reverse("rules", args=[slug])))
    if allows(membership, "screen"):
        for stage, words in (
            (Stage.TITLE_ABSTRACT, "Titles and abstracts to screen"),
            (Stage.FULL_TEXT, "Full texts to screen"),
        ):
            n = waiting_for(review, stage, user).count()
            lines.append(Waiting(words, n, reverse("screen", args=[slug, stage.value])))
    if allows(membership, "resolve"):
        lines.append(
            Waiting("Conflicts to settle", _conflicts(membership), reverse("conflicts", args=[slug]))
        )
    if allows(membership, "retrieve"):
        n = flow.n("dbr_awaiting_retrieval") + flow.n("other_awaiting_retrieval")
        lines.append(Waiting("Reports to retrieve", n, reverse("reports", args=[slug])))
        unlinked = flow.n("unlinked_reports")
        lines.append(
            Waiting("Included reports to link to a study", unlinked, reverse("reports", args=[slug]))
        )
    if allows(membership, "extract"):
        lines.append(Waiting("Sheets to fill", _sheets(membership), reverse("extraction", args=[slug])))
    return lines


def _conflicts(membership: Membership) -> int:
    """Open conflicts of records that are still to be judged; who may resolve may see them."""
    records = Record.objects.filter(review=membership.review).to_screen()
    return Conflict.objects.filter(record__in=records, closed_at__isnull=True).count()


def _sheets(membership: Membership) -> int:
    """Studies of included reports whose sheet waits for this person: begun by them, or still wanted of somebody."""
    form = published_form(membership.review)
    if form is None:
        return 0
    wanted = Protocol.of(membership.review, Stage.EXTRACTION).reviewers_wanted
    included = included_reports(membership.review).filter(study=OuterRef("pk"))
    sheets = Sheet.objects.filter(study=OuterRef("pk"), form=form, extractor=membership.user)
    return (
        Study.objects.filter(Exists(included), review=membership.review)
        .exclude(Exists(sheets.filter(submitted_at__isnull=False)))
        .annotate(taken=Count("sheets", filter=Q(sheets__form=form)), mine=Exists(sheets))
        .filter(Q(mine=True) | Q(taken__lt=wanted))
        .count()
    )
