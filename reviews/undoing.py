"""Undoing an import, and taking it back.

An undone import withdraws its search: the records stay in the table, with every vote on them, and count nowhere
until the search is restored. Nothing is ever deleted by it, so it can be done at any stage.
"""

from django.db import transaction

from . import audit
from .arriving import refuse_second_time
from .duplicate_groups import reelect
from .models import Search, User, Verb
from .record_rows import storable
from .refusals import BadInput, Refused


def withdraw_search(*, search: Search, by: User, reason: str) -> Search:
    """Undo an import: its records stay, with every vote and link, and count nowhere.

    What of duplicates whose original was in this search: the group stays a group, and another member that
    still counts becomes the one that stays (see duplicate_groups.reelect). So the paper remains in the
    review as long as any search that found it does. The event names each change.

    Raises:
        BadInput: no reason.
        Refused: the import was undone already.
    """
    reason = _required(reason, "undoing an import")
    with transaction.atomic():
        search = _locked(search)
        if search.withdrawn_at:
            raise Refused("This import was undone already.")
        search.withdrawn_at = audit.now()
        search.save(update_fields=["withdrawn_at"])
        _log(Verb.SEARCH_WITHDRAWN, search, by, reason)
    return search


def restore_search(*, search: Search, by: User, reason: str = "") -> Search:
    """Take an undone import back: its records count again, with the votes they had.

    Groups that got another original meanwhile choose again: the member with more votes stays, so those of
    the original come back.

    Raises:
        Refused: it was not undone, or the same file was imported again since.
    """
    with transaction.atomic():
        search = _locked(search)
        if not search.withdrawn_at:
            raise Refused("This import was not undone.")
        refuse_second_time(search)
        search.withdrawn_at = None
        search.save(update_fields=["withdrawn_at"])
        _log(Verb.SEARCH_RESTORED, search, by, reason.strip())
    return search


def _log(verb: Verb, search: Search, by: User, reason: str) -> None:
    """Choose the originals of the groups this search has a part in anew, and write the event."""
    moved = reelect(records=search.records.all())
    audit.log(
        review=search.review,
        verb=verb,
        actor=by,
        subject={"search": search.pk},
        after={
            "source": search.source,
            "records": search.records.count(),
            "originals": [{"was": was, "now": now} for was, now in moved],
        },
        reason=reason,
    )


def _locked(search: Search) -> Search:
    return (
        Search.objects.select_for_update(no_key=True, of=("self",)).select_related("review").get(pk=search.pk)
    )


def _required(reason: str, what: str) -> str:
    if not reason.strip():
        raise BadInput(
            f"No reason was given for {what}.", mend="Say in a few words why; it stands in the trail."
        )
    return storable(reason).strip()
