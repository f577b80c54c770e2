"""A version of a number is there once, and a line can refer to what it was sold under."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_mappings_have_versions")]

    operations = [
        migrations.AlterModelOptions(
            name="packagemapping",
            options={"ordering": ("partner", "item_number", "version")},
        ),
        migrations.AddConstraint(
            model_name="packagemapping",
            constraint=models.UniqueConstraint(
                fields=("partner", "item_number", "version"),
                name="mapping_version_once",
                violation_error_message="Somebody else has just added a version of this item "
                "number. Look again and repeat your change.",
            ),
        ),
        migrations.AddConstraint(
            model_name="packagemapping",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="mapping_version_from_1"
            ),
        ),
        migrations.AddConstraint(
            model_name="packagemapping",
            constraint=models.UniqueConstraint(
                fields=("id", "package", "item_number"), name="mapping_as_sold"
            ),
        ),
    ]
