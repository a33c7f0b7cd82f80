"""What the parts of this API share: numbers as strings, refusals as errors."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from signals import selectors
from signals.domain.linting import Finding
from signals.forms.fields import message_of
from signals.services import publishing

CONFLICT = OpenApiResponse(description="The state does not allow this.")


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class MayPublish(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return selectors.may_publish(request.user)


@extend_schema_field({"type": "string", "pattern": r"^-?\d{1,18}(\.\d{1,12})?$"})
class NumberField(serializers.DecimalField):
    """A decimal string, never a JSON float; twelve places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=30, decimal_places=12, normalize_output=True, **kwargs)

    def to_representation(self, value: Any) -> Any:
        shown = super().to_representation(value)
        return format(shown, "f") if hasattr(shown, "is_finite") else shown


def optional_number(**kwargs: Any) -> NumberField:
    return NumberField(required=False, allow_null=True, default=None, **kwargs)


class FindingSerializer(serializers.Serializer[Finding]):
    """A warning: publish with its `code` in `accepted` to say yes to it."""

    code = serializers.CharField(source="problem.value")
    field = serializers.CharField()
    message = serializers.SerializerMethodField()

    def get_message(self, finding: Finding) -> str:
        return message_of(finding)


def refuse(refusal: publishing.SignalRefused) -> APIException:
    """Every finding under its field, in the caller's language; warnings are a conflict."""
    if isinstance(refusal, publishing.WarningsOpen):
        found: Any = refusal.findings
        return Conflict({"warnings": FindingSerializer(found, many=True).data})
    errors: dict[str, list[str]] = {}
    for finding in refusal.findings:
        errors.setdefault(finding.field, []).append(message_of(finding))
    return ValidationError(errors)
