"""Orders are found by any part of a reference, name or e-mail address, by index.

Built without keeping orders from being taken meanwhile, so it is not one transaction. A build that
was broken off leaves an index marked invalid: drop it (`DROP INDEX CONCURRENTLY`) and migrate again.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, TrigramExtension
from django.db import migrations, models
from django.db.models.functions import Concat, Upper

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
# PostgreSQL's own array_to_string is not immutable, since the text of some types depends on
# settings; that of texts does not. In plpgsql, since an SQL function is far slower here.
_JOINED = """
CREATE OR REPLACE FUNCTION orders_joined(varchar[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$ BEGIN RETURN array_to_string($1, E'\\n'); END $$
"""


def _joined(column: str) -> models.Func:
    return models.Func(models.F(column), function="orders_joined", output_field=models.TextField())


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0013_failures_are_found_by_cause")]

    operations = [
        TrigramExtension(),
        migrations.RunSQL(_JOINED, "DROP FUNCTION orders_joined(varchar[])"),
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        AddIndexConcurrently(
            model_name="order",
            index=GinIndex(
                OpClass(
                    Upper(
                        Concat(
                            "buy_from_order_reference",
                            models.Value("\n"),
                            "sell_to_order_reference",
                            models.Value("\n"),
                            "payment_reference",
                            models.Value("\n"),
                            "sell_to_name",
                            models.Value("\n"),
                            "sell_to_email",
                            output_field=models.TextField(),
                        )
                    ),
                    name="gin_trgm_ops",
                ),
                condition=models.Q(("status__in", ("Draft", "Issued", "Cancelled", "Error"))),
                gin_pending_list_limit=1024,
                name="order_searched",
            ),
        ),
        AddIndexConcurrently(
            model_name="orderline",
            index=GinIndex(
                OpClass(
                    Upper(
                        Concat(
                            "sell_to_name",
                            models.Value("\n"),
                            "sell_to_email",
                            models.Value("\n"),
                            _joined("names"),
                            models.Value("\n"),
                            _joined("external_reference_numbers"),
                            output_field=models.TextField(),
                        )
                    ),
                    name="gin_trgm_ops",
                ),
                gin_pending_list_limit=1024,
                name="line_searched",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
