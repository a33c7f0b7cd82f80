from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from accounts import activity  # noqa: PLC0415 - models are up only now
        from notifications.outbox import enqueue  # noqa: PLC0415

        activity.subscribe(enqueue)
