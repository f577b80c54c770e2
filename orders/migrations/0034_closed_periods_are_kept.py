"""What a closed period was closed with stays: its statements, lines, positions and decisions.

Names of guests may still be erased from lines. Decisions are never changed, and an export's hash
is given once.
"""

from django.db import migrations

from channel_manager.lib.triggers import refuse_changes

_KEPT = """
CREATE FUNCTION orders_refuse_in_closed_period() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before uuid; after uuid;
BEGIN
    -- Neither out of a closed period nor into one.
    IF TG_TABLE_NAME = 'orders_statementline' THEN
        IF TG_OP <> 'INSERT' THEN before := OLD.statement_id; END IF;
        IF TG_OP <> 'DELETE' THEN after := NEW.statement_id; END IF;
        PERFORM FROM orders_statement s JOIN orders_period p ON p.id = s.period_id
        WHERE s.id IN (before, after) AND p.status = 'Closed';
    ELSE
        IF TG_OP <> 'INSERT' THEN before := OLD.period_id; END IF;
        IF TG_OP <> 'DELETE' THEN after := NEW.period_id; END IF;
        PERFORM FROM orders_period WHERE id IN (before, after) AND status = 'Closed';
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'the period is closed: % of % refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_period_is_kept',
                  TABLE = TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_closed_period_kept BEFORE INSERT OR UPDATE OR DELETE ON orders_position
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_in_closed_period();
CREATE TRIGGER orders_closed_period_kept BEFORE INSERT OR UPDATE OR DELETE ON orders_statement
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_in_closed_period();
CREATE TRIGGER orders_closed_period_kept BEFORE INSERT ON orders_decision
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_in_closed_period();
CREATE TRIGGER orders_closed_period_kept BEFORE INSERT OR DELETE
    OR UPDATE OF statement_id, row, our_reference, their_reference, other_reference, date, quantity,
        gross, commission, net, net_is_worked_out, currency, kind, damage, linked_order, state, rule, cause,
        position_id, order_id, suggestions
    ON orders_statementline FOR EACH ROW EXECUTE FUNCTION orders_refuse_in_closed_period();

CREATE FUNCTION orders_keep_closed_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.partner_id, NEW.first_day, NEW.last_day, NEW.matched_as)
        IS DISTINCT FROM (OLD.partner_id, OLD.first_day, OLD.last_day, OLD.matched_as)
    THEN
        RAISE EXCEPTION 'the period is closed: % refused', TG_OP
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_period_is_kept',
                  TABLE = 'orders_period';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_closed_period_kept BEFORE UPDATE OR DELETE ON orders_period
    FOR EACH ROW WHEN (OLD.status = 'Closed') EXECUTE FUNCTION orders_keep_closed_period();

CREATE FUNCTION orders_keep_export_hash() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the hash of an export is kept'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'export_hash_is_kept',
              TABLE = 'orders_export';
END $$;
CREATE TRIGGER orders_export_hash_kept BEFORE UPDATE ON orders_export
    FOR EACH ROW WHEN (OLD.sha256 <> '' AND NEW.sha256 <> OLD.sha256)
    EXECUTE FUNCTION orders_keep_export_hash();
"""
_NO_MORE = """
DROP TRIGGER orders_export_hash_kept ON orders_export;
DROP FUNCTION orders_keep_export_hash();
DROP TRIGGER orders_closed_period_kept ON orders_period;
DROP FUNCTION orders_keep_closed_period();
DROP TRIGGER orders_closed_period_kept ON orders_statementline;
DROP TRIGGER orders_closed_period_kept ON orders_decision;
DROP TRIGGER orders_closed_period_kept ON orders_statement;
DROP TRIGGER orders_closed_period_kept ON orders_position;
DROP FUNCTION orders_refuse_in_closed_period();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0033_statements")]

    operations = [
        migrations.RunSQL(_KEPT, _NO_MORE),
        refuse_changes("orders_decision"),
    ]
