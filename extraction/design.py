"""Designing the form: drafting, changing items, publishing. A published form never changes; a new version does."""

from itertools import count
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from reviews import audit
from reviews.models import Review, User, Verb
from reviews.refusals import BadInput, Refused

from .models import Form, Item

RESERVED = frozenset({"study"})  # columns that the export has anyway
FIELDS = ("label", "kind", "help", "unit", "options", "required")


def published_form(review: Review) -> Form | None:
    """The form in force: the newest published version."""
    return Form.objects.filter(review=review, published_at__isnull=False).order_by("-version").first()


def draft_form(*, review: Review, by: User, name: str = "") -> Form:
    """Start the next version: a copy of the published form's items, or an empty form.

    Raises:
        Refused: there is a draft already.
    """
    with transaction.atomic():
        Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        if Form.objects.filter(review=review, published_at__isnull=True).exists():
            raise Refused("There is a draft already.", mend="Change that one, and publish it.")
        latest = published_form(review)
        form = Form.objects.create(
            review=review,
            name=name.strip()[:120] or (latest.name if latest else "Data extraction"),
            version=latest.version + 1 if latest else 1,
            created_by=by,
            created_at=audit.now(),
        )
        for item in latest.items.all() if latest else ():
            item.pk, item.form = None, form
            item.save(force_insert=True)
        _log(Verb.FORM_DRAFTED, form, by, {"name": form.name, "version": form.version})
        return form


def add_item(*, form: Form, by: User, key: str = "", **fields: Any) -> Item:
    """Put an item at the end of a draft. `key` (its export column) is made from the label where none is given.

    Raises:
        Refused: the form is published.
        BadInput: an unknown kind, no label, a key that is taken, or a choice without options.
    """
    with transaction.atomic():
        form = _locked_draft(form)
        checked = _checked(fields)
        taken = RESERVED | set(form.items.values_list("key", flat=True))
        if key.strip():
            key = slugify(key).replace("-", "_")[:60]
            if not key:
                raise BadInput("A key has letters, digits and underscores.", mend="Choose another key.")
            if key in taken:
                raise BadInput(f'The form has a column "{key}" already.', mend="Choose another key.")
        else:
            key = _free_key(checked["label"], taken)
        last = form.items.aggregate(last=Max("position"))["last"] or 0
        item = Item.objects.create(form=form, key=key, position=last + 1, **checked)
        _log(Verb.FORM_CHANGED, form, by, {"added": key} | checked)
        return item


def change_item(*, item: Item, by: User, **fields: Any) -> Item:
    """Change an item of a draft; its key stays.

    Raises:
        Refused: the form is published.
        BadInput: as for add_item.
    """
    with transaction.atomic():
        form = _locked_draft(item.form)
        item = form.items.get(pk=item.pk)
        before = {name: getattr(item, name) for name in FIELDS}
        checked = _checked(before | fields)
        for name, value in checked.items():
            setattr(item, name, value)
        item.save()
        _log(Verb.FORM_CHANGED, form, by, {"changed": item.key} | checked, before)
        return item


def remove_item(*, item: Item, by: User) -> None:
    """Take an item off a draft. Values taken down under earlier versions stay.

    Raises:
        Refused: the form is published.
    """
    with transaction.atomic():
        form = _locked_draft(item.form)
        form.items.get(pk=item.pk).delete()
        _log(Verb.FORM_CHANGED, form, by, {"removed": item.key})


def order_items(*, form: Form, by: User, keys: list[str]) -> None:
    """Put a draft's items in the order of `keys`, which must name each exactly once.

    Raises:
        Refused: the form is published.
        BadInput: the keys are not those of the form.
    """
    with transaction.atomic():
        form = _locked_draft(form)
        items = {item.key: item for item in form.items.all()}
        if sorted(keys) != sorted(items):
            raise BadInput("The order must name every item once.", mend="Reload the page: the form changed.")
        for position, key in enumerate(keys, 1):
            items[key].position = position
            items[key].save(update_fields=["position"])
        _log(Verb.FORM_CHANGED, form, by, {"order": keys})


def publish_form(*, form: Form, by: User) -> Form:
    """Put a draft in force. From now on it never changes (the database refuses).

    Raises:
        Refused: published already.
        BadInput: it has no items.
    """
    with transaction.atomic():
        form = _locked_draft(form)
        if not form.items.exists():
            raise BadInput("A form without items cannot be published.", mend="Add at least one item.")
        form.published_at = audit.now()
        form.save(update_fields=["published_at"])
        keys = list(form.items.order_by("position").values_list("key", flat=True))
        _log(Verb.FORM_PUBLISHED, form, by, {"name": form.name, "version": form.version, "items": keys})
        return form


def _free_key(label: str, taken: frozenset[str]) -> str:
    """A key made from a label, numbered where that one is taken; a label without Latin letters gives item, item_2."""
    base = slugify(label).replace("-", "_")[:54] or "item"
    numbered = (f"{base}_{n}" for n in count(2))
    return base if base not in taken else next(key for key in numbered if key not in taken)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """The item's fields, each of its type; an item that could not be answered is refused."""
    kind, label = fields.get("kind", ""), " ".join(str(fields.get("label") or "").split())
    options = [" ".join(str(option).split()) for option in fields.get("options") or []]
    options = list(dict.fromkeys(option for option in options if option))
    if kind not in Item.Kind.values:
        raise BadInput(f'"{kind}" is not a kind of item.', mend=f"Use one of {', '.join(Item.Kind.values)}.")
    if not label:
        raise BadInput("An item needs a label.", mend="Name what is to be taken down.")
    if kind == Item.Kind.CHOICE and len(options) < 2:
        raise BadInput("A choice needs at least two options.", mend="Write one option a line.")
    return {
        "label": label[:160],
        "kind": kind,
        "help": str(fields.get("help") or "").strip(),
        "unit": str(fields.get("unit") or "").strip()[:40],
        "options": options if kind == Item.Kind.CHOICE else [],
        "required": bool(fields.get("required", True)),
    }


def _locked_draft(form: Form) -> Form:
    form = Form.objects.select_for_update(of=("self",), no_key=True).select_related("review").get(pk=form.pk)
    if form.published_at is not None:
        raise Refused("A published form never changes.", mend="Start a new version.")
    return form


def _log(
    verb: Verb, form: Form, by: User, after: dict[str, Any], before: dict[str, Any] | None = None
) -> None:
    audit.log(
        review=form.review,
        verb=verb,
        actor=by,
        stage="extraction",
        subject={"form": form.pk},
        before=before,
        after=after,
    )
