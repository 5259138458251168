"""What fulfilment has to say of one order's trace."""

from collections.abc import Iterator

from apps.fulfilment.models import Package
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """Each package, and each scan of it: when the carrier says that it was, and when we heard of it."""
    packages = Package.objects.filter(order_id=traced.order_id).prefetch_related("tracking")
    for package in packages.order_by("id"):
        about = f"package:{package.pk}"
        carrier = f"{package.carrier} {package.tracking_number}"
        yield Step(at=package.arranged_at, what="package arranged", about=about, detail=carrier)
        for scan in sorted(package.tracking.all(), key=lambda scan: scan.pk):
            detail = f"{carrier}, by the carrier's clock {scan.occurred_at:%Y-%m-%d %H:%M:%S}"
            yield Step(at=scan.received_at, what=f"package {scan.status}", about=about, detail=detail)
        if package.ended_at is not None:
            yield Step(at=package.ended_at, what=f"package ended: {package.state}", about=about, detail=carrier)
