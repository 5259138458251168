"""Live settings: for whom which value holds, who may set it, and going back."""

from typing import Any

import pytest

from tests.factories.approvals import give_approval, status_of
from tests.support import NOON
from tradecore import live_settings, revisions
from tradecore.approvals import AwaitsApproval
from tradecore.errors import NotFound
from tradecore.live_settings import (
    SETTINGS,
    LiveSetting,
    NothingToRollBack,
    Scope,
    SettingChanged,
    SettingRefused,
    Version,
    WholeNumber,
    bucket_of,
)
from tradecore.models import AuditEntry, SettingVersion

DEFAULT = 10

PACE = LiveSetting(
    name="tests.pace",
    meaning="How fast.",
    schema=WholeNumber(1, 100),
    default=lambda: DEFAULT,
    scopes=frozenset(Scope),
)
DEPTH = LiveSetting(
    name="tests.depth", meaning="How deep.", schema=WholeNumber(1, 100), default=lambda: DEFAULT, needs_two=True
)


@pytest.fixture(autouse=True)
def _declared(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SETTINGS, "_implementations", {each.name: each for each in (PACE, DEPTH)})


def set_pace(value: Any, target: str = "everyone", **parts: Any) -> Version:
    done = live_settings.set_value(
        **{"name": PACE.name, "target": target, "value": value, "actor": "user:1", "reason": "a test", "now": NOON}
        | parts
    )
    assert isinstance(done, Version)
    return done


def set_depth(value: int, *, actor: str = "user:1") -> AwaitsApproval:
    waits = live_settings.set_value(
        name=DEPTH.name, target="everyone", value=value, actor=actor, reason="a test", now=NOON
    )
    assert isinstance(waits, AwaitsApproval)
    return waits


def roll_back(target: str = "everyone", **parts: Any) -> Any:
    known: dict[str, Any] = {"name": PACE.name, "actor": "user:1", "reason": "a mistake", "now": NOON}
    return live_settings.roll_back(target=target, **known | parts)


class TestRead:
    def test_is_the_default_where_nothing_is_set(self) -> None:
        assert PACE.read(market="GB", shop_id=7, buyer_ref=1) == DEFAULT

    def test_is_what_was_set_for_the_shop_then_the_market_then_everyone(self) -> None:
        set_pace(20)
        set_pace(30, "market:GB")
        set_pace(40, "shop:7")
        assert PACE.read(market="GB", shop_id=7) == 40
        assert PACE.read(market="GB", shop_id=8) == 30
        assert PACE.read(market="FR", shop_id=8) == 20
        assert PACE.read() == 20

    def test_falls_through_where_a_value_was_taken_back(self) -> None:
        set_pace(20)
        set_pace(30, "market:GB")
        set_pace(None, "market:GB")
        assert PACE.read(market="GB") == 20

    def test_asks_nobody(self, django_assert_num_queries: Any) -> None:
        set_pace(20)
        PACE.read()
        with django_assert_num_queries(0):
            PACE.read(market="GB", shop_id=7, buyer_ref=1)

    def test_hears_what_another_process_has_set(self) -> None:
        PACE.read()
        version = set_pace(20)
        live_settings._standing.be_empty()  # as if this process had not set it
        assert PACE.read() == DEFAULT
        revisions.look()
        assert PACE.read() == 20
        assert version.version == 1

    def test_is_the_default_where_the_code_takes_the_value_no_more(self) -> None:
        SettingVersion.objects.create(
            version=1, name=PACE.name, target="everyone", value=5000, reason="x", set_by="user:1", set_at=NOON
        )
        live_settings._standing.forget()
        assert PACE.read() == DEFAULT

    def test_is_what_everyone_has_where_the_code_takes_a_shops_value_no_more(self) -> None:
        set_pace(20)
        SettingVersion.objects.create(
            version=9, name=PACE.name, target="shop:7", value=5000, reason="x", set_by="user:1", set_at=NOON
        )
        live_settings._standing.forget()
        assert PACE.read(shop_id=7) == 20


class TestAPartOfTheBuyers:
    def test_has_the_value_and_the_others_keep_what_there_was(self) -> None:
        set_pace(20)
        set_pace(30, percent=25)
        values = [PACE.read(buyer_ref=buyer) for buyer in range(2000)]
        assert set(values) == {20, 30}
        assert 400 < values.count(30) < 600
        assert PACE.read() == 20

    def test_grows_and_keeps_whom_it_had(self) -> None:
        set_pace(30, percent=10)
        few = {buyer for buyer in range(500) if PACE.read(buyer_ref=buyer) == 30}
        set_pace(30, percent=40)
        many = {buyer for buyer in range(500) if PACE.read(buyer_ref=buyer) == 30}
        assert few < many
        assert {PACE.read(buyer_ref=buyer) for buyer in set(range(500)) - many} == {DEFAULT}

    def test_is_over_once_it_is_set_for_all(self) -> None:
        set_pace(30, percent=10)
        set_pace(40)
        assert {PACE.read(buyer_ref=buyer) for buyer in range(200)} == {40}

    def test_is_another_one_for_every_setting_and_the_same_in_every_process(self) -> None:
        assert [bucket_of("a", buyer) for buyer in range(5)] == [89, 71, 84, 45, 94]
        assert [bucket_of("b", buyer) for buyer in range(5)] != [bucket_of("a", buyer) for buyer in range(5)]


