"""The composition root: settings, urls, Celery and subscriptions. May import everybody; nobody imports it."""
