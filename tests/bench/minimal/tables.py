"""Make the one table: `python -m tests.bench.minimal.tables`."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.minimal.settings"


def main() -> None:
    """Make it on the database of DATABASE_URL."""
    django.setup()
    from django.db import connection  # noqa: PLC0415 -- settings come first

    from tests.bench.minimal.models import MinimalOrder  # noqa: PLC0415

    with connection.schema_editor() as editor:
        editor.create_model(MinimalOrder)


if __name__ == "__main__":
    main()
