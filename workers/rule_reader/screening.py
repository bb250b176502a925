"""Judges each criterion of a review against one document, by rule.

For each facet that the criterion asks for:

1. Disease. Shown where it, a kind of it, or its abbreviation is named as the studied population. Contrary when an
   unrelated disease is in the title or is named at least three times as often, and the one asked for is nowhere the
   studied population. Never contrary for want of a mention alone.
2. Design. Shown where the paper claims it for itself. Contrary when it claims a design that excludes the one asked for
   at least as plainly; "non-interventional" outweighs "prospective". Where an observational and a trial design are
   both claimed, unclear.
3. Kind of document. By its signs: a news item says "according to a study published in", "the authors concluded", and
   ends with one citation; a primary report says "we enrolled", "the objective of this trial".
4. Age group. Contrary only when the other group alone is shown. A paper that is silent about age does not fail.
5. Drugs, and words that no facet accounts for. Shown where they are found; never contrary.

A criterion is met when every facet is shown, not met when one is contrary, otherwise unclear with no quote. Inclusion
and exclusion criteria are read alike: "met" says that the criterion's statement is true of the document; but for an
exclusion criterion leftover words must be found in a sentence without a negation.
"""

from dataclasses import dataclass

from .asking import Ask, read_criterion
from .designs import CONTRARY, OBSERVING
from .documents import AGE_SHOWN, KIND_SIGNS
from .findings import Evidence, Paper
from .lexicon import are_related
from .words import NEGATION

MET, NOT_MET, UNCLEAR = "met", "not_met", "unclear"


@dataclass(frozen=True)
class Finding:
    """What one facet comes to. `evidence` holds every sentence that shows it, best first or not."""

    facet: str
    verdict: str
    evidence: tuple[Evidence, ...] = ()
    rule: str = ""


def judge_all(criteria: list[dict], raw: str) -> list[dict]:
    """One judgement for each criterion, in order: criterion, quote, reasoning, verdict."""
    paper = Paper(raw)
    return [judge(criterion, paper) for criterion in criteria]


def judge(criterion: dict, paper: Paper) -> dict:
    """Judge one criterion: {"id", "kind", "label", "text"}."""
    ask = read_criterion(str(criterion.get("label", "")), str(criterion.get("text", "")))
    findings = [finding for finding in _findings(ask, paper, criterion.get("kind") == "exclude") if finding]
    verdict, quote, reasoning = _combine(findings, ask, paper)
    return {
        "criterion": str(criterion["id"]),
        "quote": quote,
        "reasoning": " ".join(reasoning.split()[:40]),
        "verdict": verdict,
    }


def _findings(ask: Ask, paper: Paper, is_exclusion: bool) -> list[Finding | None]:
    return [
        _drug_finding(ask, paper) if ask.drugs else None,
        _disease_finding(ask, paper) if ask.diseases else None,
        _design_finding(ask, paper) if ask.designs or ask.unwanted_designs else None,
        _kind_finding(ask, paper) if ask.kinds or ask.unwanted_kinds else None,
        _word_finding(ask, paper, is_exclusion) if ask.words else None,
        _age_finding(ask, paper) if ask.ages else None,
    ]


def _combine(findings: list[Finding], ask: Ask, paper: Paper) -> tuple[str, str, str]:
    """(verdict, quote, reasoning) from what the facets came to."""
    if not findings:
        return UNCLEAR, "", "No rule covers the words of this criterion; a person must judge it."
    contrary = next((finding for finding in findings if finding.verdict == NOT_MET), None)
    if contrary:
        best = max(contrary.evidence, key=lambda evidence: evidence.weight)
        return NOT_MET, _quoted(paper, best), contrary.rule
    missing = [finding for finding in findings if finding.verdict == UNCLEAR and finding.facet != "age"]
    if missing:
        return UNCLEAR, "", missing[0].rule
    shown = [finding for finding in findings if finding.verdict == MET]
    if ask.unread or not shown:
        return UNCLEAR, "", "Part of this criterion is beyond the rules; a person must judge it."
    rules = "; ".join(finding.rule.rstrip(".") for finding in findings)
    return MET, _quoted(paper, _best_sentence(shown)), f"{rules}."


def _best_sentence(shown: list[Finding]) -> Evidence:
    """The sentence that shows most facets; then the plainest; then the earliest."""
    weights: dict[int, int] = {}
    for finding in shown:
        best_here: dict[int, int] = {}
        for evidence in finding.evidence:
            number = evidence.sentence.number
            best_here[number] = max(best_here.get(number, 0), evidence.weight)
        for number, weight in best_here.items():
            weights[number] = weights.get(number, 0) + weight
    first = shown[0].evidence
    pool = [evidence for finding in shown for evidence in finding.evidence] or list(first)
    return max(
        pool,
        key=lambda evidence: (weights[evidence.sentence.number], -evidence.sentence.number, -evidence.start),
    )


def _quoted(paper: Paper, evidence: Evidence) -> str:
    sentence = evidence.sentence
    return paper.text.quote(sentence.start, sentence.end, keep=(evidence.start, evidence.end))


def _drug_finding(ask: Ask, paper: Paper) -> Finding:
    found = {name: paper.drug(name) for name in ask.drugs}
    given = {name: [e for e in evidence if e.weight >= 2] for name, evidence in found.items()}
    shown = [name for name, evidence in given.items() if evidence]
    if (ask.all_drugs and len(shown) == len(ask.drugs)) or (shown and not ask.all_drugs):
        evidence = tuple(e for name in shown for e in given[name])
        return Finding("drug", MET, evidence, f"Drug rule: the paper's treatment names {' and '.join(shown)}")
    return Finding("drug", UNCLEAR, (), f"Drug rule: not shown that {' or '.join(ask.drugs)} is given here.")


