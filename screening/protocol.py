"""The settings of each stage, changed from a moment on and with a reason."""

from typing import Any

from django.db import transaction

from reviews import audit
from reviews.models import Review, User, Verb
from reviews.refusals import BadInput, Refused

from .models import ModelRole, Protocol, Stage

# What can be set where. Maybe exists at title and abstract only, reasons are compared at full text only, and
# extraction is settled item by item in consensus.
SETTINGS: dict[str, tuple[str, ...]] = {
    Stage.TITLE_ABSTRACT: ("reviewers_wanted", "model_role", "order", "maybe_means", "adjudicator"),
    Stage.FULL_TEXT: ("reviewers_wanted", "model_role", "order", "different_reasons", "adjudicator"),
    Stage.EXTRACTION: ("reviewers_wanted", "model_role"),
}

_CHOICES = {
    "model_role": ModelRole,
    "order": Protocol.Order,
    "maybe_means": Protocol.Maybe,
    "adjudicator": Protocol.Adjudicator,
    "different_reasons": Protocol.Reasons,
}


def allowed_values(name: str) -> list[Any]:
    """What the setting called `name` may be."""
    if name == "reviewers_wanted":
        return [1, 2]
    return _CHOICES[name].values


def settings_of(protocol: Protocol) -> dict[str, Any]:
    """The settings that apply at this stage, by name."""
    return {name: getattr(protocol, name) for name in SETTINGS[protocol.stage]}


def change_protocol(*, review: Review, stage: str, by: User, reason: str, **settings: Any) -> Protocol:
    """Change settings of a stage from now on; what is not passed stays. What is settled stays settled.

    Raises:
        BadInput: an unknown stage, a setting that does not apply there, a value it cannot have, no reason.
        Refused: nothing would be different.
    """
    _check(stage, settings)
    if not reason.strip():
        raise BadInput(
            "A change of the protocol needs a reason.",
            mend="Write in a sentence why; it goes into the trail.",
        )
    with transaction.atomic():
        review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        protocol = Protocol.of(review, stage)
        before = {
            name: getattr(protocol, name) for name in settings if getattr(protocol, name) != settings[name]
        }
        if not before:
            raise Refused("The protocol says this already.")
        after = {name: settings[name] for name in before}
        for name, value in after.items():
            setattr(protocol, name, value)
        protocol.save()
        audit.log(
            review=review,
            verb=Verb.PROTOCOL_CHANGED,
            actor=by,
            stage=stage,
            subject={"protocol": protocol.pk},
            before=before,
            after=after,
            reason=reason.strip(),
        )
    return protocol


def _check(stage: str, settings: dict[str, Any]) -> None:
    if stage not in SETTINGS:
        raise BadInput("There is no such stage.", mend=f"Choose one of {', '.join(SETTINGS)}.")
    for name, value in settings.items():
        if name not in SETTINGS[stage]:
            raise BadInput(
                f"There is no setting “{name}” at this stage.", mend=f"It has {', '.join(SETTINGS[stage])}."
            )
        allowed = allowed_values(name)
        if value not in allowed or isinstance(value, bool | float):
            raise BadInput(
                f"“{name}” cannot be “{value}”.", mend=f"Choose one of {', '.join(map(str, allowed))}."
            )
