"""Poise: one load-balancer core, failing over in ns-3, repeatable bit for bit."""
