"""`manage.py reseal`: stored secrets are sealed anew with the newest key of ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.models import SealedTOTPDevice
from channel_manager.lib.sealing import reseal
from partners.models import WebhookEndpoint


class Command(BaseCommand):
    help = "Seal stored secrets anew with the newest key, so that older keys can be taken out."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it in one transaction, or nothing where a secret cannot be opened."""
        with transaction.atomic():
            endpoints = runner.lock(WebhookEndpoint.objects.all())
            for endpoint in endpoints:
                endpoint.sealed_secret = reseal(endpoint.sealed_secret)
                if endpoint.sealed_old_secret:
                    endpoint.sealed_old_secret = reseal(endpoint.sealed_old_secret)
                endpoint.save(update_fields=["sealed_secret", "sealed_old_secret"])
            devices = runner.lock(SealedTOTPDevice.objects.all())
            for device in devices:
                device.sealed_key = reseal(device.sealed_key)
                device.save(update_fields=["sealed_key"])
        self.stdout.write(f"{len(endpoints)} webhook endpoints were sealed anew.")
        self.stdout.write(f"{len(devices)} second factors were sealed anew.")
