"""Bytes that are on the disk when the call returns, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reportgen.errors import ArchiveError

READ_ONLY = 0o444
_FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync alone leaves bytes in the drive's cache
_HINTS = {
    errno.ENOSPC: "Make space on its disk, then run the command again.",
    errno.EDQUOT: "Make space within the quota, then run the command again.",
    errno.EROFS: "The file system is mounted read-only.",
    errno.EACCES: "Check its owner and permissions.",
    errno.EPERM: "Check its owner and permissions.",
}


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn what the machine refuses into an ArchiveError that names the file."""
    try:
        yield
    except OSError as error:
        said = error.strerror or str(error)
        named = path if error.filename is None else error.filename
        raise ArchiveError(f"{named}: {said}", hint=_HINTS.get(error.errno or 0)) from error


def write_file(path: Path, content: bytes, staging: Path, *, mode: int = READ_ONLY) -> None:
    """Write a file by way of a staging folder of the same file system; a reader sees all of it or none."""
    with reported(path):
        descriptor, temporary = tempfile.mkstemp(dir=staging)
        try:
            try:
                write_all(descriptor, content)
                os.fchmod(descriptor, mode)
                sync(descriptor)
            finally:
                os.close(descriptor)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
        sync_folder(path.parent)


def append(path: Path, content: bytes, size: int) -> None:
    """Add bytes to a file of a known size; if that fails, the file is cut back to it.

    A process that dies halfway leaves a torn end, which the next writer recovers.
    """
    with reported(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            if os.fstat(descriptor).st_size != size:  # what failed before could not be cut off again
                raise ArchiveError(f"{path}: ends in a torn line, which the next command puts in order")
            try:
                write_all(descriptor, content)
                sync(descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                    sync(descriptor)
                raise
        finally:
            os.close(descriptor)


def cut(path: Path, size: int) -> None:
    """Shorten a file to a size."""
    with reported(path):
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, size)
            sync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, if it is not there, in such a way that it is still there after a power cut."""
    with reported(path):
        try:
            path.mkdir()
        except FileExistsError:
            return
        sync_folder(path.parent)


def sync(descriptor: int) -> None:
    """Wait until a file's bytes are on the disk."""
    if _FULL_SYNC is not None:
        with contextlib.suppress(OSError):  # a network share may not know it
            fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until a folder's names are on the disk; some network shares cannot, and need not, be asked."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all bytes, however often the system must be asked."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
