"""`manage.py load_fee_plans`: publish the fee plans that are shipped."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.fees.services import load_standard_fee_plans
from tradecore import clock


class Command(BaseCommand):
    help = (
        "Publish version 1 of the fee plans that are shipped, one for each market. Safe to run again: a plan that "
        "exists, in whatever version, is left alone."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        new = load_standard_fee_plans(now=clock.now())
        self.stdout.write(f"published: {', '.join(new) or 'nothing new'}")
