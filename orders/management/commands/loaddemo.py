"""`manage.py loaddemo`: demo data once, and the file that lists it at each start."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from orders.demo import load_demo


class Command(BaseCommand):
    help = "Load the demo park once and rewrite $VAR_DIR/demo.json."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it and say so."""
        file = settings.VAR_DIR / "demo.json"
        fresh = load_demo(file=file, base_url=settings.PUBLIC_URL)
        self.stdout.write(f"Demo data {'loaded' if fresh else 'is there already'}; see {file}.")
