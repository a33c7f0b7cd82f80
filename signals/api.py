"""The REST API of signals and copies; the same services as behind the pages."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.wording import text_of
from signals import selectors
from signals.choices import SignalSide
from signals.domain.direction import Direction
from signals.domain.draft import MOST_TARGETS, Draft, TargetDraft
from signals.domain.reasons import Reason
from signals.forms.fields import message_of
from signals.models import Copy, Signal, Target
from signals.services import copying, publishing

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key and content give the same signal, however often they are sent.",
)
MOST_KEY = 255
CONFLICT = OpenApiResponse(description="The signal's state does not allow this.")


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


class TargetSerializer(serializers.ModelSerializer[Target]):
    price = NumberField()
    share = NumberField()

    class Meta:
        model = Target
        fields = ["price", "share"]


class SignalSerializer(serializers.ModelSerializer[Signal]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    symbol = serializers.RegexField(r"^[A-Za-z0-9]+$", max_length=30)
    side = serializers.ChoiceField(choices=SignalSide.choices)
    leverage = NumberField()
    entry_low = NumberField()
    entry_high = NumberField()
    stop = NumberField()
    targets = TargetSerializer(many=True, max_length=MOST_TARGETS)  # type: ignore[call-arg]
    result_percent = NumberField(read_only=True, allow_null=True)

    class Meta:
        model = Signal
        fields = [
            *("id", "symbol", "side", "leverage", "entry_low", "entry_high", "stop", "targets"),
            *("note", "status", "revision", "published_at", "closed_at", "outcome"),
            "result_percent",
        ]
        read_only_fields = ["status", "revision", "published_at", "closed_at", "outcome"]

    def draft(self) -> Draft:
        data = self.validated_data
        return Draft(
            symbol=data["symbol"].upper(),
            direction=Direction(data["side"]),
            leverage=data["leverage"],
            entry_low=data["entry_low"],
            entry_high=data["entry_high"],
            stop=data["stop"],
            targets=tuple(TargetDraft(t["price"], t["share"]) for t in data["targets"]),
            note=data.get("note", ""),
        )


class AmendSerializer(SignalSerializer):
    """What may change once a signal is published; absent fields stay."""

    class Meta(SignalSerializer.Meta):
        fields = ["entry_low", "entry_high", "stop", "targets", "note"]
        read_only_fields: list[str] = []

    def changed(self, signal: Signal) -> Draft:
        data = dict(self.validated_data)
        if "targets" in data:
            data["targets"] = tuple(TargetDraft(t["price"], t["share"]) for t in data["targets"])
        return dataclasses.replace(selectors.draft_of(signal), **data)


class CopySerializer(serializers.ModelSerializer[Copy]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    signal = serializers.UUIDField(source="signal.public_id", read_only=True)
    connection = serializers.UUIDField(source="connection.public_id", read_only=True)
    reason_text = serializers.SerializerMethodField()
    quantity = NumberField(read_only=True, allow_null=True)
    entered_quantity = NumberField(read_only=True)
    entry_average = NumberField(read_only=True, allow_null=True)
    exited_quantity = NumberField(read_only=True)
    exit_average = NumberField(read_only=True, allow_null=True)
    fees = NumberField(read_only=True)
    pnl = NumberField(read_only=True)

    class Meta:
        model = Copy
        fields = [
            *("id", "signal", "connection", "symbol", "status", "reason", "reason_text"),
            *("quantity", "entered_quantity", "entry_average", "exited_quantity"),
            *("exit_average", "fees", "pnl", "created_at", "filled_at", "ended_at"),
        ]
        read_only_fields = fields

    def get_reason_text(self, copy: Copy) -> str:
        return text_of(copy.reason) if copy.reason else ""


def refuse(refusal: publishing.SignalRefused) -> ValidationError:
    """Every finding under its field, in the caller's language."""
    errors: dict[str, list[str]] = {}
    for finding in refusal.findings:
        errors.setdefault(finding.field, []).append(message_of(finding))
    return ValidationError(errors)


class SignalViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Signal]
):
    """Signals, for their authors."""

    permission_classes = [MayPublish]
    serializer_class = SignalSerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    queryset = Signal.objects.all()

    def get_queryset(self) -> Any:
        return selectors.signals_for_author()

    @extend_schema(
        parameters=[KEY_HEADER],
        responses={201: SignalSerializer, 409: CONFLICT},
    )
    def create(self, request: Request) -> Response:
        """Store a draft."""
        serializer = SignalSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > MOST_KEY or not key.isprintable():
            raise ValidationError({"Idempotency-Key": [_("At most 255 printable characters.")]})
        try:
            signal = publishing.create_signal(
                request.user,  # type: ignore[arg-type]
                serializer.draft(),
                now=timezone.now(),
                idempotency_key=key,
            )
        except publishing.SignalRefused as refusal:
            raise refuse(refusal) from None
        except publishing.IdempotencyConflict:
            raise Conflict(_("This key was used for another signal.")) from None
        return Response(SignalSerializer(signal).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=AmendSerializer, responses={200: SignalSerializer, 409: CONFLICT})
    def partial_update(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Amend a published signal; live copies follow."""
        signal = selectors.signal_by_id(id)
        serializer = AmendSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        draft = serializer.changed(signal)
        return self._step(
            lambda: publishing.amend(
                signal,
                draft,
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
        )

    @extend_schema(request=None, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Open a draft to every linked account; publishing twice changes nothing."""
        return self._move(request, id, publishing.publish)

    @extend_schema(request=None, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def cancel_entries(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Withdraw entries that are not filled."""
        return self._move(request, id, publishing.cancel_entries)

    @extend_schema(request=None, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Withdraw entries and close every position at the market."""
        return self._move(request, id, publishing.close)

    def _move(self, request: Request, public_id: UUID, step: Any) -> Response:
        signal = selectors.signal_by_id(public_id)
        return self._step(lambda: step(signal, actor=request.user, now=timezone.now()))

    def _step(self, step: Any) -> Response:
        try:
            signal = step()
        except publishing.SignalRefused as refusal:
            raise refuse(refusal) from None
        except publishing.NotPossible as refusal:
            raise Conflict(text_of(refusal.code)) from None
        signal = selectors.signal_by_id(signal.public_id)
        return Response(SignalSerializer(signal).data)


class CopyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Copy]):
    """A trader's own copies."""

    serializer_class = CopySerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    queryset = Copy.objects.none()

    def get_queryset(self) -> Any:
        user = self.request.user
        return selectors.copies_of(user) if user.is_authenticated else Copy.objects.none()

    @extend_schema(request=None, responses={200: CopySerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Withdraw the entry and close the position at the market."""
        copy = selectors.copy_of(request.user, id)  # type: ignore[arg-type]
        copying.close_copy(copy, reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
        copy.refresh_from_db()
        return Response(CopySerializer(copy).data)
