"""Who may see names and e-mail addresses of guests."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0024_requests_are_kept_as_received")]

    operations = [
        migrations.AlterModelOptions(
            name="order",
            options={
                "ordering": ("-received_at", "-id"),
                "permissions": [
                    ("confirm_order", "Can confirm an order"),
                    ("cancel_order", "Can cancel an order"),
                    ("cancel_used_order", "Can cancel an order with used tickets"),
                    ("replay_order", "Can replay an order"),
                    ("move_order", "Can move an order to another day"),
                    ("overbook_order", "Can replay an order over the capacity"),
                    ("view_personal_data", "Can see names and e-mail addresses of guests"),
                ],
            },
        ),
    ]
