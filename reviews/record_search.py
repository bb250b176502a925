"""Finding records by what a person types into a search box. Reads only."""

import json
import re

from django.db.models import Q, QuerySet

from .models import Record

MOST_WORDS = 8
LARGEST_NUMBER = 2**31 - 1


def number_in(text: str) -> int | None:
    """The whole number that a text is, if it is one that a record or a year can have."""
    text = text.strip()
    known = text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_NUMBER
    return int(text) if known else None


def matching(records: QuerySet[Record], words: str) -> QuerySet[Record]:
    """Those of `records` that fit what was typed: #12, a DOI, or words (and PubMed numbers) that must all occur.

    Words are looked for in title, abstract, authors and journal, whatever their capitals.
    """
    words = re.sub(r"^https?://(?:dx\.)?doi\.org/", "", words.replace("\x00", "").strip(), flags=re.I)
    if found := re.fullmatch(r"#\s*(\d{1,9})", words):
        return records.filter(number=int(found[1]))
    if re.fullmatch(r"10\.\d{4,9}/\S+", words):
        return records.filter(doi=words.lower())
    for word in words.split()[:MOST_WORDS]:
        # Names are kept as JSON: SQLite has its letters beyond ASCII written as \u00e9.
        escaped = json.dumps(word)[1:-1]
        anywhere = Q(title__icontains=word) | Q(abstract__icontains=word) | Q(journal__icontains=word)
        anywhere |= Q(authors__icontains=word) | Q(authors__icontains=escaped)
        if number_in(word) is not None:
            anywhere |= Q(pmid=word) | Q(number=int(word))
        records = records.filter(anywhere)
    return records
