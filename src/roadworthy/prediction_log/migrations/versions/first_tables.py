"""The first tables: predictions, and the feedback on them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, Double, Text

revision = "1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and their indexes."""
    time = Text() if op.get_bind().dialect.name == "sqlite" else DateTime(timezone=True)
    op.create_table(
        "predictions",
        Column("id", Text, primary_key=True),
        Column("time", time, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("model", Text, nullable=False),
        Column("version", Text, nullable=False),
        Column("text", Text),
        Column("label", Text, nullable=False),
        Column("confidence", Double),
        Column("familiarity", Double),
        Column("verdict", Text, nullable=False),
        Column("reasons", Text, nullable=False),
        Column("sent", Text),
        Column("latency_ms", Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("predictions_time", "predictions", ["time", "id"])
    op.create_table(
        "feedback",
        Column("id", Text, primary_key=True),
        Column("prediction_id", Text, nullable=False),
        Column("label", Text, nullable=False),
        Column("time", time, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("feedback_prediction", "feedback", ["prediction_id", "time"])


def downgrade() -> None:
    """Drop the tables, and with them the log."""
    op.drop_table("feedback")
    op.drop_table("predictions")
