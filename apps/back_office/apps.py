from django.apps import AppConfig


class BackOfficeConfig(AppConfig):
    name = "apps.back_office"
    label = "back_office"
    verbose_name = "Back office"
