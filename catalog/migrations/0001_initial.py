import catalog.models
import channel_manager.lib.identity
import django.contrib.postgres.constraints
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django_fsm
from decimal import Decimal
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('partners', '0001_initial'),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=64)),
                ('description', models.CharField(max_length=100)),
                ('type', models.CharField(choices=[('ticket', 'Ticket'), ('coupon', 'Coupon')], default='ticket', max_length=10)),
                ('vat_rate', models.DecimalField(decimal_places=2, help_text='Per cent, such as 9.00.', max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='VAT rate')),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='partners.venue')),
            ],
            options={
                'ordering': ('number',),
            },
        ),
        migrations.CreateModel(
            name='Package',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=100)),
                ('description', models.TextField(blank=True)),
                ('status', django_fsm.FSMField(choices=[('Draft', 'Draft'), ('OnSale', 'On sale'), ('Withdrawn', 'Withdrawn')], default='Draft', max_length=50, protected=True)),
                ('dating', models.CharField(choices=[('dated', 'Dated: one day, any time in opening hours'), ('timed', 'Timed: one day and one start time'), ('open', 'Open-dated: any day while it is valid')], default='dated', max_length=10)),
                ('is_group', models.BooleanField(default=False, help_text='One wallet with one ticket for the whole quantity. Needs exactly one component.', verbose_name='group package')),
                ('cut_off_minutes', models.PositiveIntegerField(blank=True, help_text='Sold until this many minutes before the visit starts. Empty: until it ends.', null=True, validators=[django.core.validators.MaxValueValidator(527040)])),
                ('validity_days', models.PositiveSmallIntegerField(default=365, help_text='Open-dated only: valid for this many days from the day of sale.', validators=[django.core.validators.MinValueValidator(1)])),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='packages', to='partners.venue')),
            ],
            options={
                'ordering': ('code',),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Component',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('quantity', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(20)])),
                ('price_share', models.DecimalField(decimal_places=4, default=Decimal('1'), help_text="Weight of this component in the package's price; decides the VAT.", max_digits=9, validators=[django.core.validators.MinValueValidator(0)])),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('is_active', models.BooleanField(default=True)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='components', to='catalog.item')),
                ('package', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='components', to='catalog.package')),
            ],
            options={
                'ordering': ('position', 'id'),
            },
        ),
        migrations.CreateModel(
            name='PackageMapping',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('item_number', models.CharField(help_text="The partner's SKU, exactly as sent.", max_length=64)),
                ('valid_from', models.DateField(blank=True, help_text="Date of receipt, venue's time.", null=True)),
                ('valid_until', models.DateField(blank=True, help_text='The last day, included.', null=True)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('package', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mappings', to='catalog.package')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mappings', to='partners.partner')),
            ],
            options={
                'ordering': ('partner', 'item_number', 'valid_from'),
            },
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('visit_from', models.DateField(blank=True, null=True)),
                ('visit_until', models.DateField(blank=True, help_text='The last day, included.', null=True)),
                ('amount_incl_vat', models.DecimalField(decimal_places=3, max_digits=12, validators=[django.core.validators.MinValueValidator(0)], verbose_name='amount incl. VAT')),
                ('package', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='catalog.package')),
                ('partner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='partners.partner')),
            ],
            options={
                'ordering': ('package', 'partner', 'visit_from'),
            },
        ),
        migrations.AddConstraint(
            model_name='item',
            constraint=models.UniqueConstraint(fields=('venue', 'number'), name='item_number_once_per_venue'),
        ),
        migrations.AddConstraint(
            model_name='item',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['ticket', 'coupon'])), name='item_type_known'),
        ),
        migrations.AddConstraint(
            model_name='item',
            constraint=models.CheckConstraint(condition=models.Q(('vat_rate__gte', 0), ('vat_rate__lte', 100)), name='item_vat_rate_in_per_cent'),
        ),
        migrations.AddConstraint(
            model_name='package',
            constraint=models.UniqueConstraint(fields=('venue', 'code'), name='package_code_once_per_venue'),
        ),
        migrations.AddConstraint(
            model_name='package',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['Draft', 'OnSale', 'Withdrawn'])), name='package_status_known'),
        ),
        migrations.AddConstraint(
            model_name='package',
            constraint=models.CheckConstraint(condition=models.Q(('dating__in', ['dated', 'timed', 'open'])), name='package_dating_known'),
        ),
        migrations.AddConstraint(
            model_name='package',
            constraint=models.CheckConstraint(condition=models.Q(('validity_days__gte', 1)), name='package_valid_for_a_day'),
        ),
        migrations.AddConstraint(
            model_name='package',
            constraint=models.CheckConstraint(condition=models.Q(('cut_off_minutes__lte', 527040)), name='package_cut_off_in_a_year'),
        ),
        migrations.AddConstraint(
            model_name='component',
            constraint=models.UniqueConstraint(fields=('package', 'item'), name='component_item_once_per_package'),
        ),
        migrations.AddConstraint(
            model_name='component',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 1), ('quantity__lte', 20)), name='component_quantity_1_to_20'),
        ),
        migrations.AddConstraint(
            model_name='component',
            constraint=models.CheckConstraint(condition=models.Q(('price_share__gte', 0)), name='component_price_share_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='packagemapping',
            constraint=models.CheckConstraint(condition=models.Q(('valid_from', None), ('valid_until', None), ('valid_from__lte', models.F('valid_until')), _connector='OR'), name='mapping_dates_in_order'),
        ),
        migrations.AddConstraint(
            model_name='packagemapping',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('is_active', True)), expressions=[(models.F('partner'), '='), (models.F('item_number'), '='), (catalog.models.DateRange('valid_from', 'valid_until', models.Value('[]')), '&&')], name='mapping_dates_do_not_overlap', violation_error_message='Another active mapping of this item number covers some of these dates.'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('amount_incl_vat__gte', 0)), name='price_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('visit_from', None), ('visit_until', None), ('visit_from__lte', models.F('visit_until')), _connector='OR'), name='price_dates_in_order'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.UniqueConstraint(condition=models.Q(('visit_from', None), ('visit_until', None)), fields=('package', 'partner'), name='price_without_dates_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('visit_from', None), ('visit_until', None), _negated=True), expressions=[(models.F('package'), '='), (django.db.models.functions.comparison.Coalesce(models.F('partner'), models.Value('00000000-0000-0000-0000-000000000000'), output_field=models.UUIDField()), '='), (catalog.models.DateRange('visit_from', 'visit_until', models.Value('[]')), '&&')], name='price_dates_do_not_overlap', violation_error_message='Another price of this package for the same partner covers some of these dates.'),
        ),
    ]
