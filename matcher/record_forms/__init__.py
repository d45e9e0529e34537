"""The fields of a subject's record and the paper forms that they come from, declared in a data file."""
