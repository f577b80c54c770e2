"""Stored answers say which order they show, so that its guests can be taken out of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0007_answers_are_kept_by_mode")]

    operations = [
        migrations.AddField(
            model_name="idempotencyrecord",
            name="order_id",
            field=models.UUIDField(
                blank=True,
                help_text="The order that is answered, if one is. No key: it outlives orders.",
                null=True,
            ),
        ),
    ]
