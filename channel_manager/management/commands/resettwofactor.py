"""`manage.py resettwofactor <username>`: for whoever has lost phone and recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from channel_manager import two_factor
from channel_manager.history import audit
from channel_manager.history.runner import WORKER


class Command(BaseCommand):
    help = (
        "Take somebody's second factor away, for who has lost phone and recovery codes; the password "
        "alone lets them in then. The audit log keeps it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask whose."""
        parser.add_argument("username", help="Who it is that signs in by this name.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and write it down."""
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is nobody called {options['username']}.", returncode=2)
        with transaction.atomic():
            two_factor.reset(user=person)
            audit.write(
                row=person,
                name="two_factor_reset",
                actor=WORKER,
                now=timezone.now(),
                reason="By the command resettwofactor",
            )
        self.stdout.write(f"{person} signs in by password until it is set up again.")
