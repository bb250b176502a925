"""What the database refuses in this app, by triggers (see reviews/guards.py)."""

from reviews.guards import FrozenColumns, Guard, RefusedWhen, WithdrawOnly


def _of_a_published_form(row: str) -> str:
    """`row` is NEW or OLD, from the table of guards below: nothing a user wrote reaches this SQL."""
    published = "EXISTS (SELECT 1 FROM extraction_form f WHERE f.published_at IS NOT NULL AND f.id = "
    return f"{published}{row}.form_id)"


GUARDS: list[Guard] = [
    WithdrawOnly("extraction_value"),
    WithdrawOnly("extraction_consensusvalue"),
    FrozenColumns(
        "extraction_proposedvalue",
        (
            "run_id",
            "report_id",
            "item_id",
            "state",
            "value",
            "quote",
            "start",
            "end",
            "tier",
            "text_sha256",
            "call_id",
        ),
    ),
    RefusedWhen(
        "extraction_form",
        "extraction_form_published_stays",
        "UPDATE",
        "OLD.published_at IS NOT NULL",
        "extraction_form: a published form never changes, publish a new version",
    ),
    *(
        RefusedWhen(
            "extraction_item",
            f"extraction_item_no_{event.lower()}_once_published",
            event,
            _of_a_published_form(row),
            "extraction_item: a published form never changes, publish a new version",
        )
        for event, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))
    ),
]