def _disease_finding(ask: Ask, paper: Paper) -> Finding:
    asked = " or ".join(ask.diseases)
    evidence = paper.diseases(ask.diseases)
    studied = tuple(e for e in evidence if e.weight >= 2)
    if studied:
        return Finding("disease", MET, studied, f"Disease rule: {asked} is named as the studied population")
    other = _dominating_disease(ask, paper, len(evidence))
    if other is not None:
        name, shown = other
        return Finding(
            "disease", NOT_MET, (shown,), f"Disease rule: the studied population has {name}, not {asked}."
        )
    return Finding(
        "disease", UNCLEAR, (), f"Disease rule: {asked} is not shown to be the studied population."
    )


def _dominating_disease(ask: Ask, paper: Paper, times_asked: int) -> tuple[str, Evidence] | None:
    """An unrelated disease that the title names, or that is named three times as often (and at least three times)."""
    for name in paper.titled():
        shown = paper.evidence_of(name)
        if shown and not any(are_related(name, asked) for asked in ask.diseases):
            return name, shown
    if (
        any(are_related(name, asked) for name in paper.disease_counts() for asked in ask.diseases)
        and not times_asked
    ):
        return None  # a broader disease is named: the one asked for may be among it
    for name, count in paper.disease_counts().most_common():
        shown = paper.evidence_of(name)
        unrelated = not any(are_related(name, asked) for asked in ask.diseases)
        if unrelated and shown and shown.weight >= 2 and count >= 3 * max(1, times_asked):
            return name, shown
    return None


def _design_finding(ask: Ask, paper: Paper) -> Finding:
    claimed = paper.designs
    wanted = [names for names in ask.designs if names <= claimed.keys()]
    support = max((min(claimed[name].weight for name in names) for names in wanted), default=0)
    against = _contrary_designs(ask, set(claimed))
    if against:
        name = max(against, key=lambda n: (n == "non-interventional", claimed[n].weight))
        weight = claimed[name].weight
        if weight >= 2 and (name == "non-interventional" or weight >= support):
            beaten = " and outweighs the trial's other words" if support else ""
            return Finding(
                "design", NOT_MET, (claimed[name],), f"Design rule: the paper calls itself {name}{beaten}."
            )
        if support and OBSERVING & against and weight >= 2:
            return Finding(
                "design",
                UNCLEAR,
                (),
                f"Design rule: both a trial and {name} are claimed; a person must look.",
            )
    phases = paper.phases
    if ask.phases and phases and not ask.phases & phases and "phase" in claimed:
        named = " and ".join(str(number) for number in sorted(phases))
        return Finding("design", NOT_MET, (claimed["phase"],), f"Design rule: the paper is of phase {named}.")
    if wanted and support >= 1 and (not ask.phases or ask.phases & phases):
        names = max(wanted, key=lambda n: min(claimed[name].weight for name in n))
        evidence = tuple(claimed[name] for name in names)
        return Finding("design", MET, evidence, f"Design rule: the paper shows {' and '.join(sorted(names))}")
    return Finding("design", UNCLEAR, (), "Design rule: the paper does not state a design that settles this.")


def _contrary_designs(ask: Ask, claimed: set[str]) -> set[str]:
    """Claimed designs that the criterion refuses, or that exclude every alternative it asks for."""
    refused = set(ask.unwanted_designs & claimed)
    per_alternative = [
        frozenset().union(*(CONTRARY.get(name, frozenset()) for name in names)) & claimed
        for names in ask.designs
    ]
    if per_alternative and all(per_alternative):
        refused |= set().union(*per_alternative)
    return refused


def _kind_finding(ask: Ask, paper: Paper) -> Finding:
    wanted = ask.kinds or frozenset(KIND_SIGNS) - ask.unwanted_kinds
    signs = paper.kinds
    primary = signs["primary report"][0] if "primary report" in signs else 0
    secondary = {name: found for name, found in signs.items() if name != "primary report" and found[0] >= 2}
    strongest = max(secondary, key=lambda name: secondary[name][0], default="")
    if strongest and secondary[strongest][0] > primary:
        verdict = MET if strongest in wanted else NOT_MET
        return Finding(
            "kind", verdict, (secondary[strongest][1],), f"Document rule: it has the signs of a {strongest}."
        )
    if primary >= 2:
        verdict = MET if "primary report" in wanted else NOT_MET
        return Finding(
            "kind", verdict, (signs["primary report"][1],), "Document rule: it reports its own study."
        )
    return Finding("kind", UNCLEAR, (), "Document rule: no sign of what kind of document this is.")


def _word_finding(ask: Ask, paper: Paper, is_exclusion: bool) -> Finding:
    for stems in ask.words:
        evidence = paper.words(stems)
        if is_exclusion:
            evidence = [e for e in evidence if len(stems) > 1 and not NEGATION.search(e.sentence.low)]
        if evidence:
            return Finding(
                "words", MET, tuple(evidence), "Word rule: one sentence has all the words asked for"
            )
    return Finding(
        "words", UNCLEAR, (), "Word rule: no sentence has all the words that this criterion asks for."
    )


def _age_finding(ask: Ask, paper: Paper) -> Finding:
    shown = {name: evidence for name, evidence in paper.ages.items() if evidence.weight >= 1}
    asked = [shown[name] for name in ask.ages if name in shown]
    if asked:
        return Finding("age", MET, tuple(asked), f"Age rule: {' and '.join(sorted(ask.ages))} shown")
    others = [shown[name] for name in AGE_SHOWN if name in shown and name not in ask.ages]
    if others and others[0].weight >= 2:
        return Finding(
            "age", NOT_MET, tuple(others), "Age rule: another age group is the studied population."
        )
    return Finding("age", UNCLEAR, (), "age is not stated")
