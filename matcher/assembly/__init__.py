"""The core put together, without any protocol: packs to engines, settings to use cases."""
