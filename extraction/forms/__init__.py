"""Reading what the pages of this app send; the verbs check what it means."""
