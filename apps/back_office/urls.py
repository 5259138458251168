"""The pages of the back office, under /admin/."""

from django.urls import path

from apps.back_office import acts, corrections, simulator, switches, views

app_name = "back_office"

urlpatterns = [
    path("orders/", views.find_orders, name="orders"),
    path("live/", views.show_live, name="live"),
    path("trial-balance/", views.show_trial_balance, name="trial_balance"),
    path("fee-simulator/", simulator.show_simulator, name="simulator"),
    path("open-shop/", views.make_act_view(acts.OpenShop), name="open_shop"),
    path("set-delivery-rate/", views.make_act_view(acts.SetDeliveryRate), name="set_delivery_rate"),
    path("add-shop-staff/", views.make_act_view(acts.AddShopStaff), name="add_shop_staff"),
    path("create-promotion/", views.make_act_view(acts.CreatePromotion), name="create_promotion"),
    path("refund-orders/", views.make_act_view(acts.RefundOrders), name="refund_orders"),
    path("propose-payouts/", views.make_act_view(acts.ProposePayouts), name="propose_payouts"),
    path("answer-dispute/", views.make_act_view(corrections.AnswerDispute), name="answer_dispute"),
    path("adjust-seller/", views.make_act_view(corrections.AdjustSeller), name="adjust_seller"),
    path("reverse-posting/", views.make_act_view(corrections.ReversePosting), name="reverse_posting"),
    path("adjust-books/", views.make_act_view(corrections.AdjustBooks), name="adjust_books"),
    path("degradation/", views.show_degradation, name="degradation"),
    path("switch-off/", views.make_act_view(switches.SwitchOff), name="switch_off"),
    path("switch-on-again/", views.make_act_view(switches.SwitchOnAgain), name="switch_on_again"),
    path("live-settings/", views.show_live_settings, name="live_settings"),
    path("set-setting/", views.make_act_view(switches.SetSetting), name="set_setting"),
    path("roll-back-setting/", views.make_act_view(switches.RollBackSetting), name="roll_back_setting"),
    path("orders/<id:order_id>/", views.show_order, name="order"),
    path("orders/<id:order_id>/trace/", views.show_trace, name="trace"),
]
