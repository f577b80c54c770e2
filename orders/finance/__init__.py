"""Finance: reports, partners' statements, matching them with the ledger, and closing periods."""
