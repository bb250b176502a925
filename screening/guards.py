"""What the database refuses in this app, by triggers (see reviews/guards.py)."""

from reviews.guards import AppendOnly, FrozenColumns, Guard, RefusedWhen, WithdrawOnly

GUARDS: list[Guard] = [
    WithdrawOnly("screening_decision"),
    WithdrawOnly("screening_resolution"),
    FrozenColumns(
        "screening_bringing", ("search_id", "stage", "people", "reasons", "listed", "by_id", "made_at")
    ),
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
    WithdrawOnly("screening_sample", column="closed_at"),
    AppendOnly("screening_samplerecord"),
    AppendOnly("screening_sampleseat"),
    # A report that somebody has judged stays at hand: its votes are about that text (reviews.fulltext says so too).
    RefusedWhen(
        "reviews_report",
        "reviews_report_judged_stays_retrieved",
        "UPDATE OF retrieval",
        "OLD.retrieval = 'retrieved' AND NEW.retrieval <> 'retrieved' AND EXISTS (SELECT 1 FROM screening_decision d"
        " WHERE d.record_id = OLD.record_id AND d.stage = 'full_text' AND d.withdrawn_at IS NULL)",
        "reviews_report: judged at full text",
    ),
    # A vote wins over a rule and over a removal by hand (reviews.removing and reviews.applying_rules say so too).
    RefusedWhen(
        "reviews_removal",
        "reviews_removal_not_of_the_judged",
        "INSERT",
        "NEW.withdrawn_at IS NULL AND (EXISTS (SELECT 1 FROM screening_decision d"
        " WHERE d.record_id = NEW.record_id AND d.withdrawn_at IS NULL) OR EXISTS (SELECT 1 FROM"
        " screening_resolution s WHERE s.record_id = NEW.record_id AND s.withdrawn_at IS NULL))",
        "reviews_removal: somebody judged this record",
    ),
]
