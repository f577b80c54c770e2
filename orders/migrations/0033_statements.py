"""Statements of partners, their lines, positions, decisions and exports."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django_fsm
from django.db import migrations, models

import channel_manager.lib.identity
import orders.finance.lines


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0032_ledger_counts_by_day"),
        ("partners", "0013_contracts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("matched", "Matched"),
                            ("within_tolerance", "Matched within tolerance"),
                            ("amount_differs", "Amount differs"),
                            ("commission_differs", "Commission differs"),
                            ("currency_differs", "Currency differs"),
                            ("quantity_differs", "Quantity differs"),
                            ("missing_at_partner", "Missing at partner"),
                            ("missing_at_us", "Missing at us"),
                            ("cancelled_here", "Cancelled here but billed"),
                            ("cancelled_there", "Cancelled there but issued"),
                            ("duplicate", "Duplicate"),
                            ("reversal_pair", "Reversal pair"),
                            ("adjustment", "Adjustment"),
                            ("wrong_period", "Wrong period"),
                            ("wrong_partner", "Wrong partner"),
                            ("not_billable", "Not billable"),
                        ],
                        max_length=20,
                    ),
                ),
                ("difference", models.DecimalField(decimal_places=3, max_digits=20)),
                ("currency", models.CharField(max_length=3)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("accept", "Accept"),
                            ("dispute", "Dispute"),
                            ("carry", "Carry to the next period"),
                            ("adjust", "Adjust our ledger"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                (
                    "actor",
                    models.CharField(help_text="staff:<id>, as in the event log.", max_length=60),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=channel_manager.lib.identity.time_ordered_uuid,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("Waiting", "Waiting"),
                            ("Running", "Running"),
                            ("Done", "Done"),
                            ("Failed", "Failed"),
                        ],
                        default="Waiting",
                        max_length=50,
                        protected=True,
                    ),
                ),
                (
                    "report",
                    models.CharField(help_text="A name in orders/finance/reports.", max_length=30),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)")], max_length=10
                    ),
                ),
                ("filters", models.JSONField(default=dict)),
                ("title", models.CharField(help_text="What it holds, in words.", max_length=300)),
                (
                    "started_by",
                    models.CharField(help_text="staff:<id>, as in the event log.", max_length=60),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("message", models.TextField(blank=True, help_text="Why it failed.")),
                (
                    "row_count",
                    models.PositiveIntegerField(
                        blank=True, help_text="How many rows there are to write, about.", null=True
                    ),
                ),
                ("rows_done", models.PositiveIntegerField(default=0)),
                ("size", models.PositiveBigIntegerField(default=0, help_text="Bytes.")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("job_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "is_kept",
                    models.BooleanField(default=True, help_text="Whether its file is still there."),
                ),
            ],
            options={
                "ordering": ("-started_at", "-id"),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="ExportChunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
            ],
            options={
                "ordering": ("export", "number"),
            },
        ),
        migrations.CreateModel(
            name="PartnerFormat",
            fields=[
                (
                    "partner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="statement_format",
                        serialize=False,
                        to="partners.partner",
                    ),
                ),
                ("format", models.JSONField()),
                ("saved_by", models.CharField(max_length=60)),
                ("saved_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Position",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("buy_from_order_reference", models.CharField(blank=True, max_length=20)),
                ("sell_to_order_reference", models.CharField(blank=True, max_length=128)),
                ("quantity", models.IntegerField()),
                ("gross", models.DecimalField(decimal_places=3, max_digits=20)),
                ("vat", models.DecimalField(decimal_places=3, max_digits=20, verbose_name="VAT")),
                ("commission", models.DecimalField(decimal_places=3, max_digits=20)),
                ("net", models.DecimalField(decimal_places=3, max_digits=20)),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("matched", "Matched"),
                            ("within_tolerance", "Matched within tolerance"),
                            ("amount_differs", "Amount differs"),
                            ("commission_differs", "Commission differs"),
                            ("currency_differs", "Currency differs"),
                            ("quantity_differs", "Quantity differs"),
                            ("missing_at_partner", "Missing at partner"),
                            ("missing_at_us", "Missing at us"),
                            ("cancelled_here", "Cancelled here but billed"),
                            ("cancelled_there", "Cancelled there but issued"),
                            ("duplicate", "Duplicate"),
                            ("reversal_pair", "Reversal pair"),
                            ("adjustment", "Adjustment"),
                            ("wrong_period", "Wrong period"),
                            ("wrong_partner", "Wrong partner"),
                            ("not_billable", "Not billable"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "counts_in",
                    models.CharField(
                        choices=[
                            ("matched", "Matched"),
                            ("within_tolerance", "Matched within tolerance"),
                            ("amount_differs", "Amount differs"),
                            ("commission_differs", "Commission differs"),
                            ("currency_differs", "Currency differs"),
                            ("quantity_differs", "Quantity differs"),
                            ("missing_at_partner", "Missing at partner"),
                            ("missing_at_us", "Missing at us"),
                            ("cancelled_here", "Cancelled here but billed"),
                            ("cancelled_there", "Cancelled there but issued"),
                            ("duplicate", "Duplicate"),
                            ("reversal_pair", "Reversal pair"),
                            ("adjustment", "Adjustment"),
                            ("wrong_period", "Wrong period"),
                            ("wrong_partner", "Wrong partner"),
                            ("not_billable", "Not billable"),
                        ],
                        help_text="The state that its net stands beside in the bridge: of duplicates, the line kept.",
                        max_length=20,
                    ),
                ),
                ("cause", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ("period", "buy_from_order_reference", "id"),
            },
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=channel_manager.lib.identity.time_ordered_uuid,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("Uploaded", "Uploaded"),
                            ("Reading", "Reading"),
                            ("Read", "Read"),
                            ("Refused", "Refused"),
                            ("Withdrawn", "Withdrawn"),
                        ],
                        default="Uploaded",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("message", models.TextField(blank=True, help_text="Why it was refused.")),
                ("file_name", models.CharField(max_length=200)),
                (
                    "sha256",
                    models.CharField(help_text="Of the file, which is not kept.", max_length=64),
                ),
                ("format", models.JSONField(default=dict)),
                (
                    "questions",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="What somebody has to answer before it is read.",
                    ),
                ),
                (
                    "notes",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Sentences on how it is written, and was read.",
                    ),
                ),
                (
                    "stated_totals",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="By currency, how far its rows of totals are from the sum of its lines.",
                    ),
                ),
                ("line_count", models.PositiveIntegerField(default=0)),
                (
                    "rows_read",
                    models.PositiveIntegerField(default=0, help_text="How far reading is."),
                ),
                (
                    "uploaded_by",
                    models.CharField(help_text="staff:<id>, as in the event log.", max_length=60),
                ),
                ("uploaded_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("job_id", models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-uploaded_at", "-id"),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="StatementLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("row", models.PositiveIntegerField(help_text="In the file, from 1.")),
                ("our_reference", models.CharField(blank=True, max_length=200)),
                ("their_reference", models.CharField(blank=True, max_length=200)),
                ("other_reference", models.CharField(blank=True, max_length=200)),
                ("guest_name", models.CharField(blank=True, max_length=200)),
                ("date", models.DateField(blank=True, null=True)),
                ("quantity", models.IntegerField(blank=True, null=True)),
                (
                    "gross",
                    models.DecimalField(blank=True, decimal_places=3, max_digits=20, null=True),
                ),
                (
                    "commission",
                    models.DecimalField(blank=True, decimal_places=3, max_digits=20, null=True),
                ),
                ("net", models.DecimalField(decimal_places=3, max_digits=20)),
                (
                    "net_is_worked_out",
                    models.BooleanField(
                        default=False,
                        help_text="The file has no net: ours follows from the terms of its order.",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            (orders.finance.lines.LineKind["SALE"], "Sale"),
                            (orders.finance.lines.LineKind["REFUND"], "Refund"),
                            (orders.finance.lines.LineKind["ADJUSTMENT"], "Adjustment"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "damage",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=300),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "linked_order",
                    models.UUIDField(
                        blank=True, help_text="Somebody linked it by hand.", null=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("matched", "Matched"),
                            ("within_tolerance", "Matched within tolerance"),
                            ("amount_differs", "Amount differs"),
                            ("commission_differs", "Commission differs"),
                            ("currency_differs", "Currency differs"),
                            ("quantity_differs", "Quantity differs"),
                            ("missing_at_partner", "Missing at partner"),
                            ("missing_at_us", "Missing at us"),
                            ("cancelled_here", "Cancelled here but billed"),
                            ("cancelled_there", "Cancelled there but issued"),
                            ("duplicate", "Duplicate"),
                            ("reversal_pair", "Reversal pair"),
                            ("adjustment", "Adjustment"),
                            ("wrong_period", "Wrong period"),
                            ("wrong_partner", "Wrong partner"),
                            ("not_billable", "Not billable"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "rule",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("by_hand", "Linked by hand"),
                            ("our_number", "Our number"),
                            ("their_number", "The partner's number"),
                            ("normalised", "A number without its signs, zeros and case"),
                            ("ticket_number", "A wallet's, ticket's or external number"),
                        ],
                        max_length=20,
                    ),
                ),
                ("cause", models.CharField(blank=True, max_length=500)),
                ("order_id", models.UUIDField(blank=True, null=True)),
                (
                    "suggestions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, default=list, size=None
                    ),
                ),
            ],
            options={
                "ordering": ("statement", "row"),
            },
        ),
        migrations.AddField(
            model_name="decision",
            name="order",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="orders.order",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="period",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="orders.period",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="posted",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="What an adjustment has posted.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="orders.ledgerentry",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="settles",
            field=models.OneToOneField(
                blank=True,
                help_text="What was carried from an earlier period, and is decided on here.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="settled_by",
                to="orders.decision",
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="period",
            field=models.ForeignKey(
                blank=True,
                help_text="The period that was closed with it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="exports",
                to="orders.period",
            ),
        ),
        migrations.AddField(
            model_name="exportchunk",
            name="export",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chunks",
                to="orders.export",
            ),
        ),
        migrations.AddField(
            model_name="position",
            name="entry",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.ledgerentry",
            ),
        ),
        migrations.AddField(
            model_name="position",
            name="order",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="positions",
                to="orders.order",
            ),
        ),
        migrations.AddField(
            model_name="position",
            name="period",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="positions",
                to="orders.period",
            ),
        ),
        migrations.CreateModel(
            name="StatementFile",
            fields=[
                (
                    "statement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="file",
                        serialize=False,
                        to="orders.statement",
                    ),
                ),
                ("content", models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name="statement",
            name="partner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statements",
                to="partners.partner",
            ),
        ),
        migrations.AddField(
            model_name="statement",
            name="period",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statements",
                to="orders.period",
            ),
        ),
        migrations.AddField(
            model_name="statementline",
            name="position",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="lines",
                to="orders.position",
            ),
        ),
        migrations.AddField(
            model_name="statementline",
            name="statement",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lines",
                to="orders.statement",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="line",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="orders.statementline",
            ),
        ),
        migrations.AddIndex(
            model_name="export",
            index=models.Index(fields=["started_at", "id"], name="export_by_start"),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["Waiting", "Running", "Done", "Failed"])),
                name="export_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(("format__in", ["csv", "xlsx"])), name="export_format_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "Done"), _negated=True),
                    models.Q(("sha256", ""), _negated=True),
                    _connector="OR",
                ),
                name="export_has_its_hash",
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "Failed"), _negated=True),
                    models.Q(("message", ""), _negated=True),
                    _connector="OR",
                ),
                name="failed_export_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportchunk",
            constraint=models.UniqueConstraint(
                fields=("export", "number"), name="export_chunk_once"
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                fields=["period", "state", "buy_from_order_reference", "id"],
                name="position_by_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.UniqueConstraint(
                condition=models.Q(("entry__isnull", True)),
                fields=("period", "order"),
                name="position_order_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.UniqueConstraint(
                condition=models.Q(("entry__isnull", False)),
                fields=("period", "entry"),
                name="position_entry_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "counts_in__in",
                        [
                            "matched",
                            "within_tolerance",
                            "amount_differs",
                            "commission_differs",
                            "currency_differs",
                            "quantity_differs",
                            "missing_at_partner",
                            "missing_at_us",
                            "cancelled_here",
                            "cancelled_there",
                            "duplicate",
                            "reversal_pair",
                            "adjustment",
                            "wrong_period",
                            "wrong_partner",
                            "not_billable",
                        ],
                    ),
                    (
                        "state__in",
                        [
                            "matched",
                            "within_tolerance",
                            "amount_differs",
                            "commission_differs",
                            "currency_differs",
                            "quantity_differs",
                            "missing_at_partner",
                            "missing_at_us",
                            "cancelled_here",
                            "cancelled_there",
                            "duplicate",
                            "reversal_pair",
                            "adjustment",
                            "wrong_period",
                            "wrong_partner",
                            "not_billable",
                        ],
                    ),
                ),
                name="position_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "gross",
                        django.db.models.expressions.CombinedExpression(
                            models.F("net"), "+", models.F("commission")
                        ),
                    )
                ),
                name="position_net_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("order__isnull", False), ("entry__isnull", False), _connector="OR"
                ),
                name="position_is_of_something",
            ),
        ),
        migrations.AddIndex(
            model_name="statement",
            index=models.Index(fields=["uploaded_at", "id"], name="statement_by_upload"),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["Uploaded", "Reading", "Read", "Refused", "Withdrawn"])
                ),
                name="statement_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "Refused"), _negated=True),
                    models.Q(("message", ""), _negated=True),
                    _connector="OR",
                ),
                name="refused_statement_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ("Refused", "Withdrawn")), _negated=True),
                fields=("partner", "sha256"),
                name="statement_file_once",
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(
                fields=["statement", "state", "row"], name="statement_line_by_state"
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(
                condition=models.Q(("order_id__isnull", False)),
                fields=["order_id"],
                name="statement_line_by_order",
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(
                condition=models.Q(("our_reference", ""), _negated=True),
                fields=["our_reference"],
                name="statement_line_by_number",
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(
                condition=models.Q(("their_reference", ""), _negated=True),
                fields=["their_reference"],
                name="statement_line_by_theirs",
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(
                condition=models.Q(("other_reference", ""), _negated=True),
                fields=["other_reference"],
                name="statement_line_by_other",
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(
                condition=models.Q(("guest_name", ""), _negated=True),
                fields=["statement"],
                name="statement_line_of_a_guest",
            ),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(
                fields=("statement", "row"), name="statement_row_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "",
                            "matched",
                            "within_tolerance",
                            "amount_differs",
                            "commission_differs",
                            "currency_differs",
                            "quantity_differs",
                            "missing_at_partner",
                            "missing_at_us",
                            "cancelled_here",
                            "cancelled_there",
                            "duplicate",
                            "reversal_pair",
                            "adjustment",
                            "wrong_period",
                            "wrong_partner",
                            "not_billable",
                        ],
                    )
                ),
                name="statement_line_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("action__in", ["accept", "dispute", "carry", "adjust"])),
                name="decision_action_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="decision_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("action", "adjust")),
                fields=("line",),
                name="decision_adjusts_a_line_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("posted__isnull", False),
                    models.Q(("action", "adjust"), _negated=True),
                    _connector="XOR",
                ),
                name="adjusting_decision_has_posted",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("line__isnull", False), ("order__isnull", False), _connector="XOR"
                ),
                name="decision_is_on_one_difference",
            ),
        ),
    ]
