"""Pages of the demo. They are not served in production."""

from django.urls import path

from config.demo.bank import challenge
from config.demo.landing import landing

urlpatterns = [
    path("", landing),
    path("sandbox/3ds/<id:reference>", challenge),
]
