"""What the ops admin calls many of them."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0018_refusals_and_alarms'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='copysettings',
            options={'verbose_name_plural': 'copy settings'},
        ),
    ]
