"""The store in one SQLite file. Every line of SQL is in this folder."""
