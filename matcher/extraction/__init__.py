"""Sample to template."""
