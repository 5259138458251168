from django.db import migrations

from tradecore.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_settlement")]

    operations = [append_only("settlement_line")]
