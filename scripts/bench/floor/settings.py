"""The product's production settings, and nothing of the product: no middleware, one route.

Transactions are the view's own: the session is without autocommit, as that of the SQL floor.
"""

from config import settings as _product
from config.settings import *

ROOT_URLCONF = "bench.floor.urls"
MIDDLEWARE = []
DATABASES = {"default": {**_product.DATABASES["default"], "AUTOCOMMIT": False}}
