"""Lines name numbered seats; cancelling used tickets is a permission of its own."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_places_are_counted"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="order",
            options={
                "ordering": ("-received_at", "-id"),
                "permissions": [
                    ("confirm_order", "Can confirm an order"),
                    ("cancel_order", "Can cancel an order"),
                    ("cancel_used_order", "Can cancel an order with used tickets"),
                    ("replay_order", "Can replay an order"),
                    ("overbook_order", "Can replay an order over the capacity"),
                ],
            },
        ),
        migrations.AddField(
            model_name="orderline",
            name="seats",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10),
                blank=True,
                default=list,
                help_text="As sent.",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="orderline",
            name="component_schedule",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="As sent: itemNumber, visitDate, visitTime, seats.",
            ),
        ),
    ]
