"""What can be computed without a run: disruption, evenness, availability."""
from poise._poise import Service, disruption, overprovision, published_sizes

__all__ = ["Service", "disruption", "overprovision", "published_sizes"]
