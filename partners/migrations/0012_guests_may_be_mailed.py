"""A partner says whether staff may mail its guests; none does until it is set."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0011_partners_go_live")]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="mails_manifests",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Staff may send its guests the link of their tickets by e-mail.",
                verbose_name="guests may be mailed",
            ),
        ),
    ]
