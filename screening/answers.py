"""Whether an answer is one a stage can take: verdict, reason and judgements, checked before it is written."""

from reviews.refusals import BadInput

from .models import Criterion, Stage, Verdict

JUDGEMENTS = {"met", "not_met", "unclear"}
VIOLATED = {"include": "not_met", "exclude": "met"}  # by kind of criterion


def checked_judgements(judgements: dict[str, str], criteria: list[Criterion]) -> dict[str, str]:
    """`judgements` with ids as strings, each of a criterion in force and each met, not_met or unclear."""
    known = {str(criterion.pk) for criterion in criteria}
    for criterion, judgement in judgements.items():
        if str(criterion) not in known:
            raise BadInput(
                "A criterion was judged that is not in force.", mend="Reload the page: the criteria changed."
            )
        if judgement not in JUDGEMENTS:
            raise BadInput(
                f'"{judgement}" is not an answer to a criterion.', mend="Answer met, not met or unclear."
            )
    return {str(criterion): judgement for criterion, judgement in judgements.items()}


def checked_reason(
    stage: str, verdict: str, reason: Criterion | None, judgements: dict[str, str], criteria: list[Criterion]
) -> Criterion | None:
    """The reason to store with `verdict`: the one given, or the first violated; None where none belongs."""
    if verdict not in Verdict.values:
        raise BadInput(f'"{verdict}" is not a verdict.', mend="Answer include, exclude or maybe.")
    if verdict == Verdict.MAYBE and stage == Stage.FULL_TEXT:
        raise BadInput("At full text the answer is include or exclude.", mend="Choose one of the two.")
    if verdict != Verdict.EXCLUDE:
        if reason is not None:
            raise BadInput("Only an exclusion has a reason from the list.", mend="Leave the reason out.")
        return None
    if reason is not None and reason.pk not in {criterion.pk for criterion in criteria}:
        raise BadInput(
            "That reason is not one of the criteria in force at this stage.", mend="Choose one of the list."
        )
    if reason is None:
        failed = [c for c in criteria if judgements.get(str(c.pk)) == VIOLATED[c.kind]]
        reason = min(failed, key=lambda c: (c.position, c.pk), default=None)
    if reason is None and stage == Stage.FULL_TEXT:
        raise BadInput(
            "An exclusion at full text needs one reason.", mend="Choose the first criterion that fails."
        )
    return reason
