"""The front page of the admin is the dashboard."""

from django.contrib import admin

admin.site.index_template = "back_office/dashboard.html"
