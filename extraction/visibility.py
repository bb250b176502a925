"""What a person may see of others' values and of the model's, for a study: the one place that answers it.

- Another extractor's sheet: once one's own is submitted; or, for whoever may settle differences, once every
  sheet of the study is submitted and as many as the protocol wants; observers, once all items are agreed.
- The model's proposed value for an item: as the protocol's role says. Before -> always; after -> once one has
  a value of one's own for it, or may see the others' sheets; off -> once all items are agreed.
"""

from reviews.models import Membership, Study, User
from reviews.permissions import allows
from screening.models import ModelRole, Protocol, Stage

from .consensus import is_complete
from .models import Form, Item, Sheet, Value


def sees_sheets(user: User, study: Study, form: Form) -> bool:
    """Whether this user may see every extractor's values for `study` under `form`."""
    membership = Membership.objects.filter(
        review=study.review, user=user, deactivated_at__isnull=True
    ).first()
    if membership is None:
        return False
    if is_complete(study, form):
        return True
    sheets = list(Sheet.objects.filter(study=study, form=form))
    if any(sheet.extractor_id == user.pk for sheet in sheets):
        return any(sheet.extractor_id == user.pk and sheet.submitted_at for sheet in sheets)
    wanted = Protocol.of(study.review, Stage.EXTRACTION).reviewers_wanted
    all_in = len(sheets) >= wanted and all(sheet.submitted_at for sheet in sheets)
    return allows(membership, "consensus") and all_in


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
