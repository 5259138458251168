"""The pages of the back office, under /admin/."""

from django.urls import path

from apps.back_office import views

app_name = "back_office"

urlpatterns = [
    path("orders/", views.find_orders, name="orders"),
    path("orders/<id:order_id>/", views.show_order, name="order"),
]
