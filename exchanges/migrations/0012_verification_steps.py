import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchanges', '0011_exchange_kinds'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='connection',
            name='key_digest',
        ),
        migrations.AddField(
            model_name='connection',
            name='checks',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AlterField(
            model_name='connection',
            name='reason',
            field=models.CharField(blank=True, choices=[('', ''), ('invalid_key', 'Bybit does not know this API key here: it was mistyped or deleted, or it was made in another environment (live, testnet and demo have keys of their own). Copy it again, or link it in the environment where you made it.'), ('wrong_secret', 'The API secret does not belong to this key. Copy it again; Bybit shows it once only, so make a new key if you no longer have it.'), ('key_id_unknown', 'Bybit knows no such API key for our public key. Copy it again.'), ('other_public_key', 'Another public key than ours stands under this API key. Copy the API key that Bybit showed for our public key, or paste our public key there once more.'), ('pair_broken', 'The public key is not ours any more. Delete that key at Bybit now and make a new pair.'), ('key_expired', 'The API key has expired. Make a new one at Bybit and bind it to our addresses.'), ('ip_not_allowed', 'The key does not allow our addresses. Add them at Bybit.'), ('read_only', 'The key is read-only. Create one with read and write access.'), ('permission_missing', 'The key may not trade contracts. Tick Orders and Positions, and leave withdrawal off.'), ('can_withdraw', 'The key can withdraw money. We refuse such keys: untick withdrawal, or make another.'), ('can_transfer', 'The key can transfer assets. We refuse such keys: untick both transfers at Bybit.'), ('unknown_scopes', 'The key has a permission that we do not know. We refuse what we cannot judge: leave it only what reading and trading need, or make another key.'), ('access_denied', 'The exchange refuses this key and does not say why: it may be mistyped or deleted, lack a permission, or not allow our addresses. Look at all three.'), ('not_unified', 'The account is not a unified trading account. Upgrade it first.'), ('not_affiliated', 'This Bybit account was not opened by our link. Open one by our link and link its key.'), ('account_barred', "Bybit does not let this account trade: a ban, its region or a missing verification. Ask Bybit's support, then let us check again."), ('duplicate_account', 'This exchange account is linked already. Disconnect it there first, or use another.'), ('other_account', 'This key belongs to another exchange account than the trades that are open here. Use a key of the same account, or let the trades end first.'), ('unavailable', 'The exchange did not answer. We try again; nothing is lost.'), ('busy', 'The exchange takes no more requests from us for the moment. We go on by ourselves.'), ('rechecking', 'The key is being checked again.'), ('vault', 'The stored key could not be opened. Enter it again.')], default='', max_length=20),
        ),
        migrations.CreateModel(
            name='FormerKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed', models.BinaryField()),
                ('public_key', models.TextField(blank=True)),
                ('api_key_id', models.CharField(blank=True, editable=False, max_length=80)),
                ('key_hint', models.CharField(blank=True, max_length=12)),
                ('status', models.CharField(choices=[('awaiting', 'Waiting for the API key'), ('verifying', 'Verifying'), ('connected', 'Connected'), ('attention', 'Needs attention'), ('refused', 'Refused'), ('revoked', 'Disconnected')], max_length=10)),
                ('reason', models.CharField(blank=True, choices=[('', ''), ('invalid_key', 'Bybit does not know this API key here: it was mistyped or deleted, or it was made in another environment (live, testnet and demo have keys of their own). Copy it again, or link it in the environment where you made it.'), ('wrong_secret', 'The API secret does not belong to this key. Copy it again; Bybit shows it once only, so make a new key if you no longer have it.'), ('key_id_unknown', 'Bybit knows no such API key for our public key. Copy it again.'), ('other_public_key', 'Another public key than ours stands under this API key. Copy the API key that Bybit showed for our public key, or paste our public key there once more.'), ('pair_broken', 'The public key is not ours any more. Delete that key at Bybit now and make a new pair.'), ('key_expired', 'The API key has expired. Make a new one at Bybit and bind it to our addresses.'), ('ip_not_allowed', 'The key does not allow our addresses. Add them at Bybit.'), ('read_only', 'The key is read-only. Create one with read and write access.'), ('permission_missing', 'The key may not trade contracts. Tick Orders and Positions, and leave withdrawal off.'), ('can_withdraw', 'The key can withdraw money. We refuse such keys: untick withdrawal, or make another.'), ('can_transfer', 'The key can transfer assets. We refuse such keys: untick both transfers at Bybit.'), ('unknown_scopes', 'The key has a permission that we do not know. We refuse what we cannot judge: leave it only what reading and trading need, or make another key.'), ('access_denied', 'The exchange refuses this key and does not say why: it may be mistyped or deleted, lack a permission, or not allow our addresses. Look at all three.'), ('not_unified', 'The account is not a unified trading account. Upgrade it first.'), ('not_affiliated', 'This Bybit account was not opened by our link. Open one by our link and link its key.'), ('account_barred', "Bybit does not let this account trade: a ban, its region or a missing verification. Ask Bybit's support, then let us check again."), ('duplicate_account', 'This exchange account is linked already. Disconnect it there first, or use another.'), ('other_account', 'This key belongs to another exchange account than the trades that are open here. Use a key of the same account, or let the trades end first.'), ('unavailable', 'The exchange did not answer. We try again; nothing is lost.'), ('busy', 'The exchange takes no more requests from us for the moment. We go on by ourselves.'), ('rechecking', 'The key is being checked again.'), ('vault', 'The stored key could not be opened. Enter it again.')], max_length=20)),
                ('connection', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='former_key', to='exchanges.connection')),
            ],
        ),
    ]
