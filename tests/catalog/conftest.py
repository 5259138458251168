"""What tests of catalog share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model

from tradecore.errors import Refusal
from tradecore.models import AuditEntry

Refuses = Callable[[type[Refusal]], AbstractContextManager[pytest.ExceptionInfo[Any]]]


@pytest.fixture
def refuses() -> Refuses:
    """`with refuses(UnknownSku): ...` fails unless the block is refused so and leaves every row as it was."""

    @contextmanager
    def refuses(refusal: type[Refusal]) -> Iterator[pytest.ExceptionInfo[Any]]:
        before = _rows()
        with pytest.raises(refusal) as raised:
            yield raised
        assert _rows() == before

    return refuses


def _rows() -> list[list[tuple[Any, ...]]]:
    models: list[type[Model]] = [AuditEntry, *apps.get_app_config("catalog").get_models()]
    return [list(model._default_manager.order_by("pk").values_list()) for model in models]
