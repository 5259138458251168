"""The fee plan of a file: what it must be, and that there is one in a database."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.fees import api as fees
from apps.integrations.replay.fee_plan import DEFAULT_FILE, FeePlanUnfit, publish, read_fee_plan
from tests.integrations.replay.recorded import PURCHASED

SHIPPED: dict[str, Any] = json.loads(DEFAULT_FILE.read_text(encoding="utf-8"))
RULE: dict[str, Any] = SHIPPED["rules"][0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


class TestReadFeePlan:
    def test_reads_the_plan_that_is_shipped(self) -> None:
        plan = read_fee_plan(DEFAULT_FILE)
        assert (plan.settle_after_s, plan.reserve_bp) == (7 * 24 * 3600, 0)
        assert [(rule.kind, rule.basis, rule.rate_bp) for rule in plan.rules] == [
            ("commission", fees.FeeBasis.GOODS, 1200),
            ("transaction", fees.FeeBasis.PAYMENT, 199),
        ]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "it is not JSON"),
            (json.dumps({**SHIPPED, "market": "BR"}), "its market OLIST"),
            (json.dumps({**SHIPPED, "currency": "USD"}), "its currency BRL"),
            (json.dumps({**SHIPPED, "code": "OTHER"}), "its code is OLIST"),
            (json.dumps({**SHIPPED, "rules": [{**RULE, "category_id": 7}]}), "a rule is for all goods"),
            (json.dumps({**SHIPPED, "colour": 1}), "colour"),
        ],
    )
    def test_says_why_a_file_is_of_no_use(self, text: str, why: str, file: Path) -> None:
        file.write_text(text)
        with pytest.raises(FeePlanUnfit, match=rf"plan\.json: .*{why}"):
            read_fee_plan(file)

    def test_says_that_a_file_is_no_text(self, file: Path) -> None:
        file.write_bytes(b"\xff\xfe")
        with pytest.raises(FeePlanUnfit, match="UTF-8"):
            read_fee_plan(file)


@pytest.mark.django_db
class TestPublish:
    plan = read_fee_plan(DEFAULT_FILE)

    def publish(self, **parts: Any) -> None:
        publish(replace(self.plan, **parts), first_at=PURCHASED, actor="replay_olist")

    def test_puts_it_in_force_once(self) -> None:
        self.publish()
        self.publish()
        assert fees.get_plan("OLIST", now=PURCHASED).version == 1
        assert [version.version for version in fees.list_versions(limit=5)] == [1]

    def test_takes_the_same_rules_in_another_order_for_the_same(self) -> None:
        self.publish()
        self.publish(rules=self.plan.rules[::-1])

    @pytest.mark.parametrize("parts", [{"settle_after_s": 1}, {"rules": (replace(plan.rules[0], rate_bp=1),)}])
    def test_refuses_another_one_where_orders_were_sold_under_the_first(self, parts: dict[str, Any]) -> None:
        self.publish()
        with pytest.raises(FeePlanUnfit, match="another plan"):
            self.publish(**parts)
        assert fees.get_plan("OLIST", now=PURCHASED).settle_after_s == self.plan.settle_after_s

    def test_refuses_one_that_begins_too_late(self) -> None:
        with pytest.raises(FeePlanUnfit, match="after the first purchase"):
            self.publish(valid_from=PURCHASED + timedelta(seconds=1))
        assert fees.list_versions(limit=5) == []

    def test_refuses_what_makes_no_plan(self) -> None:
        with pytest.raises(FeePlanUnfit, match="at least one rule"):
            self.publish(rules=())
        assert fees.list_versions(limit=5) == []
