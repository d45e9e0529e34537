"""The audit log: what is recorded (audit_records), where it is kept (audit_file), whether it is whole."""

from __future__ import annotations

from matcher.audit_file import FileAuditLog
from matcher.audit_records import AuditEvent, AuditLog, AuditRecord, AuditVerification
from matcher.audit_verification import verify_audit_log

__all__ = ["AuditEvent", "AuditLog", "AuditRecord", "AuditVerification", "FileAuditLog", "verify_audit_log"]
