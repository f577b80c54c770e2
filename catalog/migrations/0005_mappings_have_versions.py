"""Mappings count the versions of a number, and their partner stays.

A version is counted when a row is inserted, or given another number while nobody has sold under it.
Two at once count alike: the unique constraint lets one of them through.
"""

from django.db import migrations, models

_COUNT = """
CREATE FUNCTION catalog_count_mapping_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.partner_id <> OLD.partner_id THEN
        RAISE EXCEPTION 'the partner of a mapping never changes'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'mapping_partner_stays';
    END IF;
    SELECT coalesce(max(m.version), 0) + 1 INTO NEW.version
        FROM catalog_packagemapping AS m
        WHERE m.partner_id = NEW.partner_id AND m.item_number = NEW.item_number;
    RETURN NEW;
END $$;
CREATE TRIGGER catalog_mapping_version_counted BEFORE INSERT ON catalog_packagemapping
    FOR EACH ROW EXECUTE FUNCTION catalog_count_mapping_version();
CREATE TRIGGER catalog_mapping_version_recounted BEFORE UPDATE ON catalog_packagemapping
    FOR EACH ROW WHEN (
        NEW.partner_id <> OLD.partner_id OR NEW.item_number <> OLD.item_number
    ) EXECUTE FUNCTION catalog_count_mapping_version();
"""
_NO_MORE = """
DROP TRIGGER catalog_mapping_version_counted ON catalog_packagemapping;
DROP TRIGGER catalog_mapping_version_recounted ON catalog_packagemapping;
DROP FUNCTION catalog_count_mapping_version();
"""
_FILL = """
UPDATE catalog_packagemapping AS m SET version = counted.version
FROM (
    SELECT id, row_number() OVER (
        PARTITION BY partner_id, item_number ORDER BY created_at, id
    ) AS version
    FROM catalog_packagemapping
) AS counted
WHERE counted.id = m.id;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_test_tickets")]

    operations = [
        migrations.AddField(
            model_name="packagemapping",
            name="version",
            field=models.PositiveIntegerField(
                db_default=0,
                editable=False,
                help_text="Counts what a partner's number has meant; given by the database.",
            ),
        ),
        migrations.RunSQL(_COUNT, _NO_MORE),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
