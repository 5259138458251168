"""Routes of the storefront, below `store/v1/`."""

from django.urls import path

from apps.storefront.views import accounts, addresses, browsing, buying, orders

urlpatterns = [
    path("accounts", accounts.Accounts.as_view()),
    path("sessions", accounts.Sessions.as_view()),
    path("sessions/refresh", accounts.SessionRefresh.as_view()),
    path("password-resets", accounts.PasswordResets.as_view()),
    path("password-resets/confirm", accounts.PasswordResetConfirm.as_view()),
    path("guests", accounts.Guests.as_view()),
    path("me", accounts.Me.as_view()),
    path("addresses", addresses.Addresses.as_view()),
    path("addresses/<id:address_id>", addresses.Address.as_view()),
    path("markets", browsing.Markets.as_view()),
    path("categories", browsing.Categories.as_view()),
    path("shops/<id:shop_id>", browsing.ShopPage.as_view()),
    path("products", browsing.Products.as_view()),
    path("products/<id:product_id>", browsing.Product.as_view()),
    path("skus/<id:sku_id>", browsing.Sku.as_view()),
    path("quotes", buying.Quotes.as_view()),
    path("purchases", buying.Purchases.as_view()),
    path("purchases/<id:purchase_id>", buying.Purchase.as_view()),
    path("purchases/<id:purchase_id>/payments", buying.PurchasePayments.as_view()),
    path("purchases/<id:purchase_id>/cancel", buying.PurchaseCancel.as_view()),
    path("orders", orders.Orders.as_view()),
    path("orders/<id:order_id>", orders.Order.as_view()),
    path("orders/<id:order_id>/cancel", orders.OrderCancel.as_view()),
    path("orders/<id:order_id>/confirm-receipt", orders.OrderConfirmReceipt.as_view()),
    path("guest-orders", orders.GuestOrders.as_view()),
]
