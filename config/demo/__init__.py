"""The demo marketplace: what `make run` serves.

Owns its content, which is plain data in modules (`shops`, `promotions`, `people`), and the builders that bring it in.
Promises that building again changes nothing: everything is found again by the name that people know it by (handle of a
shop, title of a product, SKU code, e-mail address, coupon code).
Refuses to touch a table: all of it goes through the public doors, as the work of a person would.
"""
