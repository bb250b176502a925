"""What people type, parsed: one module per room. Forms only parse; verbs decide."""
