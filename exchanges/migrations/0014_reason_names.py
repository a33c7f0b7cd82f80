"""A reason's label is its name; what it says is no part of the schema any more."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchanges', '0013_quarantine_and_key_uses'),
    ]

    operations = [
        migrations.AlterField(
            model_name='connection',
            name='reason',
            field=models.CharField(blank=True, choices=[('', ''), ('invalid_key', 'Invalid key'), ('wrong_secret', 'Wrong secret'), ('key_id_unknown', 'Unknown API key'), ('other_public_key', 'Another public key'), ('pair_broken', 'Public key exchanged'), ('key_expired', 'Key expired'), ('ip_not_allowed', 'Address not allowed'), ('read_only', 'Read-only key'), ('permission_missing', 'No trading permission'), ('can_withdraw', 'Withdrawal is on'), ('can_transfer', 'Transfer is on'), ('unknown_scopes', 'Unknown permission'), ('access_denied', 'Key refused'), ('not_unified', 'Not a unified account'), ('not_affiliated', 'Not opened by our link'), ('account_barred', 'Account may not trade'), ('duplicate_account', 'Linked already'), ('other_account', 'Another account'), ('unavailable', 'Exchange unavailable'), ('busy', 'Waiting for its turn'), ('rechecking', 'Being checked again'), ('vault', 'Stored key unreadable')], default='', max_length=20),
        ),
        migrations.AlterField(
            model_name='formerkey',
            name='reason',
            field=models.CharField(blank=True, choices=[('', ''), ('invalid_key', 'Invalid key'), ('wrong_secret', 'Wrong secret'), ('key_id_unknown', 'Unknown API key'), ('other_public_key', 'Another public key'), ('pair_broken', 'Public key exchanged'), ('key_expired', 'Key expired'), ('ip_not_allowed', 'Address not allowed'), ('read_only', 'Read-only key'), ('permission_missing', 'No trading permission'), ('can_withdraw', 'Withdrawal is on'), ('can_transfer', 'Transfer is on'), ('unknown_scopes', 'Unknown permission'), ('access_denied', 'Key refused'), ('not_unified', 'Not a unified account'), ('not_affiliated', 'Not opened by our link'), ('account_barred', 'Account may not trade'), ('duplicate_account', 'Linked already'), ('other_account', 'Another account'), ('unavailable', 'Exchange unavailable'), ('busy', 'Waiting for its turn'), ('rechecking', 'Being checked again'), ('vault', 'Stored key unreadable')], max_length=20),
        ),
    ]
