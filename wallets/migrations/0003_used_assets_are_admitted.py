"""An asset that is Used already had all of its admissions taken."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("wallets", "0002_gate_devices_and_scans")]

    operations = [
        migrations.RunSQL(
            "UPDATE wallets_asset SET admitted = admissions WHERE status = 'Used'",
            migrations.RunSQL.noop,
        ),
    ]
