"""What the rules before screening would do now, as one person may be told: a door that only reads.

That somebody judged a record is not everybody's to know before it is settled (screening/visibility.py). So only
judgements the reader may see are listed as "judged already, stays"; a record that others judged stands among those
that match, and stays all the same when the rules are applied.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from reviews.applying_rules import Match, look
from reviews.duplicate_groups import chunks, votes_on
from reviews.models import AutomationRule, Membership, Record
from screening.models import Stage
from screening.visibility import sees_votes

SHOWN = 20


@dataclass(frozen=True)
class Shown:
    """One record that a rule matches: its number and title, and the words that match."""

    number: int
    heading: str
    said: str


@dataclass(frozen=True)
class RulePreview:
    """What one rule would do: how many records it matches first, and the first of them.

    `judged` of them stay because of a judgement this person may see; `brought_back` because a person said so.
    """

    rule: AutomationRule
    n: int
    first: tuple[Shown, ...]
    judged: tuple[Shown, ...]
    n_judged: int
    brought_back: tuple[Shown, ...]
    n_brought_back: int


@dataclass(frozen=True)
class Preview:
    """What all rules would do: `n` of `looked_at` records up for screening, up to record number `up_to`."""

    rules: tuple[RulePreview, ...]
    n: int
    looked_at: int
    up_to: int


def preview(membership: Membership) -> Preview:
    """Look at every record up for screening with the rules in force. Changes nothing."""
    seen = look(membership.review)
    judged = judged_and_told(membership, [match.record for match in seen.matches])
    by_rule: dict[int, list[Match]] = defaultdict(list)
    stay: dict[int, list[Match]] = defaultdict(list)
    back: dict[int, list[Match]] = defaultdict(list)
    for match in seen.matches:
        (stay if match.record in judged else by_rule)[match.rule].append(match)
    for match in seen.brought_back:
        back[match.rule].append(match)
    headings = _headings(
        match.record for lists in (by_rule, stay, back) for each in lists.values() for match in each[:SHOWN]
    )

    def shown(matches: list[Match]) -> tuple[Shown, ...]:
        return tuple(Shown(m.number, headings[m.record], m.said) for m in matches[:SHOWN])

    rules = tuple(
        RulePreview(
            rule=rule,
            n=len(by_rule[rule.pk]),
            first=shown(by_rule[rule.pk]),
            judged=shown(stay[rule.pk]),
            n_judged=len(stay[rule.pk]),
            brought_back=shown(back[rule.pk]),
            n_brought_back=len(back[rule.pk]),
        )
        for rule in seen.rules
    )
    return Preview(rules, sum(each.n for each in rules), len(seen.numbers), max(seen.numbers, default=0))


def judged_and_told(membership: Membership, keys: Collection[int]) -> set[int]:
    """Of these records, those somebody judged and whose judgement this person may see."""
    told: set[int] = set()
    for chunk in chunks(votes_on(keys)):
        for stage in (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT):
            told |= sees_votes(membership.user, membership.review, stage, chunk)
    return told


def _headings(keys: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(keys):
        rows = Record.objects.filter(pk__in=chunk).only("title", "abstract")
        found.update((record.pk, record.heading) for record in rows)
    return found
