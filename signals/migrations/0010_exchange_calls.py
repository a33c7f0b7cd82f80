"""Requests and answers as they went over the wire; old ones are deleted, none is changed."""

import django.db.models.deletion
from django.db import migrations, models


REFUSE = """
CREATE FUNCTION signals_calls_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of requests is append-only';
END $$;
CREATE TRIGGER signals_calls_final BEFORE UPDATE ON signals_exchangecall
    FOR EACH ROW EXECUTE FUNCTION signals_calls_are_final();
"""
ALLOW = """
DROP TRIGGER signals_calls_final ON signals_exchangecall;
DROP FUNCTION signals_calls_are_final();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0009_order_updated_at'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExchangeCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('place', 'Order'), ('amend', 'Change of an order'), ('cancel', 'Withdrawal of an order'), ('levels', 'Stop and target of the position'), ('trail', 'Trailing stop of the position'), ('leverage', 'Leverage')], max_length=8)),
                ('path', models.CharField(max_length=64)),
                ('request', models.TextField()),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('code', models.IntegerField(blank=True, null=True)),
                ('answer', models.TextField(blank=True)),
                ('headers', models.JSONField(default=dict)),
                ('error', models.CharField(blank=True, max_length=40)),
                ('sent_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField()),
                ('copy', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='signals.copy')),
                ('order', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='signals.order')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
