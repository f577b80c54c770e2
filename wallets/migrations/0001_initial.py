import channel_manager.lib.identity
import django.db.models.deletion
import django_fsm
import wallets.models
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0001_initial'),
        ('orders', '0001_initial'),
        ('partners', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Wallet',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('seq_no', models.PositiveIntegerField()),
                ('status', django_fsm.FSMField(choices=[('Reserved', 'Reserved'), ('Minted', 'Minted'), ('Active', 'Active'), ('Destroyed', 'Destroyed')], default='Reserved', max_length=50, protected=True)),
                ('reference_number', models.CharField(default=wallets.models.new_wallet_number, max_length=20)),
                ('external_reference_number', models.CharField(blank=True, max_length=64, null=True)),
                ('name', models.CharField(blank=True, max_length=100, null=True)),
                ('token', models.CharField(default=channel_manager.lib.identity.url_token, max_length=32, unique=True)),
                ('issued_at', models.DateTimeField(blank=True, null=True)),
                ('destroyed_at', models.DateTimeField(blank=True, null=True)),
                ('destroyed_by', models.CharField(blank=True, max_length=60)),
                ('destroyed_why', models.CharField(blank=True, max_length=500)),
                ('line', models.ForeignKey(blank=True, db_index=False, help_text='Empty once the line was replaced; the wallet is destroyed then.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='wallets', to='orders.orderline')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='wallets', to='orders.order')),
                ('venue', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='wallets', to='partners.venue')),
            ],
            options={
                'ordering': ('line', 'seq_no'),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Asset',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField(help_text='Its place in the wallet.')),
                ('unit', models.PositiveSmallIntegerField()),
                ('generation', models.PositiveSmallIntegerField(default=1)),
                ('type', models.CharField(choices=[('ticket', 'Ticket'), ('coupon', 'Coupon')], max_length=10)),
                ('reference_number', models.CharField(max_length=20)),
                ('description', models.CharField(max_length=100)),
                ('admissions', models.PositiveIntegerField(default=1, help_text='How many admissions it is worth; more than one for a group.')),
                ('status', django_fsm.FSMField(choices=[('Minted', 'Minted'), ('Valid', 'Valid'), ('Used', 'Used'), ('Expired', 'Expired'), ('Destroyed', 'Destroyed')], default='Minted', max_length=50, protected=True)),
                ('visit_date', models.DateField(blank=True, null=True)),
                ('visit_time', models.TimeField(blank=True, null=True)),
                ('valid_from', models.DateTimeField()),
                ('valid_until', models.DateTimeField()),
                ('component', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assets', to='catalog.component')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assets', to='catalog.item')),
                ('venue', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assets', to='partners.venue')),
                ('wallet', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='assets', to='wallets.wallet')),
            ],
            options={
                'ordering': ('wallet', 'position', 'unit'),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['Reserved', 'Minted', 'Active', 'Destroyed'])), name='wallet_status_known'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.UniqueConstraint(fields=('venue', 'reference_number'), name='wallet_number_once_per_venue'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'Destroyed'), _negated=True), fields=('venue', 'external_reference_number'), name='external_reference_once_among_living'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.UniqueConstraint(fields=('line', 'seq_no'), name='wallet_seq_no_once_per_line'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.CheckConstraint(condition=models.Q(('line__isnull', False), ('status', 'Destroyed'), _connector='OR'), name='living_wallet_has_a_line'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.CheckConstraint(condition=models.Q(('destroyed_at__isnull', False), models.Q(('status', 'Destroyed'), _negated=True), _connector='XOR'), name='destroyed_wallet_says_when'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['Minted', 'Valid', 'Used', 'Expired', 'Destroyed'])), name='asset_status_known'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['ticket', 'coupon'])), name='asset_type_known'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.CheckConstraint(condition=models.Q(('valid_from__lt', models.F('valid_until'))), name='asset_validity_in_order'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.CheckConstraint(condition=models.Q(('admissions__gte', 1)), name='asset_admits_somebody'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.UniqueConstraint(fields=('venue', 'reference_number'), name='asset_number_once_per_venue'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.UniqueConstraint(fields=('wallet', 'component', 'unit', 'generation'), name='asset_minted_once'),
        ),
    ]
