"""Entries of the ledger carry commission, the terms it follows from, and the day they count on.

What the column `net` held is the amount without VAT; net is what is left of gross once the
commission is off. Only names and empty columns change hands here.

A day is filled in once, where the contract counts by admission: nothing else of an entry ever
changes. A day within a closed period moves to the next that is open; the period's row is locked
against being closed meanwhile, by a lock that leaves it free to be matched.
"""

from decimal import Decimal

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

_WITHIN_SALE = """
CREATE OR REPLACE FUNCTION orders_reversal_within_sale() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sale orders_ledgerentry; units integer; gross numeric; {name} numeric{commission_declared};
BEGIN
    SELECT * INTO sale FROM orders_ledgerentry WHERE id = NEW.reverses_id FOR NO KEY UPDATE;
    SELECT sale.quantity + sum(e.quantity), sale.gross + sum(e.gross),
        sale.{name} + sum(e.{name}){commission_summed}
    INTO units, gross, {name}{commission_into}
    FROM orders_ledgerentry e WHERE e.reverses_id = sale.id;
    IF sale.kind <> 'sale' OR sale.line_id <> NEW.line_id OR NEW.quantity >= 0
        OR units < 0 OR gross < 0 OR {name} < 0{commission_below}
        OR (units = 0 AND (gross <> 0 OR {name} <> 0{commission_left}))
    THEN
        RAISE EXCEPTION 'entry % is not taken back within what was sold', sale.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_reversal_within_sale',
                  TABLE = 'orders_ledgerentry';
    END IF;
    RETURN NULL;
END $$;
"""
_WITH_COMMISSION = _WITHIN_SALE.format(
    name="excl_vat",
    commission_declared="; commission numeric",
    commission_summed=",\n        sale.commission + sum(e.commission)",
    commission_into=", commission",
    commission_below=" OR commission < 0",
    commission_left=" OR commission <> 0",
)
_AS_BEFORE = _WITHIN_SALE.format(
    name="net",
    commission_declared="",
    commission_summed="",
    commission_into="",
    commission_below="",
    commission_left="",
)
_DATED = """
CREATE FUNCTION orders_date_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed orders_period; posted date;
BEGIN
    LOOP
        SELECT * INTO closed FROM orders_period
        WHERE partner_id = NEW.partner_id
            AND NEW.accounting_date BETWEEN first_day AND last_day
        FOR KEY SHARE;
        EXIT WHEN NOT FOUND OR closed.status <> 'Closed';
        posted := (
            SELECT (NEW.posted_at AT TIME ZONE timezone)::date FROM partners_venue
            WHERE id = NEW.venue_id
        );
        NEW.corrects_id := coalesce(NEW.corrects_id, closed.id);
        NEW.accounting_date := greatest(closed.last_day + 1, posted);
    END LOOP;
    RETURN NEW;
END $$;
-- By their names this one runs before the one that refuses changes.
CREATE TRIGGER orders_ledger_dated BEFORE INSERT OR UPDATE ON orders_ledgerentry
    FOR EACH ROW WHEN (NEW.accounting_date IS NOT NULL)
    EXECUTE FUNCTION orders_date_ledger_entry();

CREATE OR REPLACE FUNCTION orders_ledgerentry_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE before orders_ledgerentry;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.accounting_date IS NULL THEN
        before := OLD;
        before.accounting_date := NEW.accounting_date;
        before.corrects_id := NEW.corrects_id;
        IF before IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'orders_ledgerentry is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
"""
_NOT_DATED = """
DROP TRIGGER orders_ledger_dated ON orders_ledgerentry;
DROP FUNCTION orders_date_ledger_entry();
CREATE OR REPLACE FUNCTION orders_ledgerentry_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'orders_ledgerentry is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
"""
_OF_A_LINE = Q(kind="adjustment") | Q(order__isnull=False, line__isnull=False)
_SAYS_WHY = ~Q(kind="adjustment") | (~Q(reason="") & Q(accounting_date__isnull=False))


class Migration(migrations.Migration):
    dependencies = [("orders", "0030_periods")]

    operations = [
        migrations.SeparateDatabaseAndState(
            # The check follows its column by itself.
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE orders_ledgerentry RENAME COLUMN net TO excl_vat",
                    "ALTER TABLE orders_ledgerentry RENAME COLUMN excl_vat TO net",
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("ledgerentry", "ledger_gross_adds_up"),
                migrations.RenameField("ledgerentry", "net", "excl_vat"),
                migrations.AlterField(
                    "ledgerentry",
                    "excl_vat",
                    models.DecimalField("excl. VAT", max_digits=20, decimal_places=3),
                ),
                migrations.AddConstraint(
                    "ledgerentry",
                    models.CheckConstraint(
                        condition=Q(gross=F("excl_vat") + F("vat")), name="ledger_gross_adds_up"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            "ledgerentry",
            "commission",
            models.DecimalField(
                max_digits=20, decimal_places=3, default=Decimal(0), db_default=Decimal(0)
            ),
        ),
        migrations.AddField(
            "ledgerentry",
            "contract",
            models.ForeignKey(
                "partners.contract",
                django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="ledger_entries",
                db_index=False,
                help_text="The version of the terms that its commission was worked out by.",
            ),
        ),
        migrations.AddField(
            "ledgerentry",
            "accounting_date",
            models.DateField(
                null=True, blank=True, help_text="The day on which it counts, on the venue's clock."
            ),
        ),
        migrations.AddField(
            "ledgerentry",
            "corrects",
            models.ForeignKey(
                "orders.period",
                django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="later_entries",
                db_index=False,
                help_text="The closed period that it would have been of.",
            ),
        ),
        migrations.AlterField(
            "ledgerentry",
            "order",
            models.ForeignKey(
                "orders.order",
                django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="ledger_entries",
            ),
        ),
        migrations.AlterField(
            "ledgerentry",
            "line",
            models.ForeignKey(
                "orders.orderline",
                django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="ledger_entries",
            ),
        ),
        migrations.AlterField(
            "ledgerentry",
            "buy_from_order_reference",
            models.CharField(max_length=20, blank=True),
        ),
        AddConstraintNotValid(
            "ledgerentry",
            models.CheckConstraint(condition=_OF_A_LINE, name="ledger_sale_is_of_a_line"),
        ),
        AddConstraintNotValid(
            "ledgerentry",
            models.CheckConstraint(condition=_SAYS_WHY, name="ledger_adjustment_says_why_and_when"),
        ),
        migrations.RunSQL(_WITH_COMMISSION, _AS_BEFORE),
        migrations.RunSQL(_DATED, _NOT_DATED),
    ]
