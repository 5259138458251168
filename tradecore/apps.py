from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "tradecore"
    label = "tradecore"
    verbose_name = "Kernel"
