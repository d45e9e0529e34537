"""Speed, always as a ratio to a fixed piece of work measured in the same run."""
