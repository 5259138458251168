from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tradecore', '0003_approval'),
    ]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='sole_key',
            field=models.CharField(max_length=64, null=True),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.UniqueConstraint(fields=('sole_key',), name='kernel_approval_sole'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('sole_key__isnull', True), ('status', 'PENDING'), _connector='OR'), name='kernel_approval_sole_waits'),
        ),
    ]
