"""The pages of the back office, under /admin/."""

from django.urls import path

from apps.back_office import acts, simulator, views

app_name = "back_office"

urlpatterns = [
    path("orders/", views.find_orders, name="orders"),
    path("trial-balance/", views.show_trial_balance, name="trial_balance"),
    path("fee-simulator/", simulator.show_simulator, name="simulator"),
    path("open-shop/", views.make_act_view(acts.OpenShop), name="open_shop"),
    path("set-delivery-rate/", views.make_act_view(acts.SetDeliveryRate), name="set_delivery_rate"),
    path("add-shop-staff/", views.make_act_view(acts.AddShopStaff), name="add_shop_staff"),
    path("create-promotion/", views.make_act_view(acts.CreatePromotion), name="create_promotion"),
    path("refund-orders/", views.make_act_view(acts.RefundOrders), name="refund_orders"),
    path("propose-payouts/", views.make_act_view(acts.ProposePayouts), name="propose_payouts"),
    path("orders/<id:order_id>/", views.show_order, name="order"),
]
