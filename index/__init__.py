"""The enrollment database: what is kept. Knows templates and vectors, never images, models or scores."""
