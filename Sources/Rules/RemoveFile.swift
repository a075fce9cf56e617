import Glibc

/// Removes a scratch file; that it is gone already is no failure.
func removeFile(_ path: String) { unlink(path) }

/// Removes a scratch folder that holds files only; that it is gone already is no failure.
func removeFolder(_ path: String) {
  guard let stream = opendir(path) else { return }
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != "." && name != ".." { unlink("\(path)/\(name)") }
  }
  closedir(stream)
  rmdir(path)
}
