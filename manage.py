#!/usr/bin/env python
"""Django's command line."""

import os
import sys

try:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
except ImportError:
    sys.exit(
        f"Django is not installed in {sys.prefix}. Use `make run`, or .venv/bin/python manage.py "
        "once that has made the virtual environment."
    )

from channel_manager.lib import local_environment


def main() -> None:
    """Run one management command; `run` brings up its own environment, the others join it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channel_manager.settings")
    if sys.argv[1:2] == ["run"]:
        local_environment.prepare()
    else:
        local_environment.join()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as fault:
        sys.exit(f"{fault}")


if __name__ == "__main__":
    main()
