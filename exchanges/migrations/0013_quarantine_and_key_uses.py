"""Quarantines, and the record of key uses: none of it is changed, nothing young is deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Truncating is refused as well. Whoever owns the table can drop the trigger: it keeps our own code
# and whoever writes by it honest, and a role that owns nothing besides.
REFUSE = """
CREATE FUNCTION exchanges_key_uses_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - interval '1 year' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the record of key uses is append-only';
END $$;
CREATE TRIGGER exchanges_key_uses_stay BEFORE UPDATE OR DELETE ON exchanges_keyuse
    FOR EACH ROW EXECUTE FUNCTION exchanges_key_uses_stay();
CREATE TRIGGER exchanges_key_uses_stay_whole BEFORE TRUNCATE ON exchanges_keyuse
    FOR EACH STATEMENT EXECUTE FUNCTION exchanges_key_uses_stay();
"""
ALLOW = """
DROP TRIGGER exchanges_key_uses_stay ON exchanges_keyuse;
DROP TRIGGER exchanges_key_uses_stay_whole ON exchanges_keyuse;
DROP FUNCTION exchanges_key_uses_stay();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('exchanges', '0012_verification_steps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='KeyUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('entry', 'Entry of a trade'), ('change', 'Change by the author'), ('close', 'Closing of a trade'), ('stop', 'Stop and target of the position'), ('target', 'Target as an order of its own'), ('amend', 'Change of an order'), ('withdraw', 'Withdrawal of an order'), ('lookup', 'What became of an order'), ('watch', 'Looking after an open trade'), ('verify', 'Verification of the key'), ('check', 'Check of the key and the account'), ('stream', 'Listening to the account'), ('pair', 'Making of the key pair'), ('reseal', 'Sealing anew for a new key of the vault'), ('other', 'Something else')], max_length=10)),
                ('process', models.CharField(max_length=10)),
                ('host', models.CharField(max_length=100)),
                ('copy', models.UUIDField(blank=True, null=True)),
                ('symbol', models.CharField(blank=True, max_length=30)),
                ('at', models.DateTimeField()),
                ('connection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='key_uses', to='exchanges.connection')),
                ('person', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['connection', '-at'], name='key_use_of_connection')],
            },
        ),
        migrations.CreateModel(
            name='Quarantine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('exchange', models.CharField(blank=True, choices=[('bybit', 'Bybit'), ('binance', 'Binance'), ('binance_usdm', 'Binance USDⓈ-M'), ('bingx', 'BingX'), ('bitget', 'Bitget'), ('coinbase', 'Coinbase'), ('gate', 'Gate'), ('hashkey', 'HashKey Global'), ('htx', 'HTX'), ('kucoin', 'KuCoin'), ('kucoin_futures', 'KuCoin Futures'), ('mexc', 'MEXC'), ('okx', 'OKX')], max_length=20)),
                ('environment', models.CharField(blank=True, choices=[('mainnet', 'Live'), ('testnet', 'Testnet'), ('demo', 'Demo trading'), ('sandbox', 'Sandbox')], max_length=10)),
                ('reason', models.CharField(max_length=200)),
                ('by', models.CharField(max_length=150)),
                ('since', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('lifted_by', models.CharField(blank=True, max_length=150)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='quarantines', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-since', '-pk'],
                'permissions': [('lift_quarantine', 'Can lift a quarantine')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at__isnull', True)), fields=('exchange', 'environment', 'user'), name='quarantine_once', nulls_distinct=False)],
            },
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
