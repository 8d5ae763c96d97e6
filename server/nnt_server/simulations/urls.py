"""The addresses of simulations."""

from django.urls import path

from nnt_server.simulations import converters, log_views, model_views, views

converters.register()

urlpatterns = [
    path("", views.simulation_list, name="simulation_list"),
    path("new/", views.new_simulation, name="new_simulation"),
    path("models/", model_views.inspect_model, name="inspect_model"),
    path("models/<str:key>/", model_views.inspected_model, name="inspected_model"),
    path("<uuid:sim_id>/", views.simulation, name="simulation"),
    path("<uuid:sim_id>/epoch_values", views.epoch_values, name="epoch_values"),
    path("<uuid:sim_id>/history/", views.history, name="history"),
    path("<uuid:sim_id>/log/", log_views.log, name="log"),
    path("<uuid:sim_id>/log.txt", log_views.whole_log, name="whole_log"),
    path("<uuid:sim_id>/delete/", views.delete_simulation, name="delete_simulation"),
    path("<uuid:sim_id>/<command:command>/", views.command, name="command"),
]
