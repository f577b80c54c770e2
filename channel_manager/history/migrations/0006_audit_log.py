"""What staff do beside events has its own append-only table; one view shows both."""

from django.db import migrations, models

from channel_manager.lib.triggers import refuse_changes

_VIEW = """
    CREATE VIEW history_auditentry AS
    SELECT 'e' || id AS id, kind::text AS kind, subject_id::text AS subject_id,
           ''::text AS subject, name::text AS name, from_state::text AS from_state,
           to_state::text AS to_state, actor::text AS actor, reason, data AS changes, at
      FROM history_event WHERE actor LIKE 'staff:%'
    UNION ALL
    SELECT 'r' || id, kind::text, subject_id::text, subject::text, name::text, ''::text,
           ''::text, actor::text, reason, changes, at
      FROM history_auditrecord
"""


class Migration(migrations.Migration):
    dependencies = [("history", "0005_roles")]

    operations = [
        migrations.CreateModel(
            name="AuditRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        help_text="What the subject is, such as package.", max_length=40
                    ),
                ),
                ("subject_id", models.CharField(max_length=64)),
                (
                    "subject",
                    models.CharField(help_text="What it was called then.", max_length=200),
                ),
                (
                    "name",
                    models.CharField(help_text="What was done, such as changed.", max_length=40),
                ),
                ("actor", models.CharField(help_text="staff:<id>.", max_length=60)),
                ("reason", models.TextField(blank=True)),
                (
                    "changes",
                    models.JSONField(default=list, help_text="Fields with their before and after."),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["kind", "subject_id", "id"], name="audit_by_subject"),
                    models.Index(fields=["at"], name="audit_by_moment"),
                ],
            },
        ),
        refuse_changes("history_auditrecord"),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.CharField(max_length=24, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40, verbose_name="what it was done to")),
                ("subject_id", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=40)),
                ("from_state", models.CharField(max_length=20)),
                ("to_state", models.CharField(max_length=20)),
                ("actor", models.CharField(max_length=60)),
                ("reason", models.TextField()),
                ("changes", models.JSONField(help_text="A record's fields, or an event's data.")),
                ("at", models.DateTimeField(verbose_name="when")),
            ],
            options={
                "verbose_name": "audit log entry",
                "verbose_name_plural": "audit log entries",
                "managed": False,
                "default_permissions": ("view",),
            },
        ),
        migrations.RunSQL(_VIEW, "DROP VIEW history_auditentry"),
    ]
