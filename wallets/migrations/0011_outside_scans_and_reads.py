"""Outside systems have a gate of their own, and their orders say when they were read back."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0007_connections"),
        ("partners", "0015_storefronts_mail_tickets"),
        ("wallets", "0010_outside_orders"),
    ]

    operations = [
        migrations.AddField(
            model_name="gatedevice",
            name="connection",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                help_text="The outside system whose scans are written down under it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gate_device",
                to="catalog.connection",
            ),
        ),
        migrations.AddField(
            model_name="outsideorder",
            name="read_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="When it was read back last.", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="gatedevice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("connection", None), ("revoked_at__isnull", False), _connector="OR"
                ),
                name="gate_device_of_connection_opens_nothing",
            ),
        ),
    ]
