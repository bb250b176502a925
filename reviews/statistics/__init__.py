"""Formulas, each with its source: pure, no Django, no database, no scipy. docs/agreement.md writes them out."""
