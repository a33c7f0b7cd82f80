"""A coin of a long name, as fees are taken in, must not keep a fill out of the record."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0020_alarm_of_what_is_not_seen'),
    ]

    operations = [
        migrations.AlterField(
            model_name='fill',
            name='fee_currency',
            field=models.CharField(max_length=32),
        ),
    ]
