from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("markets", "0004_clocks_of_cases")]

    operations = [
        migrations.AddField("market", "refunds_standard_delivery", models.BooleanField(default=False)),
    ]
