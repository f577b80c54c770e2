"""Migrations let the release before go on working: what came after the first release is looked at."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter import MigrationLinter
from django_migration_linter.sql_analyser import analyse_sql_statements

# The last migration of each app that no installation had to live through (docs/upgrading.md).
FIRST_RELEASE = {"history": 10, "partners": 17, "catalog": 8, "wallets": 12, "orders": 41}
# By app and name: why the release before does not mind, in a sentence.
EXCUSED: dict[tuple[str, str], str] = {}


def later_migrations() -> list[tuple[str, str]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return sorted(
        (app, name)
        for app, name in loader.disk_migrations
        if app in FIRST_RELEASE and int(name[:4]) > FIRST_RELEASE[app]
    )


def complaints(app: str, name: str) -> list[str]:
    """Return what the linter has against a migration: what the release before would run into."""
    linter = MigrationLinter(no_cache=True)
    found, _excused, _warnings = analyse_sql_statements(
        linter.sql_analyser_class, linter.get_sql(app, name), ()
    )
    return [issue.message for issue in found]


@pytest.mark.django_db
def test_the_release_before_goes_on_working() -> None:
    found = {each: complaints(*each) for each in later_migrations() if each not in EXCUSED}
    assert {each: issues for each, issues in found.items() if issues} == {}
    assert set(EXCUSED) <= set(later_migrations())


@pytest.mark.django_db
def test_a_column_that_the_release_before_would_leave_empty_is_found() -> None:
    assert connection.vendor == "postgresql"
    assert complaints("partners", "0003_holds_last_minutes") == ["NOT NULL constraint on columns"]
