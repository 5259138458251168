"""Brazil."""

from config.demo.content import Product, Rate, Shop, Sku

SHOPS = (
    Shop(
        handle="casa-jatoba",
        name="Casa Jatobá",
        market="BR",
        account="BR1800360305000010009795493C1",
        warehouses=(("GUARULHOS", "Centro de distribuição Guarulhos"),),
        rates=(
            Rate("standard", "14.90", per_kg="3.50", included_grams=1000, free_from="199.00"),
            Rate("express", "32.90", per_kg="7.00", included_grams=1000),
        ),
        products=(
            Product(
                "Rede de descanso de algodão",
                "home/textiles",
                "Tecida em tear manual no Ceará, 4,20 m de punho a punho.",
                (
                    Sku("REDE-CRU", "219.90", 1900, (34,), {"cor": "cru"}),
                    Sku("REDE-INDIGO", "229.90", 1900, (21,), {"cor": "índigo"}),
                ),
            ),
            Product(
                "Café especial em grãos, 500 g",
                "food/tea-and-coffee",
                "Catuaí amarelo da Mantiqueira, torra média, notas de melado e laranja.",
                (Sku("CAFE-MANTIQUEIRA-500", "58.00", 520, (160,)),),
            ),
            Product(
                "Filtro de barro, 8 litros",
                "home/kitchen",
                "Duas velas de cerâmica. Água fresca sem tomada.",
                (Sku("FILTRO-BARRO-8", "189.00", 6800, (15,)),),
            ),
        ),
    ),
)
