"""The demo review: five records in our own words, a question, criteria and a form.

The texts carry the facts, figures and shapes of five published items as users paste them: a PubMed page, the
text of a PDF with broken lines, a scraped page, a conference abstract with a flattened table, and a news item
about somebody else's trial. They are written for this demo; cite the originals, never these.
"""

from datetime import date
from pathlib import Path
from typing import Any

SLUG = "demo"
TITLE = "Plerixafor or bortezomib in multiple myeloma"
QUESTION = (
    "In adults with multiple myeloma, what response and which harms follow treatment with plerixafor or "
    "bortezomib, alone or in combination, in prospective trials?"
)

# (e-mail, name, role): the first one leads.
PEOPLE = [
    ("alice@example.org", "Alice", "lead"),
    ("bob@example.org", "Bob", "reviewer"),
    ("carol@example.org", "Carol", "reviewer"),
]

# (file, source, platform, search string), all searched on SEARCHED_ON.
SEARCHED_ON = date(2026, 9, 1)
TEXTS = Path(__file__).parent / "texts"
SEARCHES = [
    ("1_pubmed_page.txt", "PubMed", "NCBI", '("multiple myeloma"[mh]) AND (plerixafor OR bortezomib)'),
    ("2_pdf_text.txt", "Europe PMC", "EMBL-EBI", '"multiple myeloma" AND plerixafor'),
    ("3_scraped_page.txt", "Embase", "Ovid", "plerixafor.mp. AND exp hematologic malignancy/"),
    (
        "4_conference_abstract.txt",
        "Web of Science",
        "Clarivate",
        "TS=(myeloma AND bortezomib) AND DT=(Meeting Abstract)",
    ),
    ("5_news_item.txt", "Nexis", "LexisNexis", "bortezomib AND myeloma"),
]

# (kind, label, text) in declared order: the first that fails is the reason.
CRITERIA = [
    ("include", "Population", "Adults with multiple myeloma."),
    ("include", "Intervention", "Plerixafor or bortezomib is given, alone or in combination."),
    (
        "include",
        "Design",
        "A prospective clinical trial that tests a treatment; observational and non-interventional studies do not "
        "qualify.",
    ),
    (
        "exclude",
        "Not a primary report",
        "A news item, commentary, editorial or review that reports somebody else's study.",
    ),
]

FORM_NAME = "Trials of plerixafor or bortezomib"
ITEMS: list[dict[str, Any]] = [
    {
        "key": "phase",
        "label": "Trial phase",
        "kind": "choice",
        "options": ["I", "I/II", "II", "III", "Not stated"],
    },
    {
        "key": "registration",
        "label": "Registration number",
        "kind": "text",
        "help": "such as NCT01234567",
        "required": False,
    },
    {"key": "enrolled", "label": "Patients enrolled", "kind": "number", "unit": "patients"},
    {
        "key": "evaluable",
        "label": "Patients evaluable for response",
        "kind": "number",
        "unit": "patients",
        "required": False,
    },
    {"key": "median_age", "label": "Median age", "kind": "number", "unit": "years", "required": False},
    {
        "key": "responders",
        "label": "Overall response",
        "kind": "count_of_total",
        "help": "patients with a complete or partial response, of those evaluable",
        "required": False,
    },
    {
        "key": "response_rate",
        "label": "Overall response rate",
        "kind": "number",
        "unit": "%",
        "required": False,
    },
    {"key": "mtd_found", "label": "Was a maximum tolerated dose found?", "kind": "yes_no", "required": False},
]
