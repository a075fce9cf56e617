import Formats
import Glibc
import GraphCore

/// A blob as a collection or a check sees it: its row without the content.
struct BlobRow: Sendable {
  var digest: Digest
  var encoding: BlobEncoding
  /// On the disk.
  var storedBytes: Int64
  /// What a delta stands on.
  var base: Digest?
  /// The collection that condemned it.
  var condemned: Int64?
}

extension Store {
  /// Every blob that has a row, in the order of their rows.
  func blobRows() throws -> [BlobRow] {
    guard let content else { return [] }
    let rows = try content.read { connection in
      try connection.use(
        """
        SELECT blobs.digest, blobs.size, blobs.encoding, length(blobs.data), large.stored, bases.digest, bases.size,
          condemned.collection
        FROM blobs LEFT JOIN large USING(digest) LEFT JOIN condemned USING(digest)
          LEFT JOIN blobs AS bases ON bases.digest = large.base
        ORDER BY blobs.rowid
        """
      ) { statement in
        var rows: [(row: BlobRow, isKnown: Bool)] = []
        while try statement.step() {
          // What cannot be read leads nowhere, and is not counted.
          guard let digest = statement.digest(0, size: 1),
            let encoding = BlobEncoding(rawValue: statement.integer(2))
          else { continue }
          let row = BlobRow(
            digest: digest, encoding: encoding, storedBytes: statement.integer(encoding.isFile ? 4 : 3),
            base: statement.digest(5, size: 6), condemned: statement.isNull(7) ? nil : statement.integer(7))
          rows.append((row, !encoding.isFile || !statement.isNull(4)))
        }
        return rows
      }
    }
    return rows.map { row, isKnown in
      // A file of an older version: its size is known by the file alone.
      if isKnown { return row }
      var row = row
      row.storedBytes = FileSystem.status(filePath(row.digest, row.encoding)).map { Int64($0.st_size) } ?? 0
      return row
    }
  }
}
