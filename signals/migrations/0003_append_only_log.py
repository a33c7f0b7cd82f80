"""Chain the revisions that exist, and let the database refuse every later change of them."""

from datetime import UTC

from django.db import migrations

from signals.domain.chain import START, entry_hash

REFUSE = """
CREATE FUNCTION signals_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the signal log is append-only';
END $$;
CREATE TRIGGER signals_log_append_only BEFORE UPDATE OR DELETE ON signals_signalrevision
    FOR EACH ROW EXECUTE FUNCTION signals_log_is_append_only();
"""
ALLOW = """
DROP TRIGGER signals_log_append_only ON signals_signalrevision;
DROP FUNCTION signals_log_is_append_only();
"""


def chain(apps, schema_editor):
    revisions = apps.get_model("signals", "SignalRevision").objects.select_related("signal")
    before = {}
    for revision in revisions.order_by("signal_id", "number"):
        revision.previous_hash = before.get(revision.signal_id, START)
        revision.hash = entry_hash(
            {
                "signal": str(revision.signal.public_id),
                "number": revision.number,
                "action": revision.action,
                "author": str(revision.author_id or ""),
                "at": revision.at.astimezone(UTC).isoformat(timespec="microseconds"),
                "content": revision.content,
                "previous": revision.previous_hash,
            }
        )
        revision.save(update_fields=["previous_hash", "hash"])
        before[revision.signal_id] = revision.hash


class Migration(migrations.Migration):
    dependencies = [("signals", "0002_engine")]

    operations = [
        migrations.RunPython(chain, migrations.RunPython.noop),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
