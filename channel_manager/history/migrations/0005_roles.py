"""The product's roles are groups; their permissions follow the table at the end of `migrate`.

Permissions have their rows only then: Django makes them when everything is migrated.
"""

import django.db.models.deletion
from django.db import migrations, models

ROLES = ("owner", "orderdesk", "catalog", "partners", "finance", "viewer")


def make_groups(apps, schema_editor):
    """Make a group for each role, beside those of such a name that the park has made."""
    group_model = apps.get_model("auth", "Group")
    role_model = apps.get_model("history", "Role")
    for role in ROLES:
        taken = group_model.objects.filter(name=role).exists()
        group = group_model.objects.create(name=f"{role} (role)" if taken else role)
        role_model.objects.create(name=role, group=group)


def remove_groups(apps, schema_editor):
    """Remove the product's groups, whoever is in them, and leave the park's own."""
    role_model = apps.get_model("history", "Role")
    groups = list(role_model.objects.values_list("group", flat=True))
    role_model.objects.all().delete()
    apps.get_model("auth", "Group").objects.filter(pk__in=groups).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("history", "0003_sign_in_attempts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=20, unique=True)),
                (
                    "group",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="role",
                        to="auth.group",
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(make_groups, remove_groups),
    ]
