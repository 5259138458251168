"""The demo market, whose clocks run for seconds: two shops, with stock enough for many tours."""

from apps.catalog.api import TaxCategory
from config.demo.content import Product, Rate, Shop, Sku

SHOPS = (
    Shop(
        handle="studio-larkspur",
        name="Studio Larkspur",
        market="DEMO",
        account="GB33BUKB20201555555555",
        warehouses=(("MAIN", "Main warehouse"), ("OVERFLOW", "Overflow warehouse")),
        rates=(
            Rate("standard", "3.99", free_from="90.00"),
            Rate("express", "6.99", per_kg="1.00", included_grams=1000),
        ),
        products=(
            Product(
                "Brass desk lamp",
                "home/lighting",
                "Spun brass shade, fabric flex, dims down to a candle.",
                (
                    Sku("LAMP-BRASS", "49.00", 1700, (4000, 1000), {"finish": "brushed"}),
                    Sku("LAMP-BRASS-DARK", "54.00", 1700, (3000, 1000), {"finish": "dark"}),
                ),
            ),
            Product(
                "Wool throw, herringbone",
                "home/textiles",
                "Woven from undyed wool, 140 × 190 cm.",
                (Sku("THROW-HERRING", "38.00", 1150, (5000, 0), {"colour": "ash"}),),
            ),
            Product(
                "Dotted notebook, A5",
                "stationery",
                "Lies flat; takes a fountain pen without showing it on the other side.",
                (Sku("NOTE-DOT-A5", "8.50", 280, (9000, 2000)),),
            ),
        ),
    ),
    Shop(
        handle="pantry-of-holt",
        name="Pantry of Holt",
        market="DEMO",
        account="GB94BARC10201530093459",
        warehouses=(("HOLT", "Holt mill"),),
        rates=(Rate("standard", "2.50", per_kg="0.50", included_grams=2000),),
        products=(
            Product(
                "Single-origin coffee, 1 kg",
                "food/tea-and-coffee",
                "Washed, from Huila. Roasted on the day that it is sent.",
                (Sku("COFFEE-HUILA-1KG", "21.00", 1040, (6000,)),),
                tax=TaxCategory.ZERO,
            ),
            Product(
                "Hand-thrown olive bowl",
                "home/kitchen",
                "A bowl for olives, with a smaller one for the stones.",
                (Sku("BOWL-OLIVE", "16.00", 650, (5000,)),),
            ),
        ),
    ),
)
