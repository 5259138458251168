"""Where the sandbox is: in this process, or in one of its own."""

from collections.abc import Sequence
from pathlib import Path

from apps.payments.sandbox.book import IN_MEMORY, Book
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.provider import SandboxProvider, Sink


def make_sandbox_provider(
    *, url: str, webhook_secrets: Sequence[str], book: str | Path = IN_MEMORY, sink: Sink | None = None
) -> SandboxProvider | HttpSandboxProvider:
    """The sandbox that listens at `url`; one in this process, with this book and sink, if that is empty.

    In memory, the book is forgotten with the process, and a refund of what it had captured then fails: whatever runs
    more than once, or as more than one process, gives it a file. Raises ValueError for a URL or a secret of no use.
    """
    if url:
        return HttpSandboxProvider(url=url, secrets=webhook_secrets)
    return SandboxProvider(secrets=webhook_secrets, book=Book(book), sink=sink)
