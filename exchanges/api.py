"""The REST API of a trader's own connections; never a secret, not even a part of one."""

from __future__ import annotations

from typing import Any

from rest_framework import mixins, serializers, viewsets

from exchanges.models import Connection
from exchanges.selectors import connections_of


class ConnectionSerializer(serializers.ModelSerializer[Connection]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    reason_text = serializers.CharField(source="get_reason_display", read_only=True)

    class Meta:
        model = Connection
        fields = [
            *("id", "exchange", "environment", "name", "key_hint", "status", "reason"),
            *("reason_text", "equity", "available", "balance_at", "key_expires_at", "created_at"),
        ]
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
