from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("register/", views.register, name="register"),
    path("login/", views.log_in, name="login"),
    path("logout/", views.log_out, name="logout"),
    path("name/", views.rename, name="rename"),
    path("password/", views.password, name="password"),
    path("preferences/", views.preferences, name="preferences"),
]
