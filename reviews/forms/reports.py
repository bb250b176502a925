"""What is asked about a report: its PDF, its text, why it could not be had, its study."""

from django import forms
from django.conf import settings

LARGEST_PDF_MB = 100  # a PDF is read in memory; exports of databases, which may be larger, are not


def largest_pdf_mb() -> int:
    """How large a PDF this server takes, in megabytes."""
    return min(settings.MAX_UPLOAD_MB, LARGEST_PDF_MB)


class UploadForm(forms.Form):
    """A PDF, at most `largest_pdf_mb` large; whether it can be read is the verb's to say."""

    file = forms.FileField(
        label="PDF of the report",
        max_length=255,
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={
            "required": "Choose a PDF first.",
            "empty": "This file is empty. Choose the PDF of the report.",
            "max_length": "This file's name is too long. Rename it and try again.",
        },
    )

    def clean_file(self) -> object:
        """Refuse what is larger than this server keeps."""
        file = self.cleaned_data["file"]
        if file.size > largest_pdf_mb() << 20:
            raise forms.ValidationError(
                f"This file is larger than {largest_pdf_mb()} MB. Nothing was kept. "
                "Save a smaller copy of the PDF, or paste its text."
            )
        return file


class TextForm(forms.Form):
    """The report's text, pasted."""

    text = forms.CharField(
        label="Text of the report",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Nothing was pasted."},
    )


class WhyNotForm(forms.Form):
    """Why a report could not be had; printed nowhere but in lists of this review."""

    why = forms.CharField(
        label="Why it could not be retrieved",
        max_length=300,
        help_text="What was tried: library, authors, register.",
    )


class SeekAgainForm(forms.Form):
    """Why a report is sought again."""

    reason = forms.CharField(label="Why it is sought again", max_length=300)


class NameStudyForm(forms.Form):
    """A new study's name."""

    label = forms.CharField(label="Name of the study", max_length=120)
