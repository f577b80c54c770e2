"""How the database is emptied after a test whose changes were committed.

Django truncates every table and makes content types and permissions anew, for a tenth of a second;
deleting the few rows that a test made takes some milliseconds.
"""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase

from channel_manager.history.models import Role

# Made by the migrations and their end, once for all tests.
_KEPT = {
    model._meta.db_table
    for model in (Permission, ContentType, Role, Group, Group.permissions.through)
}
_truncate = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def empty_tables(test_case: TransactionTestCase) -> None:
    """Delete what a test has committed; whoever still writes finishes first.

    Triggers guard the ledger and the history against that, and only a superuser may have them
    stand aside: anybody else's database is emptied as Django does it.
    """
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = [connection.ops.quote_name(name) for name in tables if name not in _KEPT]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        if is_superuser := cursor.fetchone() == ("on",):
            cursor.execute(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("; ".join(f"DELETE FROM {name}" for name in names))
    if not is_superuser:
        _truncate(test_case)
