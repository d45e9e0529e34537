"""Picture files of every kind, written here, and whether the decoder gives the true picture or refuses by name."""
