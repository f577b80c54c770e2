"""Orders at outside systems keep why they could not be read back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallets", "0011_outside_scans_and_reads")]

    operations = [
        migrations.AddField(
            model_name="outsideorder",
            name="read_cause",
            field=models.CharField(
                blank=True,
                default="",
                db_default="",
                editable=False,
                max_length=30,
            ),
        ),
        migrations.AddField(
            model_name="outsideorder",
            name="read_message",
            field=models.CharField(
                blank=True, default="", db_default="", editable=False, max_length=300
            ),
        ),
        migrations.AddField(
            model_name="outsideorder",
            name="read_failed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
