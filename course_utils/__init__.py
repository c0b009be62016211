"""What lessons import stands at this front door; docs/architecture.md is the map of the rest."""
