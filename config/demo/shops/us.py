"""The United States: prices before tax, which depends on the state."""

from config.demo.content import Product, Rate, Shop, Sku

CASCADE = Shop(
    handle="cascade-trail-co",
    name="Cascade Trail Co.",
    market="US",
    account="026009593000123456789",
    warehouses=(("RENO", "Reno fulfilment center"), ("COLUMBUS", "Columbus fulfilment center")),
    rates=(
        Rate("standard", "5.99", per_kg="1.25", included_grams=1000, free_from="99.00"),
        Rate("express", "18.00", per_kg="4.00", included_grams=1000),
    ),
    products=(
        Product(
            "Ultralight two-person tent",
            "outdoor",
            "Ripstop nylon, two vestibules, 1.3 kg on the trail with stakes and guy lines.",
            (Sku("TENT-UL2", "329.00", 1520, (12, 9), {"colour": "slate"}),),
        ),
        Product(
            "Titanium camp mug, 450 ml",
            "outdoor",
            "Single wall, so it can stand in the fire. Folding handles, lid with a strainer.",
            (Sku("MUG-TI-450", "34.95", 90, (150, 120)),),
        ),
        Product(
            "Down sleeping bag, -7 °C",
            "outdoor",
            "850-fill goose down, responsibly sourced. Two-way zip on the left.",
            (
                Sku("BAG-DOWN-REG", "289.00", 1040, (16, 11), {"length": "regular"}),
                Sku("BAG-DOWN-LONG", "304.00", 1130, (10, 8), {"length": "long"}),
            ),
        ),
        Product(
            "Rechargeable headlamp",
            "home/lighting",
            "400 lumens, red light for reading in the tent, USB-C.",
            (Sku("LAMP-HEAD-400", "44.50", 110, (80, 75)),),
        ),
    ),
)

RIVERTOWN = Shop(
    handle="rivertown-records",
    name="Rivertown Records & Books",
    market="US",
    account="021000021000987654321",
    warehouses=(("MEMPHIS", "Memphis store"),),
    rates=(Rate("standard", "4.50", free_from="50.00"),),
    products=(
        Product(
            "Bookshelf speakers, pair",
            "electronics/audio",
            "Five-inch woofer, silk dome tweeter, walnut veneer. Sounds larger than it is.",
            (Sku("SPK-SHELF-WALNUT", "249.00", 7400, (9,), {"finish": "walnut"}),),
        ),
        Product(
            "Field guide to river birds",
            "books",
            "212 species of the Mississippi flyway, painted, with maps. Paperback, 384 pages.",
            (Sku("BOOK-RIVER-BIRDS", "24.99", 540, (60,)),),
        ),
    ),
)

SHOPS = (CASCADE, RIVERTOWN)
