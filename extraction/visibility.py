"""What a person may see of others' values and of the model's, for a study: the one place that answers it.

- Another extractor's sheet: once one's own is submitted; or, for whoever may settle differences, once every
  sheet of the study is submitted and as many as the protocol wants; observers, once all items are agreed.
- The model's proposed value for an item: as the protocol's role says. Before -> always; after -> once one has
  a value of one's own for it, or may see the others' sheets; off -> once all items are agreed.
"""

from collections.abc import Iterable

from reviews.models import Membership, Review, Study, User
from reviews.permissions import allows
from screening.models import ModelRole, Protocol, Stage

from .models import Form, Item, ProposedValue, Value
from .standing import all_in, complete_studies, is_complete, standing_sheets, wanted_in


def sees_sheets(user: User, study: Study, form: Form) -> bool:
    """Whether this user may see every extractor's values for `study` under `form`."""
    return study.pk in sees_sheets_of(user, study.review, form, [study.pk])


def sees_sheets_of(user: User, review: Review, form: Form, study_ids: Iterable[int]) -> set[int]:
    """Ids, of those given, of the studies whose sheets this user may see. At most six queries."""
    membership = Membership.objects.filter(review=review, user=user, deactivated_at__isnull=True).first()
    ids = set(Study.objects.filter(review=review, pk__in=list(study_ids)).values_list("pk", flat=True))
    if membership is None or not ids:
        return set()
    sheets, wanted = standing_sheets(form, ids), wanted_in(review)
    seen = complete_studies(form, sheets, wanted)
    for study, of_study in sheets.items():
        own = [sheet for sheet in of_study if sheet.extractor_id == user.pk]
        if own:
            may = all(sheet.submitted_at for sheet in own)
        else:
            may = allows(membership, "consensus") and all_in(of_study, wanted)
        if may:
            seen.add(study)
    return seen


def sees_proposed_value(user: User, item: Item, study: Study) -> bool:
    """Whether this user may see what the model proposed for `item` of `study`."""
    return item.pk in sees_proposed_values(user, study, item.form)


def sees_proposed_values(user: User, study: Study, form: Form) -> set[int]:
    """Ids of the items of `form` whose proposed value for `study` this user may see."""
    if not Membership.objects.filter(review=study.review, user=user, deactivated_at__isnull=True).exists():
        return set()
    every = set(form.items.values_list("pk", flat=True))
    role = Protocol.of(study.review, Stage.EXTRACTION).model_role
    if role == ModelRole.BEFORE or is_complete(study, form):
        return every
    if role == ModelRole.OFF:
        return set()
    if sees_sheets(user, study, form):
        return every
    own = Value.objects.filter(sheet__study=study, sheet__form=form, sheet__extractor=user, item__in=every)
    return set(own.filter(withdrawn_at__isnull=True).values_list("item_id", flat=True))


def had_seen(user: User, item: Item, study: Study) -> bool:
    """Whether this user could already see a proposed value for `item`, taking it down now.

    Who gave a value and took it back has seen what was visible in between; where nothing was proposed there was
    nothing to see.
    """
    proposed = ProposedValue.objects.filter(item=item, report__study=study)
    if sees_proposed_value(user, item, study):
        return proposed.exists()
    if Protocol.of(study.review, Stage.EXTRACTION).model_role != ModelRole.AFTER:
        return False
    earlier = Value.objects.filter(sheet__study=study, sheet__extractor=user, item=item)
    moments = list(earlier.values_list("withdrawn_at", flat=True))
    return any(proposed.filter(made_at__lte=moment).exists() for moment in moments if moment is not None)
