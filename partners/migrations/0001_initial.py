import channel_manager.lib.identity
import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django_fsm
import partners.models
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Venue',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('code', models.SlugField(max_length=20, unique=True)),
                ('name', models.CharField(max_length=100)),
                ('timezone', models.CharField(default='Europe/Amsterdam', max_length=40, validators=[partners.models.check_timezone])),
                ('currency', models.CharField(default='EUR', max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}\\Z', 'Three capital letters, ISO 4217.')])),
                ('language', models.CharField(choices=[('en', 'English'), ('nl', 'Dutch'), ('de', 'German')], default='en', help_text='Language of a manifest whose order names none.', max_length=2)),
                ('reference_prefix', models.CharField(help_text='Begins every buyFromOrderReference, such as CM in CM26-0000042.', max_length=6, unique=True, validators=[django.core.validators.RegexValidator('^[A-Z][A-Z0-9]{0,5}\\Z', 'Capital letters and digits.')])),
                ('opens_at', models.TimeField(default=datetime.time(8, 0))),
                ('closes_at', models.TimeField(default=datetime.time(20, 0))),
                ('address', models.CharField(blank=True, max_length=200)),
                ('contact_email', models.EmailField(blank=True, max_length=254)),
                ('contact_phone', models.CharField(blank=True, max_length=40)),
                ('brand_color', models.CharField(default='#1d4ed8', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-fA-F]{6}\\Z', 'A colour such as #1d4ed8.')])),
                ('logo', models.BinaryField(blank=True, default=b'', editable=True, help_text='PNG or JPEG.')),
            ],
            options={
                'ordering': ('name',),
                'constraints': [models.CheckConstraint(condition=models.Q(('opens_at__lt', models.F('closes_at'))), name='venue_opens_before_it_closes'), models.CheckConstraint(condition=models.Q(('reference_prefix__regex', '^[A-Z][A-Z0-9]{0,5}$')), name='venue_reference_prefix_shape')],
            },
        ),
        migrations.CreateModel(
            name='Partner',
            fields=[
                ('id', models.UUIDField(default=channel_manager.lib.identity.time_ordered_uuid, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('status', django_fsm.FSMField(choices=[('Onboarding', 'Onboarding'), ('Active', 'Active'), ('Paused', 'Paused'), ('Closed', 'Closed')], default='Onboarding', max_length=50, protected=True)),
                ('unmapped_items', models.CharField(choices=[('accept', 'Accept it; staff map and replay'), ('refuse', 'Refuse the order')], default='accept', max_length=10)),
                ('sell_by_package_code', models.BooleanField(default=False, help_text="Accept the venue's package codes as item numbers, unmapped.")),
                ('draft_lifetime_days', models.PositiveSmallIntegerField(default=7, help_text='A Draft that is not confirmed within this many days is deleted.', validators=[django.core.validators.MinValueValidator(1)])),
                ('cancel_deadline_hours', models.PositiveIntegerField(blank=True, help_text='An Issued order cannot be cancelled by the partner within this many hours before the visit. Empty: no deadline.', null=True, validators=[django.core.validators.MaxValueValidator(8784)])),
                ('contact_email', models.EmailField(blank=True, max_length=254)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='partners', to='partners.venue')),
            ],
            options={
                'ordering': ('name',),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(max_length=64)),
                ('status_code', models.PositiveSmallIntegerField()),
                ('location', models.CharField(blank=True, max_length=200)),
                ('body', models.TextField(help_text='JSON, its members in the order they were answered in.')),
                ('created_at', models.DateTimeField(db_index=True)),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='idempotency_records', to='partners.partner')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('partner', 'key'), name='idempotency_key_once')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=60)),
                ('prefix', models.CharField(editable=False, help_text="The key's first characters.", max_length=16)),
                ('key_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=partners.models.all_scopes, size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('last_used_at', models.DateTimeField(editable=False, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='partners.partner')),
            ],
            options={
                'verbose_name': 'API key',
                'ordering': ('-created_at',),
                'constraints': [models.CheckConstraint(condition=models.Q(('key_hash__regex', '^[0-9a-f]{64}$')), name='api_key_hash_is_sha256'), models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['orders:read', 'orders:write', 'catalog:read', 'webhooks', 'reports'])), name='api_key_scopes_known')],
            },
        ),
        migrations.AddConstraint(
            model_name='partner',
            constraint=models.UniqueConstraint(fields=('venue', 'name'), name='partner_name_once_per_venue'),
        ),
        migrations.AddConstraint(
            model_name='partner',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['Onboarding', 'Active', 'Paused', 'Closed'])), name='partner_status_known'),
        ),
        migrations.AddConstraint(
            model_name='partner',
            constraint=models.CheckConstraint(condition=models.Q(('unmapped_items__in', ['accept', 'refuse'])), name='partner_unmapped_items_known'),
        ),
        migrations.AddConstraint(
            model_name='partner',
            constraint=models.CheckConstraint(condition=models.Q(('draft_lifetime_days__gte', 1)), name='partner_draft_lives_a_day'),
        ),
        migrations.AddConstraint(
            model_name='partner',
            constraint=models.CheckConstraint(condition=models.Q(('cancel_deadline_hours__lte', 8784)), name='partner_cancel_deadline_in_a_year'),
        ),
    ]
