"""France."""

from apps.catalog.api import TaxCategory
from config.demo.content import Product, Rate, Shop, Sku

SHOPS = (
    Shop(
        handle="maison-verdier",
        name="Maison Verdier",
        market="FR",
        account="FR1420041010050500013M02606",
        warehouses=(("LYON", "Entrepôt de Lyon"), ("PARIS", "Boutique rue de Charonne")),
        rates=(
            Rate("standard", "4.90", per_kg="1.10", included_grams=2000, free_from="60.00"),
            Rate("express", "9.90", per_kg="2.20", included_grams=2000),
        ),
        products=(
            Product(
                "Cocotte en fonte émaillée, 24 cm",
                "home/kitchen",
                "Fonte émaillée, 4 litres, tous feux dont induction.",
                (
                    Sku("COCOTTE-24-BLEU", "189.00", 4650, (15, 2), {"couleur": "bleu"}),
                    Sku("COCOTTE-24-OCRE", "189.00", 4650, (12, 2), {"couleur": "ocre"}),
                ),
            ),
            Product(
                "Nappe en lin lavé, 170 × 250 cm",
                "home/textiles",
                "Lin des Flandres, lavé, ourlets cousus main.",
                (Sku("NAPPE-LIN-250", "84.00", 980, (26, 3)),),
            ),
            Product(
                "Miel de lavande, 500 g",
                "food/pantry",
                "Récolté sur le plateau de Valensole. Taux réduit.",
                (Sku("MIEL-LAVANDE-500", "11.90", 760, (140, 24)),),
                tax=TaxCategory.REDUCED,
            ),
            Product(
                "Savon de Marseille, 300 g",
                "beauty",
                "72 % d'huile d'olive, cuit au chaudron, sans parfum.",
                (Sku("SAVON-300", "4.20", 305, (400, 60)),),
            ),
        ),
    ),
)
