"""The gRPC edge: proto to domain and back, no logic."""
