from django.apps import AppConfig


class SellerDeskConfig(AppConfig):
    name = "apps.seller_desk"
    label = "seller_desk"
    verbose_name = "Seller desk"