class TestSetValue:
    def test_adds_a_version_and_says_who_and_why(self) -> None:
        first, second = set_pace(20), set_pace(30, "market:GB", actor="user:2")
        assert (first.version, second.version) == (1, 2)
        assert [(row.version, row.value, row.set_by) for row in SettingVersion.objects.order_by("version")] == [
            (1, 20, "user:1"),
            (2, 30, "user:2"),
        ]
        entry = AuditEntry.objects.get(actor="user:2")
        assert (entry.action, entry.subject, entry.reason) == ("setting.set", "setting:tests.pace", "a test")
        assert entry.before is not None
        assert entry.after is not None
        assert (entry.before["value"], entry.after["value"]) == (None, 30)

    @pytest.mark.parametrize(
        ("parts", "field"),
        [
            ({"value": 0}, "value"),
            ({"value": 101}, "value"),
            ({"value": "20"}, "value"),
            ({"value": True}, "value"),
            ({"value": 2.0}, "value"),
            ({"value": [20]}, "value"),
            ({"target": "market:"}, "target"),
            ({"target": "market:gb"}, "target"),
            ({"target": "shop:0"}, "target"),
            ({"target": f"shop:{2**63}"}, "target"),
            ({"target": "everybody"}, "target"),
            ({"percent": 0}, "percent"),
            ({"percent": 101}, "percent"),
            ({"name": DEPTH.name, "target": "market:GB"}, "target"),
            ({"name": DEPTH.name, "percent": 10}, "percent"),
        ],
        ids=str,
    )
    def test_refuses_what_it_may_not_be_and_leaves_nothing(self, parts: dict[str, Any], field: str) -> None:
        with pytest.raises(SettingRefused) as refused:
            set_pace(**{"value": 20} | parts)
        assert refused.value.field == field
        assert not SettingVersion.objects.exists()
        assert not AuditEntry.objects.exists()

    def test_refuses_a_setting_that_is_not_declared(self) -> None:
        with pytest.raises(NotFound):
            set_pace(20, name="tests.other")


class TestTwoPeople:
    def test_the_second_one_sets_it_in_both_names(self) -> None:
        waits = set_depth(20)
        assert DEPTH.read() == DEFAULT
        give_approval(waits, actor="user:2")
        assert DEPTH.read() == 20
        row = SettingVersion.objects.get()
        assert (row.set_by, row.approved_by) == ("user:1", "user:2")

    def test_the_second_one_is_refused_if_it_has_changed_meanwhile(self) -> None:
        first, second = set_depth(20), set_depth(30, actor="user:3")
        give_approval(second, actor="user:2")
        with pytest.raises(SettingChanged):
            give_approval(first, actor="user:2")
        assert DEPTH.read() == 30
        assert status_of(first) == "PENDING"

    def test_going_back_takes_two_as_well(self) -> None:
        give_approval(set_depth(20), actor="user:2")
        waits = roll_back(name=DEPTH.name)
        assert DEPTH.read() == 20
        give_approval(waits, actor="user:2")
        assert DEPTH.read() == DEFAULT


class TestRollBack:
    def test_sets_what_the_version_before_said(self) -> None:
        set_pace(20)
        set_pace(30)
        done = roll_back()
        assert (done.version, done.value, PACE.read()) == (3, 20, 20)

    def test_goes_back_to_the_version_that_is_named(self) -> None:
        set_pace(20)
        set_pace(25, percent=50)
        set_pace(40)
        assert roll_back(to_version=2).percent == 50
        assert {PACE.read(buyer_ref=buyer) for buyer in range(200)} == {20, 25}

    def test_goes_back_to_not_set(self) -> None:
        set_pace(20)
        roll_back()
        assert PACE.read() == DEFAULT

    def test_looks_at_the_versions_of_its_own_target_only(self) -> None:
        set_pace(20)
        set_pace(30, "market:GB")
        roll_back("market:GB")
        assert PACE.read(market="GB") == 20

    @pytest.mark.parametrize("to_version", [None, 1, 2, 99])
    def test_refuses_where_there_is_nothing_to_go_back_to(self, to_version: int | None) -> None:
        set_pace(20, "market:GB")
        with pytest.raises(NothingToRollBack):
            roll_back(to_version=to_version)
        assert SettingVersion.objects.count() == 1


@pytest.mark.race
def test_of_those_who_set_it_at_once_none_is_lost(race: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = race([lambda value=value: set_pace(value) for value in range(1, 7)])
    done = [each for each in outcomes if isinstance(each, Version)]
    assert all(isinstance(each, Version | SettingChanged) for each in outcomes), outcomes
    assert SettingVersion.objects.count() == len(done) >= 1
    assert SettingVersion.objects.order_by("-version")[0].value == max(done, key=lambda each: each.version).value
