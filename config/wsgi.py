"""The WSGI application that gunicorn serves, behind its gate."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# What is imported below needs the apps.
django_application = get_wsgi_application()

from config.traffic import make_gate

application = make_gate(django_application)
