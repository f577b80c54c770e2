"""Orders fail for what outside systems say, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0040_redemption_limits_are_checked"),
    ]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="failure_code",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unmapped_item", "Item number not mapped"),
                    ("no_active_component", "Package has no active component"),
                    ("no_price", "Package has no price for the date"),
                    ("stalled", "Issuance made no progress for too long"),
                    ("internal", "Unexpected fault while issuing"),
                    ("outcome_unknown", "Whether it was issued elsewhere is not known"),
                    ("timed_out_there", "Outside system did not answer in time"),
                    ("system_away", "Outside system is away or failed"),
                    ("system_busy", "Outside system asks to be left alone"),
                    ("system_unreachable", "Outside system cannot be reached at its address"),
                    ("certificate_error", "Outside system's certificate is not valid"),
                    ("answer_redirects", "Outside system redirects elsewhere"),
                    ("answer_too_large", "Outside system's answer is too large"),
                    ("answer_unreadable", "Outside system's answer cannot be read"),
                    ("credentials_refused", "Outside system refuses our credentials"),
                    ("not_known_there", "Outside system does not know an outside id"),
                    ("no_outside_id", "Component has no outside id"),
                    ("refused_there", "Outside system refused the order"),
                    ("sold_out_there", "Sold out at the outside system"),
                    ("wrong_currency_there", "Outside system uses another currency"),
                    ("guest_payment_needed", "A guest would have to pay elsewhere"),
                    ("not_paid_there", "Not paid at the outside system"),
                    ("two_orders_there", "Outside system made it twice"),
                    ("connection_off", "Connection is switched off"),
                    ("connection_incomplete", "Connection is not set up completely"),
                ],
                max_length=30,
            ),
        ),
    ]
