"""Great Britain: two shops, so that one purchase can span both."""

from apps.catalog.api import TaxCategory
from config.demo.content import Product, Rate, Shop, Sku

NORTHGATE = Shop(
    handle="northgate-outfitters",
    name="Northgate Outfitters",
    market="GB",
    account="GB82WEST12345698765432",
    warehouses=(("LEEDS", "Leeds distribution centre"), ("YORK", "Shop in York")),
    rates=(
        Rate("standard", "3.95", free_from="75.00"),
        Rate("express", "7.95", per_kg="1.50", included_grams=2000),
    ),
    products=(
        Product(
            "Waxed cotton field jacket",
            "clothing/outerwear",
            "Six-ounce waxed cotton, tartan lining, two-way zip. Re-wax once a year and it will outlive the dog.",
            (
                Sku("WAX-JACKET-S", "129.00", 1350, (14, 2), {"size": "S"}),
                Sku("WAX-JACKET-M", "129.00", 1400, (22, 3), {"size": "M"}),
                Sku("WAX-JACKET-L", "129.00", 1460, (18, 1), {"size": "L"}),
            ),
        ),
        Product(
            "Lambswool crew-neck jumper",
            "clothing/knitwear",
            "Spun and knitted in the Scottish Borders from two-ply lambswool.",
            (
                Sku("LAMB-CREW-M-MOSS", "64.00", 480, (30, 4), {"size": "M", "colour": "moss"}),
                Sku("LAMB-CREW-L-MOSS", "64.00", 510, (26, 4), {"size": "L", "colour": "moss"}),
                Sku("LAMB-CREW-M-NAVY", "64.00", 480, (28, 2), {"size": "M", "colour": "navy"}),
            ),
        ),
        Product(
            "Merino walking socks, two pairs",
            "clothing/accessories",
            "Cushioned sole, flat toe seam. 68 % merino.",
            (
                Sku("SOCKS-WALK-S", "22.50", 160, (120, 20), {"size": "4-7"}),
                Sku("SOCKS-WALK-L", "22.50", 180, (110, 18), {"size": "8-11"}),
            ),
        ),
        Product(
            "Children's rain boots",
            "clothing/shoes",
            "Natural rubber with a cotton lining. Zero-rated, like all shoes for children.",
            (
                Sku("BOOTS-KIDS-10", "24.00", 900, (40, 6), {"size": "10"}),
                Sku("BOOTS-KIDS-12", "24.00", 980, (35, 5), {"size": "12"}),
            ),
            tax=TaxCategory.ZERO,
        ),
    ),
)

KETTLE = Shop(
    handle="kettle-and-crumb",
    name="Kettle & Crumb",
    market="GB",
    account="GB29NWBK60161331926819",
    warehouses=(("BRISTOL", "Bristol workshop"),),
    rates=(Rate("standard", "2.95", per_kg="0.80", included_grams=1000, free_from="40.00"),),
    products=(
        Product(
            "Stoneware mug, speckled",
            "home/kitchen",
            "Thrown by hand, glazed inside and out, holds 320 ml. Safe for dishwasher and microwave.",
            (
                Sku("MUG-SPECK-OAT", "17.99", 420, (64,), {"glaze": "oat"}),
                Sku("MUG-SPECK-INK", "17.99", 420, (58,), {"glaze": "ink"}),
            ),
        ),
        Product(
            "Breakfast blend loose-leaf tea, 250 g",
            "food/tea-and-coffee",
            "Assam and Kenyan leaf, blended strong enough for milk.",
            (Sku("TEA-BREAKFAST-250", "9.80", 270, (200,)),),
            tax=TaxCategory.ZERO,
        ),
        Product(
            "Beechwood bread board",
            "home/kitchen",
            "One piece of beech with a crumb tray. Oil it now and then.",
            (Sku("BOARD-BEECH", "34.50", 1850, (17,)),),
        ),
        Product(
            "Linen tea towels, set of three",
            "home/textiles",
            "Washed linen that dries glass without a trace of lint.",
            (
                Sku("TOWEL-LINEN-STONE", "26.00", 390, (45,), {"colour": "stone"}),
                Sku("TOWEL-LINEN-SAGE", "26.00", 390, (41,), {"colour": "sage"}),
            ),
        ),
    ),
)

SHOPS = (NORTHGATE, KETTLE)
