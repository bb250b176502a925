"""What the database refuses in this app, by triggers (see reviews/guards.py)."""

from reviews.guards import FrozenColumns, Guard, WithdrawOnly

GUARDS: list[Guard] = [
    WithdrawOnly("screening_decision"),
    WithdrawOnly("screening_resolution"),
    FrozenColumns("screening_criterion", ("review_id", "stage", "kind", "label", "text")),
    FrozenColumns("screening_criteriaversion", ("review_id", "stage", "number", "criteria")),
    FrozenColumns(
        "screening_run",
        ("review_id", "key", "stage", "model", "parameters", "prompt_sha256", "criteria", "rule_version"),
    ),
    FrozenColumns(
        "screening_proposal",
        ("run_id", "record_id", "verdict", "reason_id", "judgements", "text_sha256", "call_id"),
    ),
]
