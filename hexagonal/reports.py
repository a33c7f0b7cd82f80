"""Reports of errors, on a debug page or by mail: where it happened, and nothing that it was about.

Local variables hold keys just entered, opened boxes and requests; a report has none, DEBUG or not.
"""

from __future__ import annotations

from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from hexagonal.logs import redact


class WithoutSecrets(SafeExceptionReporterFilter):
    """What was posted, cookies and variables are left out; settings are redacted."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> ItemsView[str, Any]:
        return {}.items()

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request else {}

    def get_safe_cookies(self, request: Any) -> dict[str, Any]:
        return dict.fromkeys(getattr(request, "COOKIES", {}), self.cleansed_substitute)

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return redact(cleansed) if isinstance(cleansed, str) else cleansed


class Report(ExceptionReporter):
    def get_traceback_data(self) -> dict[str, Any]:
        """The texts of errors may repeat what they were given."""
        data = super().get_traceback_data()
        for name in ("exception_value", "exception_notes"):
            if name in data:
                data[name] = redact(data[name])
        for frame in data.get("frames", []):
            if frame.get("exc_cause"):
                frame["exc_cause"] = redact(str(frame["exc_cause"]))
        return data

    def get_traceback_text(self) -> SafeString:
        return SafeString(redact(super().get_traceback_text()))
