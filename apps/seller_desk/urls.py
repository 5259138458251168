"""Routes of the seller desk, below `seller/v1/`. Whatever belongs to a shop lies below the shop."""

from django.urls import include, path

from apps.seller_desk.views import orders, products, promotions, shops, stock

_shop = [
    path("", shops.Shop.as_view()),
    path("/delivery-rates", shops.DeliveryRates.as_view()),
    path("/delivery-rates/<str:option>", shops.DeliveryRate.as_view()),
    path("/products", products.Products.as_view()),
    path("/products/<id:product_id>", products.Product.as_view()),
    path("/products/<id:product_id>/publish", products.ProductPublish.as_view()),
    path("/products/<id:product_id>/deactivate", products.ProductDeactivate.as_view()),
    path("/products/<id:product_id>/skus", products.ProductSkus.as_view()),
    path("/skus/<id:sku_id>", products.Sku.as_view()),
    path("/skus/<id:sku_id>/prices", products.SkuPrices.as_view()),
    path("/skus/<id:sku_id>/stock", stock.SkuStock.as_view()),
    path("/warehouses", stock.Warehouses.as_view()),
    path("/stock", stock.Stock.as_view()),
    path("/stock/adjustments", stock.StockAdjustments.as_view()),
    path("/orders", orders.Orders.as_view()),
    path("/orders/<id:order_id>", orders.Order.as_view()),
    path("/orders/<id:order_id>/cancel", orders.OrderCancel.as_view()),
    path("/orders/<id:order_id>/packages", orders.OrderPackages.as_view()),
    path("/packages/<id:package_id>", orders.Package.as_view()),
    path("/packages/<id:package_id>/tracking", orders.PackageTracking.as_view()),
    path("/promotions", promotions.Promotions.as_view()),
    path("/promotions/<id:promotion_id>", promotions.Promotion.as_view()),
    path("/promotions/<id:promotion_id>/publish", promotions.PromotionPublish.as_view()),
    path("/promotions/<id:promotion_id>/deactivate", promotions.PromotionDeactivate.as_view()),
]

urlpatterns = [
    path("shops", shops.Shops.as_view()),
    path("shops/<id:shop_id>", include(_shop)),
]
