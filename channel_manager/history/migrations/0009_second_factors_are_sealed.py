"""Secrets of second factors are sealed, in a table beside the library's.

Nobody has more than two devices: one statement after the other is fine for as many as sign in here.
Going back opens them, and so needs the same keys in the environment.
"""

import django.db.models.deletion
from django.db import migrations, models
from django_otp.util import random_hex

from channel_manager.lib.sealing import seal, unseal


def seal_keys(apps, schema_editor):
    """Seal the secret of each device; the library's row gets one that nobody has."""
    devices = apps.get_model("otp_totp", "TOTPDevice").objects
    sealed_devices = apps.get_model("history", "SealedTOTPDevice")
    for device in devices.exclude(pk__in=sealed_devices.objects.values("pk")):
        sealed = sealed_devices(totpdevice_ptr_id=device.pk, sealed_key=seal(device.key))
        # The library's half of the row is there.
        sealed.save_base(raw=True)
        devices.filter(pk=device.pk).update(key=random_hex())


def open_keys(apps, schema_editor):
    """Put the secrets back into the library's rows."""
    devices = apps.get_model("otp_totp", "TOTPDevice").objects
    for sealed in apps.get_model("history", "SealedTOTPDevice").objects.all():
        devices.filter(pk=sealed.pk).update(key=unseal(sealed.sealed_key))


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0008_earlier_edits_are_kept"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.CreateModel(
            name="SealedTOTPDevice",
            fields=[
                (
                    "totpdevice_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="otp_totp.totpdevice",
                    ),
                ),
                ("sealed_key", models.TextField(help_text="The secret, hex-encoded.")),
            ],
            options={"verbose_name": "TOTP device", "default_permissions": ()},
            bases=("otp_totp.totpdevice",),
        ),
        migrations.RunPython(seal_keys, open_keys),
    ]
