from django.db import migrations

from tradecore.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("tradecore", "0006_live_settings")]

    operations = [append_only("kernel_setting_version")]
