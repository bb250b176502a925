"""From judgements to a proposal: what may exclude, what may not, and which reason is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.aggregation import FIRM_TIERS, combine, ground, unasked

TEXT = (
    "Adults\n\nWe gave plerixafor to 12 adults with multiple mye-\nloma and did not treat any animals at all."
)
CRITERIA = [
    {"id": 1, "kind": "include", "label": "Population", "text": "Adults."},
    {"id": 2, "kind": "include", "label": "Intervention", "text": "Plerixafor."},
    {"id": 3, "kind": "exclude", "label": "Animals", "text": "Animal studies."},
]
FOUND = "We gave plerixafor to 12 adults"
NOT_FOUND = "We gave plerixafor to 21 adults"
ELIDED = "We gave plerixafor to [...] with multiple myeloma"


def judged(criterion, verdict, quote=FOUND):
    return {"criterion": str(criterion), "verdict": verdict, "quote": quote, "reasoning": "R."}


def proposal(*judgements, stage="title_abstract", **more):
    return combine(ground(judgements, CRITERIA, TEXT), stage=stage, **more)


def answers(population, intervention, animals):
    return (judged(1, population), judged(2, intervention), judged(3, animals))


@pytest.mark.parametrize(
    ("said", "abstract", "full_text", "reason"),
    [
        (("met", "met", "not_met"), "include", "include", None),
        (("met", "unclear", "not_met"), "include", "unclear", None),
        (("unclear", "unclear", "unclear"), "include", "unclear", None),
        (("met", "met", "unclear"), "include", "include", None),
        (("not_met", "met", "not_met"), "exclude", "exclude", 1),
        (("met", "not_met", "not_met"), "exclude", "exclude", 2),
        (("met", "met", "met"), "exclude", "exclude", 3),
        (("not_met", "not_met", "met"), "exclude", "exclude", 1),
        (("unclear", "not_met", "met"), "exclude", "exclude", 2),
    ],
)
def test_the_rule_as_a_table(said, abstract, full_text, reason):
    at_abstract = proposal(*answers(*said))
    at_full_text = proposal(*answers(*said), stage="full_text")
    assert (at_abstract.verdict, at_abstract.reason) == (abstract, reason)
    assert (at_full_text.verdict, at_full_text.reason) == (full_text, reason)


@pytest.mark.parametrize("stage", ["title_abstract", "full_text"])
@pytest.mark.parametrize("quote", [NOT_FOUND, "", "   "])
def test_a_violation_whose_quote_is_not_in_the_text_never_excludes(stage, quote):
    combined = proposal(judged(1, "not_met", quote), judged(2, "met"), judged(3, "not_met"), stage=stage)
    assert combined.verdict == {"title_abstract": "include", "full_text": "unclear"}[stage]
    assert combined.reason is None
    first = combined.judgements[0]
    assert (first["said"], first["verdict"], first["tier"], first["start"]) == (
        "not_met",
        "unclear",
        "",
        None,
    )


def test_an_elided_quote_supports_an_inclusion_and_never_an_exclusion():
    assert ground([judged(1, "met", ELIDED)], CRITERIA[:1], TEXT)[0]["tier"] == "ellipsis"
    assert ground([judged(1, "met", ELIDED)], CRITERIA[:1], TEXT)[0]["verdict"] == "met"
    assert ground([judged(1, "not_met", ELIDED)], CRITERIA[:1], TEXT)[0]["verdict"] == "unclear"
    assert ground([judged(3, "met", ELIDED)], CRITERIA[2:], TEXT)[0]["verdict"] == "unclear"


def test_a_met_judgement_without_its_quote_counts_as_unclear():
    grounded = ground([judged(1, "met", NOT_FOUND)], CRITERIA[:1], TEXT)
    assert (grounded[0]["said"], grounded[0]["verdict"]) == ("met", "unclear")


def test_that_nothing_speaks_for_an_exclusion_needs_no_quote():
    assert ground([judged(3, "not_met", "")], CRITERIA[2:], TEXT)[0]["verdict"] == "not_met"
    assert ground([judged(3, "not_met", NOT_FOUND)], CRITERIA[2:], TEXT)[0]["verdict"] == "unclear"


def test_a_quote_over_a_hyphenated_line_end_is_firm_and_keeps_its_place():
    found = ground([judged(1, "not_met", "adults with multiple myeloma")], CRITERIA[:1], TEXT)[0]
    assert found["tier"] in FIRM_TIERS
    assert found["verdict"] == "not_met"
    assert TEXT[found["start"] : found["end"]] == "adults with multiple mye-\nloma"


@pytest.mark.parametrize("stage", ["title_abstract", "full_text"])
def test_with_nothing_to_read_it_needs_a_person_whatever_was_said(stage):
    combined = proposal(*answers("not_met", "met", "met"), stage=stage, readable=False)
    assert (combined.verdict, combined.reason) == ("unclear", None)
    only_exclusions = combine(unasked(CRITERIA[2:], "No abstract."), stage=stage, readable=False)
    assert only_exclusions.verdict == "unclear"


def test_what_was_not_asked_says_why_and_claims_nothing():
    assert unasked(CRITERIA[:1], "No abstract.") == [
        {
            "criterion": 1, "kind": "include", "label": "Population", "said": "unclear", "verdict": "unclear",
            "quote": "", "start": None, "end": None, "tier": "", "reasoning": "No abstract.",
        }
    ]  # fmt: skip


def test_judgements_come_back_in_the_declared_order_however_they_were_given():
    combined = proposal(judged(3, "met"), judged(2, "not_met"), judged(1, "met"))
    assert [j["criterion"] for j in combined.judgements] == [1, 2, 3]
    assert combined.reason == 2


some_judgements = st.lists(
    st.tuples(
        st.sampled_from(["include", "exclude"]),
        st.sampled_from(["met", "not_met", "unclear"]),
        st.sampled_from([FOUND, NOT_FOUND, ELIDED, "", "We gave", TEXT]),
    ),
    min_size=1,
    max_size=6,
)


@given(some_judgements, st.sampled_from(["title_abstract", "full_text"]), st.booleans())
def test_an_exclusion_always_rests_on_a_violation_firmly_found_in_the_text(rows, stage, readable):
    criteria = [{"id": n, "kind": kind, "label": f"C{n}"} for n, (kind, _, _) in enumerate(rows, 1)]
    said = [judged(n, verdict, quote) for n, (_, verdict, quote) in enumerate(rows, 1)]
    combined = combine(ground(said, criteria, TEXT), stage=stage, readable=readable)
    by_id = {j["criterion"]: j for j in combined.judgements}
    if combined.verdict == "exclude":
        assert readable
        reason = by_id[combined.reason]
        assert reason["verdict"] == reason["said"] == {"include": "not_met", "exclude": "met"}[reason["kind"]]
        assert reason["tier"] in FIRM_TIERS
        earlier = [j for j in combined.judgements if j["criterion"] < combined.reason]
        assert not [j for j in earlier if j["verdict"] == {"include": "not_met", "exclude": "met"}[j["kind"]]]
    else:
        assert combined.reason is None
    for judgement in combined.judgements:
        assert judgement["verdict"] in (judgement["said"], "unclear")
        assert (judgement["tier"] == "") == (judgement["start"] is None) == (judgement["end"] is None)


@given(some_judgements, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_changes_nothing(rows, random):
    criteria = [{"id": n, "kind": kind, "label": f"C{n}"} for n, (kind, _, _) in enumerate(rows, 1)]
    said = [judged(n, verdict, quote) for n, (_, verdict, quote) in enumerate(rows, 1)]
    shuffled = random.sample(said, len(said))
    assert ground(said, criteria, TEXT) == ground(shuffled, criteria, TEXT)
