"""`python -m bench.work_off`: what the workers would have done meanwhile, by their own jobs, until nothing is left.

While purchases are measured no worker runs: on the machine that is measured it would be work of another machine. The
invariants hold of a marketplace that has both. First the provider's book is brought to what its webhooks have told, as
if each buyer had been at their bank.
"""

import multiprocessing
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings
from django.db import connections

from apps.payments.models import ProviderAnswer
from apps.payments.sandbox.book import Book
from config import jobs
from tradecore import worker_leases

#: What falls due at once; what has its time (the end of remorse, the day's statements) is not due in a benchmark.
JOBS = (jobs.apply_answers, jobs.poll_providers, jobs.relay_events, jobs.seal_ledger, jobs.seal_audit)


def main() -> None:
    """See the module. One process a core, and at last this one, for what somebody still held when the others ended."""
    _confirm_payments()
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_work) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    _work()


def _confirm_payments() -> None:
    book = Book(settings.SANDBOX_BOOK)
    told = ProviderAnswer.objects.filter(source="webhook", applied_at=None)
    for reference in told.values_list("call_ref", flat=True):
        assert reference is not None  # no chargeback is told of
        book.complete(reference=reference, succeeds=True)
    book.close()


def _work() -> None:
    while sum(job() for job in JOBS):
        pass
    worker_leases.release()


if __name__ == "__main__":
    main()
