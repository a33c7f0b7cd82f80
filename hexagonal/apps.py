from django.apps import AppConfig

from hexagonal.lib.dumps import forbid_core_dumps


class HexagonalConfig(AppConfig):
    name = "hexagonal"

    def ready(self) -> None:
        forbid_core_dumps()
