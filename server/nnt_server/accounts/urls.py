"""The addresses of accounts: signing up, logging in and out, one's own, and everybody's."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from nnt_server.accounts import account_views, administration_views, views

urlpatterns = [
    path("", account_views.account, name="account"),
    path("sign-up/", views.sign_up, name="sign_up"),
    path("signed-in/", views.signed_in, name="signed_in"),
    path("log-in/", views.LogIn.as_view(), name="log_in"),
    path("log-out/", LogoutView.as_view(), name="log_out"),
    path("details/", account_views.change_details, name="change_details"),
    path("password/", account_views.change_password, name="change_password"),
    path("delete/", account_views.delete_account, name="delete_account"),
    path("tokens/", account_views.create_token, name="create_token"),
    path("tokens/<uuid:token_id>/revoke/", account_views.revoke_token, name="revoke_token"),
    path("users/", administration_views.users, name="users"),
    path("users/<int:user_id>/delete/", administration_views.delete_user, name="delete_user"),
    path(
        "users/<int:user_id>/<slug:change>/", administration_views.change_user, name="change_user"
    ),
]
