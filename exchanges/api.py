"""The REST API of a trader's own connections; never a secret, not even a part of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from exchanges.models import Connection, KeyUse
from exchanges.selectors import any_connection_of, connections_of, key_uses_of


class ConnectionSerializer(serializers.ModelSerializer[Connection]):
    """Under quarantine (`is_quarantined`) nothing new is entered; what is open goes on."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    reason_text = serializers.CharField(read_only=True)
    is_quarantined = serializers.BooleanField(read_only=True)

    class Meta:
        model = Connection
        fields = [
            *("id", "exchange", "environment", "name", "key_hint", "status", "reason"),
            *("reason_text", "is_quarantined", "equity", "available", "balance_at"),
            *("key_expires_at", "created_at"),
        ]
        read_only_fields = fields


class KeyUseSerializer(serializers.ModelSerializer[KeyUse]):
    """A use of the key, on record before it began: which process, what for, who caused it.

    What happens again and again stands there once for each hour (checks: six hours).
    """

    purpose_text = serializers.CharField(source="get_purpose_display", read_only=True)
    person = serializers.CharField(source="person.nickname", read_only=True, allow_null=True)

    class Meta:
        model = KeyUse
        fields = ["at", "purpose", "purpose_text", "process", "person", "copy", "symbol"]
        read_only_fields = fields


class ConnectionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Connection]
):
    """A trader's own exchange connections."""

    serializer_class = ConnectionSerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    queryset = Connection.objects.none()

    def get_queryset(self) -> Any:
        user = self.request.user
        return connections_of(user) if user.is_authenticated else Connection.objects.none()

    @extend_schema(responses={200: KeyUseSerializer(many=True)})
    @action(detail=True, url_path="key-uses", serializer_class=KeyUseSerializer)
    def key_uses(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """What the key was used for, the newest first; of a disconnected link as well."""
        link = any_connection_of(request.user, id)  # type: ignore[arg-type]
        uses: Any = key_uses_of(link.user, link)
        page: Any = self.paginate_queryset(uses)
        return self.get_paginated_response(KeyUseSerializer(page, many=True).data)
