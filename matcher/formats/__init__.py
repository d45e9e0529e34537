"""Bytes from outside: pictures and interchange records, read without trusting them."""
