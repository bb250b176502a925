"""A paper as all its duplicates tell it: the record that stays, what else found it, the best of each field. Reads only.

This is what people read and what models are sent at title and abstract (`text`, with its sha256 in `text_sha256`):
the record's own title and abstract, and a duplicate's where its own is missing or cut off (best_fields.py has the
rule, docs/adr/0012-what-duplicates-share.md why). A linked record is read as itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from .best_fields import FIELDS, Best, best_of
from .duplicate_groups import chunks
from .models import Event, Record, Search, Verb
from .models.corpus import sha256_of


@dataclass(frozen=True)
class Merged:
    """`record` with the duplicates of it that count (`members`, itself first) and the best of their fields."""

    record: Record
    members: tuple[Record, ...]
    best: Best

    @property
    def text(self) -> str:
        """What is read and what quotes point into: title, blank line, abstract."""
        return self._as_one.text

    @property
    def heading(self) -> str:
        """The title, or the first words where no title was found."""
        return self._as_one.heading

    @property
    def _as_one(self) -> Record:
        return Record(title=self.best.title, abstract=self.best.abstract)

    @property
    def text_sha256(self) -> str:
        """Which version of the text this is."""
        return sha256_of(self.text)

    @property
    def found_by(self) -> list[Search]:
        """The searches that found the paper and count, in the order they were imported."""
        searches = {each.search_id: each.search for each in self.members if not each.search.withdrawn_at}
        return [searches[key] for key in sorted(searches)]

    @property
    def borrowed(self) -> dict[str, tuple[Record, ...]]:
        """For each field that is not this record's alone: the members it is from."""
        by_number = {each.number: each for each in self.members}
        return {
            name: tuple(by_number[number] for number in self.best.origins[name])
            for name in FIELDS
            if self.best.origins.get(name, ()) not in ((), (self.record.number,))
        }


def merged(record: Record) -> Merged:
    """One record with its duplicates. One query, a second where there are any."""
    return merged_many([record])[record.pk]


def merged_many(records: Collection[Record]) -> dict[int, Merged]:
    """Records with their duplicates, by key. Two queries for every 500 records, and one for their searches."""
    prefetch_related_objects(list(records), "search")
    linked: dict[int, list[Record]] = defaultdict(list)
    for chunk in chunks(record.pk for record in records if record.duplicate_of_id is None):
        found = Record.objects.filter(duplicate_of__in=chunk).found().select_related("search").defer("raw")
        for each in found.order_by("number"):
            if each.duplicate_of_id:
                linked[each.duplicate_of_id].append(each)
    keys = [*linked, *(each.pk for members in linked.values() for each in members)]
    corrected = corrections(keys)
    return {
        record.pk: Merged(
            record, members := (record, *linked.get(record.pk, ())), best_of(members, corrected)
        )
        for record in records
    }


def found_by(records: Collection[Record]) -> dict[int, list[Search]]:
    """By key of a record: the searches that found its paper and count. Two queries; no text is loaded."""
    found: dict[int, set[int]] = {record.pk: {record.search_id} for record in records}
    for chunk in chunks(found):
        linked = Record.objects.filter(duplicate_of__in=chunk).order_by()
        for original, search in linked.values_list("duplicate_of", "search").distinct():
            found[original or 0].add(search)
    counting = Search.objects.filter(pk__in=set().union(*found.values()), withdrawn_at__isnull=True)
    by_key = {search.pk: search for search in counting.defer("strategy", "limits", "filters")}
    return {pk: [by_key[key] for key in sorted(keys) if key in by_key] for pk, keys in found.items()}


def corrections(keys: Iterable[int]) -> dict[int, set[str]]:
    """By key of the record: the fields that people corrected, as the trail tells."""
    found: dict[int, set[str]] = defaultdict(set)
    for chunk in chunks(keys):
        events = Event.objects.filter(record__in=chunk, verb=Verb.RECORD_CORRECTED).order_by()
        for key, after in events.values_list("record_id", "after"):
            found[key or 0].update(after)
    return found
