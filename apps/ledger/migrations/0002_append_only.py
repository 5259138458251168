from django.db import migrations

from tradecore.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [append_only("ledger_posting", "ledger_entry", "ledger_seal", "ledger_manifest")]
