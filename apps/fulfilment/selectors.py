"""The reads of fulfilment. Whoever asks says for whom: a buyer's reads name the buyer, a shop's the shop."""

from collections.abc import Sequence

from django.db.models import QuerySet

from apps.fulfilment.contracts import PackageView
from apps.fulfilment.models import Package
from apps.fulfilment.rows import view_package
from tradecore.errors import NotFound


def get_package(*, package_id: int, buyer_ref: int | None = None, shop_ids: Sequence[int] | None = None) -> PackageView:
    """A package, of this buyer or of these shops only when they are named. Refuses: NotFound."""
    package = _scoped(buyer_ref, shop_ids).filter(pk=package_id).first()
    if package is None:
        raise NotFound(what="package")
    return _view(package)


def list_packages(
    *, order_id: int, buyer_ref: int | None = None, shop_ids: Sequence[int] | None = None
) -> list[PackageView]:
    """The packages of an order, oldest first, in three statements."""
    return [_view(package) for package in _scoped(buyer_ref, shop_ids).filter(order_id=order_id).order_by("id")]


def _scoped(buyer_ref: int | None, shop_ids: Sequence[int] | None) -> QuerySet[Package]:
    packages = Package.objects.prefetch_related("lines", "tracking")
    if buyer_ref is not None:
        packages = packages.filter(buyer_ref=buyer_ref)
    if shop_ids is not None:
        packages = packages.filter(shop_id__in=shop_ids)
    return packages


def _view(package: Package) -> PackageView:
    return view_package(package, package.lines.all(), package.tracking.all())
