"""The fields of a data item."""

from typing import Any

from django import forms

from extraction.models import Item


class ItemForm(forms.Form):
    """One item of a draft. The verbs say what an item needs; here only lengths and kinds are checked."""

    label = forms.CharField(
        max_length=160, label="What is taken down", help_text="Such as “Patients enrolled”."
    )
    kind = forms.ChoiceField(choices=Item.Kind.choices, label="Kind")
    unit = forms.CharField(
        max_length=40, required=False, label="Unit", help_text="For a number: years, mg/kg, %."
    )
    options = forms.CharField(
        required=False,
        max_length=5000,
        label="Options",
        help_text="For a choice: one a line, in order.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    help = forms.CharField(
        required=False,
        max_length=2000,
        label="Help for the extractors",
        help_text="The model is given it too.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    required = forms.BooleanField(
        required=False, initial=True, label="Required", help_text="A sheet cannot be handed in without it."
    )

    def fields_of_item(self) -> dict[str, Any]:
        """The cleaned fields as the verbs take them."""
        return self.cleaned_data | {"options": self.cleaned_data["options"].splitlines()}


class NewItemForm(ItemForm):
    """The same, with the key, which never changes afterwards."""

    key = forms.CharField(
        max_length=60,
        required=False,
        label="Key",
        help_text="Its column in exports; made from the label where you leave it empty.",
    )
    field_order = ["label", "kind", "unit", "options", "help", "key", "required"]


def filled(item: Item) -> ItemForm:
    """The form of an item that is there, its ids set apart from those of the others."""
    return ItemForm(
        initial={
            "label": item.label,
            "kind": item.kind,
            "unit": item.unit,
            "options": "\n".join(item.options),
            "help": item.help,
            "required": item.required,
        },
        auto_id=f"item-{item.pk}-%s",
    )
