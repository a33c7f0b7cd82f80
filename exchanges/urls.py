from django.urls import path

from exchanges import views

app_name = "exchanges"
urlpatterns = [
    path("connect/", views.connect, name="connect"),
    path("connect/pair/", views.connect_by_pair, name="connect_by_pair"),
    path("uses/", views.key_uses, name="key_uses"),
    path("<uuid:public_id>/", views.row, name="row"),
    path("<uuid:public_id>/uses/", views.key_uses, name="key_uses"),
    path("<uuid:public_id>/verification/", views.verification, name="verification"),
    path("<uuid:public_id>/key/", views.replace_key, name="replace_key"),
    path("<uuid:public_id>/pair/", views.key_pair, name="key_pair"),
    path("<uuid:public_id>/pair/new/", views.renew_pair, name="renew_pair"),
    path("<uuid:public_id>/check/", views.check_again, name="check_again"),
    path("<uuid:public_id>/disconnect/", views.disconnect, name="disconnect"),
]
