"""Which rule marked how many records as ineligible: the parts of PRISMA's box of automation tools, and their words."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Prefetch, Q, QuerySet

from reviews.models import AutomationRule, Record, Removal, Review

BOX = {"dbr": "excluded_automatic", "other": "other_excluded_automatic"}
LABEL_LENGTH = 90


@dataclass(frozen=True)
class Ruled:
    """One rule's part of the box in one arm; rules that say the same (one replaced and written anew) are one."""

    arm: str
    words: str
    n: int
    box: str

    @property
    def label(self) -> str:
        """The rule in words, short enough for a diagram."""
        return (
            self.words if len(self.words) <= LABEL_LENGTH else f"{self.words[: LABEL_LENGTH - 1].rstrip()}…"
        )


def by_rule(marked: QuerySet[Any], arms: Mapping[str, Collection[str]]) -> tuple[Ruled, ...]:
    """The parts, of the records marked by automation with what is known of them (prisma._facts). One query.

    In the order of the rules, the left arm first; `arms` are the kinds of searches of each.
    """
    rows = (
        marked.values_list("search__kind", "removal__rule__words")
        .annotate(first=Min("removal__rule_id"), place=Min("removal__rule__position"), n=Count("pk"))
        .order_by("place", "first")
    )
    found: dict[tuple[str, str], Ruled] = {}
    for kind, words, first, _place, n in rows:
        arm = next(arm for arm, kinds in arms.items() if kind in kinds)
        so_far = found.get((arm, words))
        box = so_far.box if so_far else f"{BOX[arm]}-{first}"
        found[arm, words] = Ruled(arm, words, n + (so_far.n if so_far else 0), box)
    return tuple(sorted(found.values(), key=lambda part: list(arms).index(part.arm)))


def condition_of(review: Review, key: str) -> Q | None:
    """What holds of the records of a part, by the key of one of its rules; None where there is no such rule."""
    rule = AutomationRule.objects.filter(review=review, pk=key).first()
    return Q(removal__rule__words=rule.words) if rule else None


def with_removals(records: QuerySet[Record]) -> QuerySet[Record]:
    """These records with `live_removals`: at most one each, with its rule and who did it."""
    live = Removal.objects.filter(withdrawn_at__isnull=True).select_related("rule", "by")
    return records.prefetch_related(Prefetch("removals", live, to_attr="live_removals"))


def in_words(parts: Iterable[Ruled]) -> str:
    """The rules of a box with their numbers, for a sentence: "language is not English: 12; year is ...: 3"."""
    numbers: Counter[str] = Counter()
    for part in parts:
        numbers[part.words] += part.n
    return "; ".join(f"{words}: {n:,}" for words, n in numbers.items())
