"""Stored answers say which order they show, so that its guests can be taken out of them.

Answers are kept for two days: reading them through once is quick.
"""

from django.db import migrations, models

_FILL = """
UPDATE partners_idempotencyrecord
SET order_id = substring(body from '"orderId": "([0-9a-f-]{36})"')::uuid
WHERE starts_with(body, '{"orderId": ')
"""


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
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="idempotencyrecord",
            index=models.Index(
                condition=models.Q(("order_id__isnull", False)),
                fields=["order_id"],
                name="idempotency_by_order",
            ),
        ),
    ]
