from django.db import migrations

from tradecore.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("tradecore", "0001_initial")]

    operations = [append_only("kernel_audit")]
