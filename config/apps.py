"""The composition root as Django starts it: after every app, before any request."""

from django.apps import AppConfig
from django.core import checks


class CompositionConfig(AppConfig):
    name = "config"
    label = "composition"

    def ready(self) -> None:
        # The apps' models can be imported from here on, and no earlier.
        from config.checks import check_production_settings
        from config.extensions import install_extensions
        from config.traffic import install_limits

        install_extensions()
        install_limits()
        checks.register(check_production_settings, checks.Tags.security, deploy=True)
