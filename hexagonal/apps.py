from django.apps import AppConfig


class HexagonalConfig(AppConfig):
    name = "hexagonal"
