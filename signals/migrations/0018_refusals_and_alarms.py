from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0017_alarm_of_a_missing_key'),
    ]

    operations = [
        migrations.AddField(
            model_name='copy',
            name='refusals',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='alarm',
            name='code',
            field=models.CharField(choices=[('entered_twice', 'An account was entered twice, or for more than planned'), ('position_bare', 'A position has no stop'), ('outcome_unknown', 'What became of an order is not known'), ('copy_stalled', 'Copies wait for their entry for too long'), ('enrolment_stalled', 'A published signal waits for some of its copies to be made'), ('copy_untaken', 'Due copies are taken by nobody'), ('lease_abandoned', 'Leases ran out and nobody took them over'), ('order_orphaned', 'The exchange shows an order of ours that is not on record'), ('workers_silent', 'No worker has answered for too long'), ('bot_doubled', 'Two bots listen to Telegram at once'), ('address_banned', 'The exchange has banned an outgoing address'), ('clock_stepped', "The database's clock was set"), ('clock_off', "A host's clock is off"), ('vault_key_missing', 'Stored keys cannot be opened: a key file is missing'), ('affiliate_key', "The platform's affiliate key does not work: nobody can link an account"), ('key_pair_unmade', 'No worker makes the key pairs that traders wait for'), ('keys_quarantined', 'Keys are under quarantine: they enter nothing new'), ('quarantine_broken', 'An entry was sent under quarantine'), ('gate_refused', "The signer's gate stopped an order"), ('key_altered', 'A stored key does not belong where it stands')], max_length=24),
        ),
    ]
