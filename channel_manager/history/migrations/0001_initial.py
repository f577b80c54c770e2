import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='What the subject is, such as order.', max_length=20)),
                ('subject_id', models.UUIDField()),
                ('name', models.CharField(help_text='What happened, such as confirmed.', max_length=40)),
                ('from_state', models.CharField(blank=True, max_length=20)),
                ('to_state', models.CharField(blank=True, max_length=20)),
                ('actor', models.CharField(help_text='partner:<id>, staff:<id> or worker.', max_length=60)),
                ('reason', models.TextField(blank=True)),
                ('data', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ('id',),
                'indexes': [models.Index(fields=['kind', 'subject_id', 'id'], name='event_by_subject'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('name', 'deleted')), fields=['data'], name='event_tombstone_numbers', opclasses=('jsonb_path_ops',))],
            },
        ),
    ]
