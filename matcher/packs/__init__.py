"""Model packs: manifests, files, installation, and the one session that runs models."""
