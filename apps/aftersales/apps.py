from django.apps import AppConfig


class AftersalesConfig(AppConfig):
    name = "apps.aftersales"
    label = "aftersales"
