from django.urls import path

from notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.row, name="row"),
    path("key/", views.pairing_key, name="pairing_key"),
    path("unlink/", views.unlink, name="unlink"),
    path("trade-notices/", views.trade_notices, name="trade_notices"),
]
