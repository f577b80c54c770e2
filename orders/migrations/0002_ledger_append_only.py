"""Ledger entries cannot be changed or removed."""

from django.db import migrations

from channel_manager.lib.triggers import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [refuse_changes("orders_ledgerentry")]
