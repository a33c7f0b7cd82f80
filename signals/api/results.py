"""What signals brought: by public prices, and on the followers' accounts."""

from __future__ import annotations

from rest_framework import serializers

from signals.api.fields import NumberField
from signals.models import Signal
from signals.selectors import RealResult, SignalFigures
from signals.timings import NAMES, Bar, Fairness, Span


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


class SpanSerializer(serializers.Serializer[Span]):
    """One stage over a signal's copies, in milliseconds."""

    name = serializers.ChoiceField(choices=NAMES)
    count = serializers.IntegerField()
    p50 = serializers.IntegerField(allow_null=True)
    p90 = serializers.IntegerField(allow_null=True)
    p99 = serializers.IntegerField(allow_null=True)
    max = serializers.IntegerField(source="longest", allow_null=True)


class BarSerializer(serializers.Serializer[Bar]):
    """Copies that were acknowledged `least` to `most` milliseconds after publication."""

    least = serializers.IntegerField()
    most = serializers.IntegerField(allow_null=True)
    count = serializers.IntegerField()


class FairnessSerializer(serializers.Serializer[Fairness]):
    """The mean rank correlation of accounts over the signals that were published last.

    0: the order is drawn anew each time; 1: the same accounts are always first.
    """

    correlation = serializers.FloatField(allow_null=True)
    signals = serializers.IntegerField()
    accounts = serializers.IntegerField()


class LatencySerializer(serializers.Serializer[dict[str, object]]):
    """`late`: acknowledged after the signal's time to live; `expired`: never sent, time was over.

    The first fill is by the exchange's clock, everything else by the platform's database.
    """

    spans = SpanSerializer(source="latency.spans", many=True)
    histogram = BarSerializer(source="latency.bars", many=True)
    sent = serializers.IntegerField(source="latency.sent")
    acknowledged = serializers.IntegerField(source="latency.acknowledged")
    expired = serializers.IntegerField(source="latency.expired")
    late = serializers.IntegerField(source="latency.late")
    fairness = FairnessSerializer()


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
