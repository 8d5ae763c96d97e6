"""The address of the machine."""

from django.urls import path

from nnt_server.machine import views

urlpatterns = [path("", views.machine, name="machine")]
