"""Reading the files."""

import lzma
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.integrations.replay import files
from apps.integrations.replay.files import FileMalformed, read_records
from apps.integrations.replay.records import RecordedBuyer, RecordedItem, RecordedTender, SkuKey

TEXTS = {
    files.ORDERS: (
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,"
        "order_delivered_customer_date,order_estimated_delivery_date\n"
        "late,c1,shipped,2018-06-01 10:00:00,2018-06-01 10:05:00,2018-06-02 08:00:00,,2018-06-20 00:00:00\n"
        "early,c2,created,2018-01-10 22:30:00,,,,2018-02-01 00:00:00\n"
    ),
    files.ITEMS: (
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
        "late,2,p2,s,2018-06-05 00:00:00,9.90,0.00\n"
        "late,1,p1,s,2018-06-05 00:00:00,1234.50,8.72\n"
        "elsewhere,1,p1,s,2018-06-05 00:00:00,1.00,1.00\n"
    ),
    files.TENDERS: (
        "order_id,payment_sequential,payment_type,payment_installments,payment_value\n"
        "late,2,voucher,1,0.00\n"
        "late,1,credit_card,10,1253.12\n"
    ),
    files.CUSTOMERS: (
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n"
        "c1,anna,01310,sao paulo,SP\n"
        "c2,anna,20010,rio de janeiro,RJ\n"
    ),
    files.PRODUCTS: (
        "product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty,"
        "product_weight_g,product_length_cm,product_height_cm,product_width_cm\n"
        "p1,perfumaria,40,287,1,225,16,10,14\n"
        "p2,pc_gamer,,,,,,,\n"
    ),
    files.CATEGORIES: "product_category_name,product_category_name_english\nperfumaria,perfumery\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        write(tmp_path / name, text)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.write_bytes(lzma.compress(text.encode()))


def replace(path: Path, before: str, after: str) -> None:
    text = TEXTS[path.name]
    assert before in text
    write(path, text.replace(before, after))


class TestReadRecords:
    def test_takes_orders_by_time_of_purchase(self, folder: Path) -> None:
        assert [order.id for order in read_records(folder).orders] == ["early", "late"]

    def test_reads_times_as_those_of_sao_paulo_in_summer_and_winter(self, folder: Path) -> None:
        early, late = read_records(folder).orders
        assert early.purchased_at == datetime(2018, 1, 11, 0, 30, tzinfo=UTC)
        assert late.purchased_at == datetime(2018, 6, 1, 13, 0, tzinfo=UTC)
        assert (early.approved_at, late.delivered_at) == (None, None)

    def test_knows_the_last_moment_of_any_order(self, folder: Path) -> None:
        assert read_records(folder).last_at == datetime(2018, 6, 2, 11, 0, tzinfo=UTC)

    def test_gives_each_order_what_is_its_own_in_the_order_of_its_numbers(self, folder: Path) -> None:
        early, late = read_records(folder).orders
        assert late.items == (
            RecordedItem(SkuKey("s", "p1"), price_minor=123450, freight_minor=872),
            RecordedItem(SkuKey("s", "p2"), price_minor=990, freight_minor=0),
        )
        assert late.tenders == (
            RecordedTender(sequence=1, type="credit_card", instalments=10, value_minor=125312),
            RecordedTender(sequence=2, type="voucher", instalments=1, value_minor=0),
        )
        assert late.difference_minor == 0
        assert (early.items, early.tenders) == ((), ())
        assert early.buyer == RecordedBuyer("anna", postal_code="20010", city="rio de janeiro", state="RJ")

    def test_translates_categories_as_far_as_it_can(self, folder: Path) -> None:
        products = read_records(folder).products
        assert [(product.category, product.weight_grams) for product in products.values()] == [
            ("perfumery", 225),
            ("pc_gamer", 0),
        ]

    @pytest.mark.parametrize(
        ("name", "before", "after", "complaint"),
        [
            (files.ITEMS, "1234.50", "1.234,50", "items_dataset.csv.xz, line 3: InvalidAmount"),
            (files.TENDERS, ",10,", ",ten,", "payments_dataset.csv.xz, line 3: ValueError"),
            (files.ORDERS, "2018-06-01 10:00:00", "", "orders_dataset.csv.xz, line 2: ValueError no time"),
            (files.ORDERS, ",c1,", ",c9,", "orders_dataset.csv.xz, line 2: KeyError 'c9'"),
            (files.ORDERS, "late,", "early,", "two rows of one order"),
            (files.CUSTOMERS, "customer_state", "state", "customers_dataset.csv.xz, line 2: KeyError"),
        ],
    )
    def test_says_what_is_wrong_and_where(
        self, folder: Path, name: str, before: str, after: str, complaint: str
    ) -> None:
        replace(folder / name, before, after)
        with pytest.raises(FileMalformed, match=complaint):
            read_records(folder)

    def test_says_that_a_file_is_cut_off(self, folder: Path) -> None:
        path = folder / files.ITEMS
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(FileMalformed, match=r"items_dataset.csv.xz"):
            read_records(folder)

    def test_says_that_a_file_is_missing(self, folder: Path) -> None:
        (folder / files.PRODUCTS).unlink()
        with pytest.raises(FileNotFoundError, match="products"):
            read_records(folder)
