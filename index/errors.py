"""Errors of the enrollment database.

DatabaseError
├── VectorError              a vector is not finite, not of unit length, or of the wrong dimension
├── DuplicateReferenceError  a reference id is in the index already
├── NotFoundError            no such subject, reference or gallery
│   ├── SubjectNotFoundError
│   │   └── SubjectMergedError  it was merged into another one
│   ├── ReferenceNotFoundError
│   ├── GalleryNotFoundError
│   └── ImageNotKeptError
├── AlreadyExistsError       the id or external id is taken
├── GalleryNotEmptyError     subjects are in the gallery that was to be deleted
├── RequestConflictError     a request id came again with other content
├── RevisionConflictError    a record was changed by somebody else meanwhile
├── ReassignmentError        subjects cannot be merged, references not moved, or that not be undone
├── DatabaseLockedError      another process holds the database
├── PageSizeError            a page is to hold fewer than none or more than the most
├── PageTokenError           a page token is not one that this list gave
├── DatabaseFullError        no space is left on the disk, nothing was stored
├── DatabaseWriteError       the disk refused a write, nothing was stored
│   └── StoreMovedError      the store was removed or replaced while it was in use
├── DatabaseDamagedError     the store itself is damaged; restore a backup
├── SchemaError              the database was written by a newer version
├── CacheFileError           an index file is damaged or of another version; rebuild it from the store
├── EncryptionKeyError       a key is missing, wrong or was erased
└── BackupError              a backup is damaged, incomplete, or locked with another key

Messages say what was wrong and what to do, and name no subject and no file path.
"""


class DatabaseError(Exception):
    """Base of every error raised by the index package."""


class VectorError(DatabaseError):
    """A vector is not finite, not of unit length, or of the wrong dimension."""


class DuplicateReferenceError(DatabaseError):
    """A reference id is in the index already."""


class NotFoundError(DatabaseError):
    """What was asked for is not in the database."""


class SubjectNotFoundError(NotFoundError):
    """No such subject."""


class SubjectMergedError(SubjectNotFoundError):
    """The subject was merged. merged_into: id of the subject that has its references now."""

    def __init__(self, message: str, *, merged_into: str = "") -> None:
        super().__init__(message)
        self.merged_into = merged_into


class ReassignmentError(DatabaseError):
    """References cannot go to the other subject, or not come back.

    reason: "same_subject", "sealed", "damaged", "other_subject", "no_references", "unknown", "undone", "moved_on",
    "deleted", "later_merge", "target_merged", "source_merged", "external_id"; the texts of each are in matcher.texts.
    """

    def __init__(self, message: str, *, reason: str = "unknown") -> None:
        super().__init__(message)
        self.reason = reason


class ReferenceNotFoundError(NotFoundError):
    """No such reference."""


class GalleryNotFoundError(NotFoundError):
    """No such gallery."""


class GalleryNotEmptyError(DatabaseError):
    """The gallery has subjects in it and was not to be deleted then."""

    def __init__(self, message: str, *, member_count: int = 0) -> None:
        super().__init__(message)
        self.member_count = member_count


class ImageNotKeptError(NotFoundError):
    """No image of the reference is kept."""


class AlreadyExistsError(DatabaseError):
    """The id or external id is taken."""


class RequestConflictError(DatabaseError):
    """A request id came again with other content."""


class RevisionConflictError(DatabaseError):
    """The record was changed since it was read."""


class DatabaseLockedError(DatabaseError):
    """Another process holds the database."""


class DatabaseFullError(DatabaseError):
    """No space is left on the disk; nothing was stored."""


class PageSizeError(DatabaseError):
    """A page is to hold fewer than none or more than the most."""


class PageTokenError(DatabaseError):
    """A page token is not one that this list gave."""


class DatabaseWriteError(DatabaseError):
    """The disk refused a write (it is read-only, or failed); nothing was stored."""


class StoreMovedError(DatabaseWriteError):
    """The files of the store were removed or replaced while they were in use; nothing more is stored."""


class DatabaseDamagedError(DatabaseError):
    """The store itself is damaged; restore a backup."""


class SchemaError(DatabaseError):
    """The database was written by a newer version of this software."""


class CacheFileError(DatabaseError):
    """An index file is damaged or of another version; rebuild it from the store."""


class EncryptionKeyError(DatabaseError):
    """A key of the encrypted database is missing, is another one, or was erased.

    reason: "missing", "wrong", "form", "rights", "unreadable", "command", "target", "slots", "store", "damaged",
    "erased", "unknown"; the texts of each are with the commands.
    """

    def __init__(self, message: str, *, reason: str = "unreadable") -> None:
        super().__init__(message)
        self.reason = reason


class BackupError(DatabaseError):
    """A backup is damaged, incomplete, of another format, or locked with another key.

    reason: "damaged", "content", "format", "key", "key_missing", "key_other", "key_file" and its
    kinds, "not_sealed", "other_database", "target", "source",
    "scratch", "unreadable", "keys", "keys_other", "keys_older", "keys_there"; the texts of each are with the commands.
    """

    def __init__(self, message: str, *, reason: str = "damaged") -> None:
        super().__init__(message)
        self.reason = reason
