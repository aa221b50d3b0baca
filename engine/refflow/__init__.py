"""refflow runs a job seeker's referral outreach from an append-only log of events."""

__version__ = "0.1.0"
