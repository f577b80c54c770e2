"""The app of the one table."""

from django.apps import AppConfig


class Minimal(AppConfig):
    """`tests.bench.minimal`, whose table is made by `tests.bench.minimal.tables`."""

    name = "tests.bench.minimal"
    label = "bench_minimal"
