import channel_manager.lib.identity
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django_fsm
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0001_initial'),
        ('history', '0001_initial'),
        ('partners', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderEvent',
            fields=[
            ],
            options={
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('history.event',),
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('status', django_fsm.FSMField(choices=[('Submitted', 'Submitted'), ('Scheduled', 'Scheduled'), ('Processing', 'Processing'), ('Draft', 'Draft'), ('Issued', 'Issued'), ('Cancelled', 'Cancelled'), ('Error', 'Error')], default='Submitted', max_length=50, protected=True)),
                ('status_message', models.TextField(blank=True)),
                ('failure_code', models.CharField(blank=True, choices=[('unmapped_item', 'Item number not mapped'), ('no_active_component', 'Package has no active component'), ('no_price', 'Package has no price for the date'), ('stalled', 'Issuance made no progress for too long'), ('internal', 'Unexpected fault while issuing')], max_length=30)),
                ('status_since', models.DateTimeField()),
                ('sell_to_order_reference', models.CharField(max_length=128)),
                ('buy_from_order_reference', models.CharField(max_length=20, unique=True)),
                ('sell_to_email', models.CharField(blank=True, max_length=254, null=True)),
                ('sell_to_name', models.CharField(blank=True, max_length=100, null=True)),
                ('sell_to_language', models.CharField(blank=True, max_length=35, null=True)),
                ('payment_reference', models.CharField(blank=True, max_length=128, null=True)),
                ('received_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('visit_date', models.DateField(blank=True, help_text='The first visit date of its lines.', null=True)),
                ('test_mode', models.BooleanField(default=False)),
                ('currency', models.CharField(max_length=3)),
                ('total_incl_vat', models.DecimalField(blank=True, decimal_places=3, max_digits=20, null=True)),
                ('total_excl_vat', models.DecimalField(blank=True, decimal_places=3, max_digits=20, null=True)),
                ('token', models.CharField(default=channel_manager.lib.identity.url_token, max_length=32, unique=True)),
                ('draft_expires_at', models.DateTimeField(blank=True, null=True)),
                ('job_id', models.BigIntegerField(blank=True, help_text='The background job that issues it.', null=True)),
                ('partner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='partners.partner')),
                ('venue', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='partners.venue')),
            ],
            options={
                'ordering': ('-received_at', '-id'),
                'permissions': [('confirm_order', 'Can confirm an order'), ('cancel_order', 'Can cancel an order'), ('replay_order', 'Can replay an order')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('line_no', models.PositiveIntegerField()),
                ('item_number', models.CharField(help_text='As the partner sent it.', max_length=64)),
                ('description', models.CharField(blank=True, max_length=100)),
                ('is_package', models.BooleanField(default=False)),
                ('is_group', models.BooleanField(default=False)),
                ('quantity', models.PositiveIntegerField()),
                ('visit_date', models.DateField(blank=True, null=True)),
                ('visit_time', models.TimeField(blank=True, null=True)),
                ('sell_to_email', models.CharField(blank=True, max_length=254, null=True)),
                ('sell_to_name', models.CharField(blank=True, max_length=100, null=True)),
                ('sell_to_language', models.CharField(blank=True, max_length=35, null=True)),
                ('names', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, size=None)),
                ('external_reference_numbers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('component_schedule', models.JSONField(blank=True, default=list, help_text='As sent: itemNumber, visitDate, visitTime.')),
                ('plan', models.JSONField(blank=True, default=list, help_text='What each wallet gets, one entry per component.')),
                ('unit_price_incl_vat', models.DecimalField(blank=True, decimal_places=3, max_digits=12, null=True)),
                ('unit_price_excl_vat', models.DecimalField(blank=True, decimal_places=3, max_digits=12, null=True)),
                ('vat_parts', models.JSONField(blank=True, default=list, help_text='Per unit and VAT rate: rate, inclVat, exclVat.')),
                ('unresolved_cause', models.CharField(blank=True, choices=[('unmapped_item', 'Item number not mapped'), ('no_active_component', 'Package has no active component'), ('no_price', 'Package has no price for the date')], max_length=30)),
                ('mapping', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='order_lines', to='catalog.packagemapping')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='orders.order')),
                ('package', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='order_lines', to='catalog.package')),
            ],
            options={
                'ordering': ('order', 'line_no'),
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('sale', 'Sale'), ('reversal', 'Reversal'), ('adjustment', 'Adjustment')], max_length=10)),
                ('buy_from_order_reference', models.CharField(max_length=20)),
                ('quantity', models.IntegerField()),
                ('gross', models.DecimalField(decimal_places=3, help_text='Including VAT.', max_digits=20)),
                ('vat', models.DecimalField(decimal_places=3, max_digits=20, verbose_name='VAT')),
                ('net', models.DecimalField(decimal_places=3, help_text='Without VAT.', max_digits=20)),
                ('currency', models.CharField(max_length=3)),
                ('vat_parts', models.JSONField(default=list, help_text='Per VAT rate: rate, inclVat, exclVat.')),
                ('reason', models.TextField(blank=True)),
                ('posted_at', models.DateTimeField()),
                ('partner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='partners.partner')),
                ('reverses', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='orders.ledgerentry')),
                ('venue', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='partners.venue')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='orders.order')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='orders.orderline')),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
                'ordering': ('id',),
            },
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['partner', 'received_at', 'id'], name='order_by_partner'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['received_at', 'id'], name='order_by_receipt'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('status__in', ('Submitted', 'Scheduled', 'Processing'))), fields=['status', 'status_since'], name='order_in_flight'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('status', 'Error')), fields=['failure_code', 'received_at'], name='order_in_error'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('status', 'Draft')), fields=['draft_expires_at'], name='order_draft_expiry'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['Submitted', 'Scheduled', 'Processing', 'Draft', 'Issued', 'Cancelled', 'Error'])), name='order_status_known'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(fields=('partner', 'sell_to_order_reference'), name='order_reference_once_per_partner'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('failure_code', ''), ('status', 'Error'), _connector='XOR'), name='order_in_error_says_why'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('draft_expires_at__isnull', False), models.Q(('status', 'Draft'), _negated=True), _connector='XOR'), name='draft_order_expires'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'Issued'), _negated=True), models.Q(('payment_reference__gt', ''), ('payment_reference__isnull', False)), _connector='OR'), name='issued_order_is_paid'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(condition=models.Q(('unresolved_cause', ''), _negated=True), fields=['item_number'], name='line_unresolved'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.UniqueConstraint(fields=('order', 'line_no'), name='line_no_once_per_order'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 1), ('quantity__lte', 1000)), name='line_quantity_1_to_1000'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('unresolved_cause', ''), _negated=True), models.Q(('package__isnull', False), ('plan__0__isnull', False), ('unit_price_excl_vat__isnull', False), ('unit_price_incl_vat__isnull', False)), _connector='OR'), name='resolved_line_has_package_price_and_plan'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['venue', 'posted_at', 'id'], name='ledger_by_venue'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['partner', 'posted_at', 'id'], name='ledger_by_partner'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['buy_from_order_reference'], name='ledger_by_document_number'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['sale', 'reversal', 'adjustment'])), name='ledger_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('gross', django.db.models.expressions.CombinedExpression(models.F('net'), '+', models.F('vat')))), name='ledger_gross_adds_up'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'reversal'), ('reverses__isnull', True), _connector='XOR'), name='ledger_reversal_names_its_sale'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'sale')), fields=('line',), name='ledger_line_sold_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('reverses',), name='ledger_sale_reversed_once'),
        ),
    ]
