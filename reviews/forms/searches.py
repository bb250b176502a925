"""What is asked about a search (PRISMA-S) and the file or text it gave."""

from typing import Any

from django import forms
from django.conf import settings

from reviews.models import Search
from reviews.models.corpus import SearchKind


class DescriptionForm(forms.Form):
    """What PRISMA-S asks about a search."""

    source = forms.CharField(max_length=120, help_text="Such as MEDLINE, Embase, ClinicalTrials.gov.")
    platform = forms.CharField(
        required=False, max_length=120, help_text="Where it was searched: Ovid, EBSCO, PubMed."
    )
    kind = forms.ChoiceField(choices=SearchKind.choices, initial=SearchKind.DATABASE, label="Kind of source")
    searched_on = forms.DateField(
        label="Date of the search", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    strategy = forms.CharField(
        required=False,
        strip=False,
        label="Search string, as run",
        widget=forms.Textarea({"rows": 5, "class": "strategy", "spellcheck": "false"}),
    )
    limits = forms.CharField(
        required=False, widget=forms.Textarea({"rows": 2}), help_text="Such as years or languages."
    )
    filters = forms.CharField(
        required=False, widget=forms.Textarea({"rows": 2}), help_text="Published filters, such as for trials."
    )
    declared_count = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        label="Records the source said it had",
        help_text="It is compared with what is in the file.",
    )


class SearchForm(DescriptionForm):
    """A new search: its file, or its text, never both."""

    file = forms.FileField(
        required=False,
        label="File",
        allow_empty_file=True,
        widget=forms.FileInput(
            {
                "accept": ".ris,.nbib,.ciw,.isi,.txt,.xml,.bib,.enw,.csv,.tsv,.xlsx,.xlsm,text/plain,text/csv,"
                "application/x-research-info-systems"
            }
        ),
        help_text="As the database or reference manager exported it: RIS, PubMed (.nbib or XML), Web of Science, "
        "EndNote, BibTeX, Ovid; a table (CSV, TSV, Excel), also of ClinicalTrials.gov or another screening tool; or "
        "the text of one page. What it is, is told from what is in it.",
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste the text",
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text="Entries or rows in any of these formats, or one page as you copied it: title, abstract and "
        "whatever stands around them.",
    )
    anew = forms.BooleanField(
        required=False,
        label="Import it anew",
        help_text="What was judged on its records comes back with them, once; the undone import stays undone.",
    )

    def clean(self) -> dict[str, Any]:
        """Exactly one of file and text, and something in it."""
        cleaned = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("text") or ""
        if "file" in self.errors:
            return cleaned
        if file and text.strip():
            self.add_error("text", "Send either a file or a pasted text: this came with both.")
        elif not file and not text.strip():
            self.add_error("text", "There is nothing to import: choose a file, or paste the text.")
        elif file and file.size > settings.MAX_UPLOAD_MB << 20:
            self.add_error("file", f"The file is larger than {settings.MAX_UPLOAD_MB} MB. Split the export.")
        elif file and not file.size:
            self.add_error("file", "The file is empty. Export it again.")
        return cleaned


class CorrectionForm(DescriptionForm):
    """What is said of a search, corrected, and why."""

    reason = forms.CharField(
        max_length=300, label="Reason for the correction", help_text="Goes into the trail."
    )

    @classmethod
    def of(cls, search: Search) -> "CorrectionForm":
        """The form with what is said now."""
        return cls(initial={name: getattr(search, name) for name in DescriptionForm.base_fields})
