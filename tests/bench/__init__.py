"""Rates, latencies, CPU and statement counts on a durable database: what `make bench` shows."""
