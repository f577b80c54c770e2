from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("history", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="SignInAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name_hash", models.CharField(max_length=64)),
                ("address_hash", models.CharField(max_length=64)),
                ("succeeded", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["name_hash", "at"], name="sign_in_by_name"),
                    models.Index(fields=["address_hash", "at"], name="sign_in_by_address"),
                    models.Index(fields=["at"], name="sign_in_by_moment"),
                ],
            },
        ),
    ]
