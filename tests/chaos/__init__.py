"""Torture of real processes at seeded random moments, with a check of every invariant after it."""
