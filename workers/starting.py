"""Starting a run the way this installation is configured, and queueing it: what pages, API and command share."""

from django.conf import settings
from django.db import transaction

from extraction import prompting as extracting
from extraction import proposals as extraction_proposals
from reviews.models import Review, User
from screening import aggregation, runs
from screening import prompting as judging
from screening.models import Run, Stage

from .tasks import kick_on_commit


def how_to_ask(stage: str) -> runs.HowToAsk:
    """The model, prompt and rule in force for `stage`, from the settings and the prompt files."""
    extracts = stage == Stage.EXTRACTION
    prompt = "extract" if extracts else "screen"
    return runs.HowToAsk(
        model=settings.WINNOW_MODEL,
        api_base=settings.WINNOW_API_BASE or "",
        prompt=prompt,
        prompt_sha256=(extracting if extracts else judging).prompt_sha256(prompt),
        rule_version=extraction_proposals.RULE_VERSION if extracts else aggregation.RULE_VERSION,
        parameters={"temperature": 0},
    )


def start_and_queue(*, review: Review, stage: str, by: User) -> Run | None:
    """Start a run over what was not yet asked about and queue it; None when everything was asked already.

    Raises:
        Refused: no criteria at this stage, or no published form.
    """
    with transaction.atomic():
        how = how_to_ask(stage)
        if stage == Stage.EXTRACTION:
            run = extraction_proposals.start_run(review=review, by=by, how=how)
        else:
            run = runs.start_run(review=review, stage=stage, by=by, how=how)
        if run is not None:
            kick_on_commit(run.pk)
    return run


def left_to_ask(review: Review, stage: str) -> int:
    """How many records a run started now would ask about; 0 while there are no criteria, or no form."""
    how = how_to_ask(stage)
    if stage == Stage.EXTRACTION:
        return len(extraction_proposals.left_to_ask(review, how))
    return len(runs.left_to_ask(review, stage, how))
