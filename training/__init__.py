"""Recipe of the built-in face pack: distills a detector and an embedder from the models of ../shared/models."""
