"""`manage.py reseal`: stored secrets are sealed anew with the newest key of ENCRYPTION_KEYS."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from channel_manager.history import runner
from channel_manager.lib.sealing import reseal

_PREFIX = "sealed_"


class Command(BaseCommand):
    help = (
        "Seal stored secrets anew with the newest key of ENCRYPTION_KEYS, so that older keys can be "
        "taken out. All of them, or none where one cannot be opened."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it in one transaction, or nothing where a secret cannot be opened."""
        with transaction.atomic():
            told = [
                f"{_reseal(model, names)} {model._meta.verbose_name_plural} were sealed anew."
                for model in apps.get_models()
                if (names := _sealed_columns(model))
            ]
        for sentence in told:
            self.stdout.write(sentence)


def _sealed_columns(model: type[models.Model]) -> list[str]:
    return [field.name for field in model._meta.local_fields if field.name.startswith(_PREFIX)]


def _reseal(model: type[models.Model], names: list[str]) -> int:
    rows = runner.lock(model._default_manager.all())
    for row in rows:
        for name in names:
            if sealed := getattr(row, name):
                setattr(row, name, reseal(sealed))
        row.save(update_fields=names)
    return len(rows)
