"""Bytes that survive a crash: atomic files, the cache file format, writes that share one sync."""
