from django.db import migrations, models
from django.db.models import F, Q


def number_and_name(apps, schema_editor):
    """Number what went back of each order so far, and say how it did."""
    orders, entries = apps.get_model("orders", "Order"), apps.get_model("orders", "UnitsGoneEntry")
    counts = {}
    for entry in entries.objects.order_by("id").iterator():
        counts[entry.order_id] = counts.get(entry.order_id, 0) + 1
        kind = "LOST" if entry.initiator == "carrier" else "CANCELLED"
        entries.objects.filter(pk=entry.pk).update(sequence=counts[entry.order_id], kind=kind)
    for order_id, count in counts.items():
        orders.objects.filter(pk=order_id).update(gone_count=count)


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_order_tax_payable_to")]

    operations = [
        migrations.AddField("order", "gone_count", models.PositiveIntegerField(default=0)),
        migrations.AddField("order", "standard_shipping_minor", models.BigIntegerField(default=0)),
        migrations.AddField("orderline", "refunded", models.PositiveIntegerField(default=0)),
        migrations.AddField("orderline", "returned", models.PositiveIntegerField(default=0)),
        migrations.AddField("orderline", "conceded_minor", models.BigIntegerField(default=0)),
        migrations.AddField(
            "unitsgoneentry", "kind", models.CharField(max_length=15, default="CANCELLED"), preserve_default=False
        ),
        migrations.AddField(
            "unitsgoneentry", "sequence", models.PositiveIntegerField(default=0), preserve_default=False
        ),
        migrations.RunPython(number_and_name, migrations.RunPython.noop),
        migrations.AddConstraint(
            "orderline",
            models.CheckConstraint(
                condition=Q(quantity__gte=F("cancelled") + F("lost") + F("refunded")), name="orders_line_refunded"
            ),
        ),
        migrations.AddConstraint(
            "orderline", models.CheckConstraint(condition=Q(returned__lte=F("collected")), name="orders_line_returned")
        ),
        migrations.AddConstraint(
            "orderline", models.CheckConstraint(condition=Q(conceded_minor__gte=0), name="orders_line_conceded")
        ),
        migrations.AddConstraint(
            "unitsgoneentry",
            models.UniqueConstraint(fields=["order", "sequence"], name="orders_units_gone_sequence"),
        ),
        migrations.AddConstraint(
            "unitsgoneentry",
            models.CheckConstraint(
                condition=Q(kind__in=["CANCELLED", "LOST", "REFUNDED", "CONCEDED", "CHARGED_BACK"]),
                name="orders_units_gone_kind",
            ),
        ),
    ]
