"""Japan: a currency without decimals, and food at the reduced rate."""

from apps.catalog.api import TaxCategory
from config.demo.content import Product, Rate, Shop, Sku

SHOPS = (
    Shop(
        handle="kobo-sumire",
        name="工房すみれ",
        market="JP",
        account="00010011234567",
        warehouses=(("KYOTO", "京都倉庫"),),
        rates=(
            Rate("standard", "660", per_kg="110", included_grams=2000, free_from="8800"),
            Rate("express", "1320"),
        ),
        products=(
            Product(
                "万年筆 細字",
                "stationery",
                "14金ペン先、吸入式。一本ずつ調整してお届けします。",
                (
                    Sku("PEN-F-KURO", "16500", 24, (18,), {"色": "黒"}),
                    Sku("PEN-F-AI", "17600", 24, (12,), {"色": "藍"}),
                ),
            ),
            Product(
                "和紙ノート A5",
                "stationery",
                "越前和紙、112頁、糸かがり綴じ。",
                (Sku("NOTE-WASHI-A5", "1480", 210, (260,)),),
            ),
            Product(
                "宇治煎茶 100g",
                "food/tea-and-coffee",
                "一番茶のみ。軽減税率対象。",
                (Sku("SENCHA-UJI-100", "1296", 130, (180,)),),
                tax=TaxCategory.REDUCED,
            ),
        ),
    ),
)
