"""A review's own words, and its people."""

from django import forms

from reviews.models import Role


class ReviewForm(forms.Form):
    """Title, question and registration of a review."""

    title = forms.CharField(max_length=300, help_text="As it will stand on the protocol and the report.")
    question = forms.CharField(
        required=False, widget=forms.Textarea({"rows": 4}),
        help_text="The question the review answers: in whom, what, compared with what, which outcomes.",
    )  # fmt: skip
    registration = forms.CharField(
        required=False, max_length=120, help_text="PROSPERO number, or a link to the registered protocol."
    )


class NewReviewForm(ReviewForm):
    """The same and, for those who care, the address."""

    slug = forms.SlugField(
        required=False, max_length=60, label="Address", widget=forms.TextInput({"autocapitalize": "none"}),
        help_text="Part of every link to the review and never changed. Left empty, it is made from the title.",
    )  # fmt: skip


class ChangeReviewForm(ReviewForm):
    """The same, with why it changed."""

    reason = forms.CharField(
        required=False, max_length=500, label="Reason for the change", help_text="Goes into the trail."
    )


class InviteForm(forms.Form):
    """Whom a link is for, and what it makes of them."""

    role = forms.ChoiceField(choices=Role.choices, initial=Role.REVIEWER)
    meant_for = forms.CharField(
        required=False,
        max_length=200,
        label="For whom",
        help_text="A name or an e-mail address. Where this server sends mail, an address gets the link.",
    )
    days = forms.IntegerField(min_value=1, max_value=90, initial=14, label="Good for how many days")


class RoleForm(forms.Form):
    """A member's new role and why."""

    role = forms.ChoiceField(choices=Role.choices)
    reason = forms.CharField(max_length=500)


class ReasonForm(forms.Form):
    """Why something is taken away."""

    reason = forms.CharField(max_length=500)


class OptionalReasonForm(forms.Form):
    """Why somebody leaves, if they want to say."""

    reason = forms.CharField(max_length=500, required=False)
