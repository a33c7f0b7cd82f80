"""What signals brought: by public prices, and on the followers' accounts."""

from __future__ import annotations

from rest_framework import serializers

from signals.api.fields import NumberField
from signals.models import Signal
from signals.selectors import RealResult, SignalFigures


class NominalSerializer(serializers.ModelSerializer[Signal]):
    """By public prices, leveraged, on margin, without fees."""

    entered_price = NumberField(read_only=True, allow_null=True)
    outcome_price = NumberField(read_only=True, allow_null=True)
    result_percent = NumberField(read_only=True, allow_null=True)

    class Meta:
        model = Signal
        fields = [
            *("entered_at", "entered_price", "targets_hit", "outcome", "outcome_price"),
            "result_percent",
        ]
        read_only_fields = fields


class RealSerializer(serializers.Serializer[RealResult]):
    """Of the followers' closed trades, net of fees and funding, in percent of their margin."""

    median_percent = NumberField(allow_null=True)
    lowest_percent = NumberField(allow_null=True)
    highest_percent = NumberField(allow_null=True)
    net = NumberField()
    closed = serializers.IntegerField()
    winners = serializers.IntegerField()
    live = serializers.IntegerField()
    skipped = serializers.IntegerField()
    rejected = serializers.IntegerField()
    expired = serializers.IntegerField()


class ResultsSerializer(serializers.Serializer[dict[str, object]]):
    nominal = NominalSerializer()
    real = RealSerializer()


class FiguresSerializer(serializers.Serializer[SignalFigures]):
    """Of completed signals that were entered; percents are nominal."""

    trades = serializers.IntegerField()
    wins = serializers.IntegerField()
    win_rate = NumberField(allow_null=True)
    targets_hit = serializers.IntegerField()
    stops_hit = serializers.IntegerField()
    total_percent = NumberField()
    average_gain = NumberField(allow_null=True)
    average_loss = NumberField(allow_null=True)
