"""Texts in Vietnamese and English, one table a room; read through matcher.texts.catalog."""
