"""Mending what a record says. The raw entry is never touched; the wording before is kept."""

import re
from typing import Any

from django.db import transaction

from . import audit
from .importing import YEARS, storable
from .models import Record, TextVersion, User, Verb
from .refusals import BadInput

TEXTS = ("title", "abstract", "journal", "volume", "issue", "pages", "doi", "pmid", "language", "url")
LISTS = ("authors", "registry_ids", "keywords", "mesh", "publication_types")
CORRECTABLE = (*TEXTS, "year", *LISTS)
LONGEST_LIST, LONGEST_ENTRY = 5000, 1000


def correct_record(*, record: Record, by: User, reason: str, **fields: Any) -> Record:
    """Change what a record says (any of CORRECTABLE); what it said before stands in the trail.

    When title or abstract change, the text as it was is kept as a TextVersion, so that quotes taken from it
    still point at something.

    Raises:
        BadInput: no reason, a field that cannot be corrected or does not fit, or no change at all.
    """
    reason = _reason(reason, "a correction")
    wanted = {name: _checked(name, value) for name, value in fields.items()}
    with transaction.atomic():
        record = _locked(record)
        changed = {name: value for name, value in wanted.items() if getattr(record, name) != value}
        if not changed:
            raise BadInput("Nothing in this correction differs from the record.")
        if not changed.get("title", record.title) and not changed.get("abstract", record.abstract):
            raise BadInput("A record without title and abstract cannot be judged.", mend="Leave one of them.")
        before = {name: getattr(record, name) for name in changed}
        if {"title", "abstract"} & set(changed):
            TextVersion.objects.get_or_create(
                record=record,
                sha256=record.text_sha256,
                defaults={
                    "title": record.title,
                    "abstract": record.abstract,
                    "replaced_by": by,
                    "replaced_at": audit.now(),
                },
            )
        for name, value in changed.items():
            setattr(record, name, value)
        record.save(update_fields=list(changed))
        audit.log(
            review=record.review,
            verb=Verb.RECORD_CORRECTED,
            actor=by,
            record=record,
            before=before,
            after=changed,
            reason=reason,
        )
    return record


def _checked(name: str, value: Any) -> Any:
    """The value as it may be stored."""
    if name in TEXTS:
        if not isinstance(value, str):
            raise BadInput(f"The {name} must be text.")
        return _fitting(name, storable(value).replace("\r\n", "\n").strip())
    if name == "year":
        if value is not None and (
            not isinstance(value, int) or isinstance(value, bool) or value not in YEARS
        ):
            raise BadInput(
                "The year is no year of publication.", mend="Give four figures, or leave it empty."
            )
        return value
    if name in LISTS:
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise BadInput(f"The {name.replace('_', ' ')} must be a list of texts.")
        entries = [entry for each in value if (entry := storable(each).strip())]
        if len(entries) > LONGEST_LIST or any(len(each) > LONGEST_ENTRY for each in entries):
            raise BadInput(f"The list of {name.replace('_', ' ')} is too long.")
        return entries
    raise BadInput(f"“{name}” cannot be corrected.", mend=f"These can: {', '.join(CORRECTABLE)}.")


def _fitting(name: str, value: str) -> str:
    longest = getattr(Record._meta.get_field(name), "max_length", None)
    if longest and len(value) > longest:
        raise BadInput(f"The {name} is too long.", mend=f"Use at most {longest} characters.")
    if name == "doi":
        return re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", "", value.lower())
    if name == "pmid" and value and not (value.isascii() and value.isdigit()):
        raise BadInput("A PubMed number has only figures.")
    if name == "url" and value and not re.match(r"https?://", value, re.I):
        raise BadInput("A link begins with http:// or https://.")
    return value


def _locked(record: Record) -> Record:
    return (
        Record.objects.select_for_update(no_key=True, of=("self",))
        .select_related("review", "search", "duplicate_of")
        .get(pk=record.pk)
    )


def _reason(reason: str, what: str) -> str:
    if not reason.strip():
        raise BadInput(
            f"No reason was given for {what}.", mend="Say in a few words why; it stands in the trail."
        )
    return storable(reason).strip()
