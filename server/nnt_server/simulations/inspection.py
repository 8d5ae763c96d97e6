"""What every inspection has: how far it is, and what was found."""

from django.db import models


class Inspection(models.Model):
    """How far it is, and what was found. Only the deployer writes this."""

    started_at = models.DateTimeField(null=True)
    report = models.JSONField(null=True)
    problem = models.TextField(db_default="")  # why nobody can train so, in words for its owner
    failed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_under_way(self) -> bool:
        return self.started_at is not None and self.failed_at is None and self.finished_at is None
