import Glibc

/// Removes a scratch file; that it is gone already is no failure.
func removeFile(_ path: String) { unlink(path) }
