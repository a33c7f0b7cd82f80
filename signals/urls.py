from django.urls import path

from signals import views

app_name = "signals"
urlpatterns = [
    path("signals/", views.signal_list, name="list"),
    path("signals/new/", views.new, name="new"),
    path("signals/preview/", views.preview, name="preview"),
    path("signals/<uuid:public_id>/", views.detail, name="detail"),
    path("signals/<uuid:public_id>/copies/", views.copies, name="copies"),
    path("signals/<uuid:public_id>/amend/", views.amend, name="amend"),
    path("signals/<uuid:public_id>/publish/", views.publish, name="publish"),
    path("signals/<uuid:public_id>/cancel/", views.cancel_entries, name="cancel_entries"),
    path("signals/<uuid:public_id>/close/", views.close, name="close"),
    path("trades/", views.mine, name="mine"),
    path("trades/<uuid:public_id>/close/", views.close_copy, name="close_copy"),
    path("connections/<uuid:public_id>/sizing/", views.sizing, name="sizing"),
]
