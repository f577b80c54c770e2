"""Reports for finance: each a list of typed columns and the statements that read it."""
