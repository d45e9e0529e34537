"""What a client may ask for, each use case on one screen."""
