"""The addresses of simulations."""

from django.urls import path

from nnt_server.simulations import views

urlpatterns = [
    path("", views.simulation_list, name="simulation_list"),
    path("new/", views.new_simulation, name="new_simulation"),
    path("<uuid:sim_id>/", views.simulation, name="simulation"),
    path("<uuid:sim_id>/epoch_values", views.epoch_values, name="epoch_values"),
    path("<uuid:sim_id>/delete/", views.delete_simulation, name="delete_simulation"),
]
