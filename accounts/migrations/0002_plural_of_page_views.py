"""What the ops admin calls many of them."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='pageviews',
            options={'verbose_name_plural': 'page views'},
        ),
    ]
