"""Answers that were stored before say which order they show, too.

A batch is a transaction, so that repeated requests are answered meanwhile; what was broken off can
be repeated. Answers that processes of the version before store after this name no order: nothing of
them is blanked when an order is erased, and they are pruned 48 hours after they were stored.
"""

from django.db import migrations

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
# The order is what an answer begins with: the rest of it is not read.
_FILL = r"""
WITH batch AS (
    SELECT id, substring(left(body, 60) from '^\{"orderId": "([0-9a-f-]{36})"')::uuid AS shown
    FROM partners_idempotencyrecord WHERE id > %s ORDER BY id LIMIT 1000
), filled AS (
    UPDATE partners_idempotencyrecord kept SET order_id = batch.shown
    FROM batch WHERE kept.id = batch.id AND kept.order_id IS NULL AND batch.shown IS NOT NULL
)
SELECT max(id) FROM batch
"""


def fill(apps, schema_editor):
    """Read the stored answers through, a thousand at a time."""
    last = 0
    with schema_editor.connection.cursor() as cursor:
        while last is not None:
            cursor.execute(_FILL, [last])
            (last,) = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("partners", "0008_answers_name_their_order")]

    operations = [
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
