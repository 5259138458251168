"""Packages in the admin: to be found and read, by superusers too."""

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.fulfilment.models import Package
from tests.factories.accounts import UserFactory
from tests.factories.fulfilment import PackageFactory, PackageLineFactory, TrackingEventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


class TestPackages:
    @pytest.mark.parametrize("field", ["tracking_number", "order_id", "id"])
    def test_are_found_by_what_people_have_in_hand(self, client: Client, field: str) -> None:
        row, other = PackageFactory.create(), PackageFactory.create()
        page = client.get(reverse("admin:fulfilment_package_changelist"), {"q": str(getattr(row, field))})
        assert row.tracking_number in page.content.decode()
        assert other.tracking_number not in page.content.decode()

    def test_are_shown_with_what_is_in_them_and_what_was_said_of_them(self, client: Client) -> None:
        line = PackageLineFactory.create()
        event = TrackingEventFactory.create(package=line.package)
        page = client.get(reverse("admin:fulfilment_package_change", args=[line.package.pk])).content.decode()
        assert str(line.line_id) in page
        assert event.event_id in page

    def test_are_changed_by_nobody(self, client: Client) -> None:
        row = PackageFactory.create()
        change = reverse("admin:fulfilment_package_change", args=[row.pk])
        assert client.post(change, {"state": "DELIVERED"}).status_code == 403
        assert client.get(reverse("admin:fulfilment_package_add")).status_code == 403
        assert client.post(reverse("admin:fulfilment_package_delete", args=[row.pk])).status_code == 403
        assert Package.objects.get().state == "ARRANGED"

    def test_offer_no_actions(self) -> None:
        request = RequestFactory().get("/")
        request.user = UserFactory.create(is_staff=True, is_superuser=True)
        actions = admin.site.get_model_admin(Package).get_actions(request)
        assert "delete_selected" not in actions
