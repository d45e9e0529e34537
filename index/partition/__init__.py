"""What is searched, one pack at a time: vectors, filter columns, their cache files."""
