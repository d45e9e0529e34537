"""Bytes from outside: pictures, WSQ, ISO/IEC 19794-2 records."""
