"""The tree of categories: path -> name, every category after its parent."""

CATEGORIES = {
    "clothing": "Clothing",
    "clothing/outerwear": "Outerwear",
    "clothing/knitwear": "Knitwear",
    "clothing/shoes": "Shoes",
    "clothing/accessories": "Accessories",
    "home": "Home",
    "home/kitchen": "Kitchen",
    "home/textiles": "Textiles",
    "home/lighting": "Lighting",
    "food": "Food and drink",
    "food/tea-and-coffee": "Tea and coffee",
    "food/pantry": "Pantry",
    "books": "Books",
    "stationery": "Stationery",
    "electronics": "Electronics",
    "electronics/audio": "Audio",
    "outdoor": "Outdoor",
    "beauty": "Beauty",
}
