"""The ids of those who buy, registered or not."""

from tradecore.ids import new_gene, new_id


def new_principal_id() -> int:
    """The id of a new user or guest. It carries a gene of its own, which all that they buy inherits."""
    return new_id(new_gene())
