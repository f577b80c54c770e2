"""Races and deaths on real PostgreSQL with real processes; each test leaves the invariants whole."""
