"""Wallets are cancelled one by one: lines say which, and the ledger takes each back once.

A trigger holds that a line is never taken back for more than it was sold, and exactly when all of
it is. The sale's row is locked, so that two who take back at once wait for each other.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

_WITHIN_SALE = """
CREATE FUNCTION orders_reversal_within_sale() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sale orders_ledgerentry; units integer; gross numeric; net numeric;
BEGIN
    SELECT * INTO sale FROM orders_ledgerentry WHERE id = NEW.reverses_id FOR NO KEY UPDATE;
    SELECT sale.quantity + sum(e.quantity), sale.gross + sum(e.gross), sale.net + sum(e.net)
    INTO units, gross, net FROM orders_ledgerentry e WHERE e.reverses_id = sale.id;
    IF sale.kind <> 'sale' OR sale.line_id <> NEW.line_id OR NEW.quantity >= 0
        OR units < 0 OR gross < 0 OR net < 0 OR (units = 0 AND (gross <> 0 OR net <> 0))
    THEN
        RAISE EXCEPTION 'entry % is not taken back within what was sold', sale.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_reversal_within_sale',
                  TABLE = 'orders_ledgerentry';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER orders_reversal_within_sale AFTER INSERT ON orders_ledgerentry
    FOR EACH ROW WHEN (NEW.kind = 'reversal') EXECUTE FUNCTION orders_reversal_within_sale();
"""
_NO_MORE = """
DROP TRIGGER orders_reversal_within_sale ON orders_ledgerentry;
DROP FUNCTION orders_reversal_within_sale();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0017_batches_are_checked"),
        ("wallets", "0006_external_references_by_mode"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="orderline",
            options={
                "ordering": ("order", "line_no"),
                "permissions": [
                    ("cancel_wallet", "Can cancel single wallets of an order"),
                    ("reissue_asset", "Can reissue a ticket or coupon"),
                ],
            },
        ),
        migrations.AddField(
            model_name="orderline",
            name="cancelled",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                blank=True,
                db_default=[],
                default=list,
                help_text="The numbers of the wallets that were cancelled while the others stayed.",
                size=None,
            ),
        ),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cancelled__len__lte", models.F("quantity")),
                    models.Q(("is_group", False), ("cancelled__len__lte", 1), _connector="OR"),
                ),
                name="line_cancelled_within_its_wallets",
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="wallet",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The one wallet that is taken back, while the order stays.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="ledger_entries",
                to="wallets.wallet",
            ),
        ),
        AddConstraintNotValid(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("wallet__isnull", True), ("kind", "reversal"), _connector="OR"),
                name="ledger_wallet_is_taken_back",
            ),
        ),
        migrations.RunSQL(_WITHIN_SALE, _NO_MORE),
    ]
