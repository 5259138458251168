"""Catalog: the products of the shops, their SKUs, what each costs in which market since when, and the category tree.

Owns categories, products, SKUs and the history of their prices.
Promises that a price, once it is written, is what that moment costs for ever; that offers are read in one statement,
however many there are and however long their history; and that a SKU's code means one SKU of its shop for ever.
Refuses to know shops and markets (ids and codes here), stock, and whether something can be bought.
"""
