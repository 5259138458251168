"""Banks: through whom sellers are paid out, and the sandbox that stands in for one.

`port` says what a bank is to us. The sandbox is an outsider that happens to ship with the product, in this process or
as a process of its own: it has a book of its own, knows no table of ours, and moves no money.
"""

from pathlib import Path

from apps.settlement.bank.book import IN_MEMORY
from apps.settlement.bank.http_bank import HttpSandboxBank
from apps.settlement.bank.sandbox import SandboxBank

__all__ = ["make_sandbox_bank"]


def make_sandbox_bank(*, url: str = "", book: str | Path = IN_MEMORY) -> SandboxBank | HttpSandboxBank:
    """The sandbox bank that listens at `url`; one in this process, with this book, if that is empty.

    Whatever runs more than once, or as more than one process, gives it a file. Raises ValueError for a URL of no use.
    """
    return HttpSandboxBank(url=url) if url else SandboxBank(book=book)
