"""The gate: scans come in, tickets are admitted or refused in words. See docs/architecture.md."""
